import type { AppContext } from './app-environment.ts';

/** The header in which Cloudflare gives a client's address. A client cannot set it there. */
const ADDRESS_HEADER = 'CF-Connecting-IP';

/**
 * What requests of one client have in common, for limits: its IPv4 address, or the first 64 bits of its IPv6 address, which one client
 * has to itself. The same text for all clients where no address is known, as on a local hub.
 */
export function clientAddress(c: AppContext): string {
  return networkOf(c.req.header(ADDRESS_HEADER) ?? '');
}

/** An IPv6 address cut to its first four groups, as `2001:db8:0:1::/64`; any other text as it is. */
export function networkOf(address: string): string {
  const text = address.toLowerCase();
  if (!text.includes(':')) return text;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(text)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = '', tail] = text.split('::');
  const before = groupsOf(head);
  const after = groupsOf(tail ?? '');
  const zeros = tail === undefined ? [] : Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0');
  const groups = [...before, ...zeros, ...after].slice(0, 4).map((group) => group.replace(/^0+(?=.)/, ''));
  return `${groups.join(':')}::/64`;
}

function groupsOf(text: string): string[] {
  return text === '' ? [] : text.split(':');
}
