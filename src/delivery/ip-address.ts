/**
 * Literal addresses in the form that `new URL` gives to a host: IPv4 as four decimal numbers, IPv6 in brackets. Pure;
 * no name is resolved.
 */

type Range = readonly [first: string, prefixLength: number];

/** What is not public unicast in IPv4: the IANA special-purpose registry, multicast and the reserved class E. */
const CLOSED_IPV4: readonly Range[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];

/** Global unicast in IPv6 is 2000::/3. Everything outside is closed, and so are these parts. */
const GLOBAL_UNICAST: Range = ['2000::', 3];
const CLOSED_IPV6: readonly Range[] = [
  ['2001::', 23], // protocol assignments: Teredo, benchmarking, ORCHID
  ['2001:db8::', 32],
  ['2002::', 16], // 6to4: an IPv4 address inside
  ['3fff::', 20],
];

/** The 32 bits of a dotted IPv4 address; null for any other host. */
export function parseIpv4(host: string): number | null {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(host);
  if (match === null) return null;
  const parts = match.slice(1).map(Number);
  return parts.some((part) => part > 255) ? null : parts.reduce((bits, part) => bits * 256 + part, 0);
}

/** The 128 bits of a bracketed IPv6 address; null for any other host. */
export function parseIpv6(host: string): bigint | null {
  if (!host.startsWith('[') || !host.endsWith(']')) return null;
  return ipv6Bits(host.slice(1, -1));
}

function ipv6Bits(text: string): bigint | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const [left = '', right] = halves;
  const before = left === '' ? [] : left.split(':');
  const after = right === undefined || right === '' ? [] : right.split(':');
  const missing = 8 - before.length - after.length;
  if (right === undefined ? missing !== 0 : missing < 1) return null;
  const groups = [...before, ...Array<string>(right === undefined ? 0 : missing).fill('0'), ...after];
  if (groups.some((group) => !/^[0-9a-f]{1,4}$/i.test(group))) return null;
  return groups.reduce((bits, group) => (bits << 16n) | BigInt(`0x${group}`), 0n);
}

/** Whether a webhook may go to the IPv4 address: public unicast only. */
export function isPublicIpv4(bits: number): boolean {
  return !CLOSED_IPV4.some(([first, length]) => {
    const size = 2 ** (32 - length);
    return Math.floor(bits / size) === Math.floor((parseIpv4(first) ?? 0) / size);
  });
}

/** Whether a webhook may go to the IPv6 address: global unicast without an embedded IPv4 address. */
export function isPublicIpv6(bits: bigint): boolean {
  if (!isInIpv6Range(bits, GLOBAL_UNICAST)) return false;
  if (CLOSED_IPV6.some((range) => isInIpv6Range(bits, range))) return false;
  return !isIsatap(bits);
}

/** Whether a URL's host is 127.0.0.0/8 or ::1. */
export function isLoopbackAddress(host: string): boolean {
  const ipv4 = parseIpv4(host);
  return ipv4 === null ? parseIpv6(host) === 1n : Math.floor(ipv4 / 2 ** 24) === 127;
}

function isInIpv6Range(bits: bigint, [first, length]: Range): boolean {
  const shift = BigInt(128 - length);
  return bits >> shift === (ipv6Bits(first) ?? 0n) >> shift;
}

/** ISATAP (RFC 5214): an interface identifier of `5efe` and an IPv4 address, under any prefix. */
function isIsatap(bits: bigint): boolean {
  const marker = (bits >> 32n) & 0xffffffffn;
  return marker === 0x00005efen || marker === 0x02005efen;
}
