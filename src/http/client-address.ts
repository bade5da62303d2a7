import type { AppContext } from './app-environment.ts';

/** The header in which Cloudflare gives a client's address. A client cannot set it there. */
const ADDRESS_HEADER = 'CF-Connecting-IP';

/**
 * The key of a client for limits: its IPv4 address, or the first 64 bits of its IPv6 address, because a client controls
 * the others. One key for all clients when the address is unknown, as on a local hub.
 */
export function clientAddress(c: AppContext): string {
  return networkOf(c.req.header(ADDRESS_HEADER) ?? '');
}

/** The address of a client as Cloudflare gives it; null when it is unknown, as on a local hub. */
export function connectingAddress(c: AppContext): string | null {
  return c.req.header(ADDRESS_HEADER) ?? null;
}

/** An IPv6 address cut to its first four groups, such as `2001:db8:0:1::/64`. Any other text is unchanged. */
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
