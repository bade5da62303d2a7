import { isLoopbackAddress, isPublicIpv4, isPublicIpv6, parseIpv4, parseIpv6 } from './ip-address.ts';

export type GuardOptions = {
  /** For development only: allows http and https to loopback hosts. */
  allowInsecureLoopback: boolean;
  /** Origins of the hub itself. Empty or invalid ones are ignored. */
  ownOrigins: readonly string[];
};

export type GuardedUrl = { ok: true; url: URL } | { ok: false; reason: string };

/** Longest URL of a webhook in characters (UMI documentation, 1.1). */
export const MAX_WEBHOOK_URL_LENGTH = 2048;

/** Names that no public resolver has (RFC 6761, 6762, 7686, 8375, 9476, and what ICANN has reserved), with all below them. */
const CLOSED_NAMES = [
  'localhost',
  'localdomain',
  'internal',
  'local',
  'test',
  'invalid',
  'onion',
  'alt',
  'lan',
  'home',
  'home.arpa',
  'corp',
  'mail',
  'intranet',
  'private',
];

/**
 * Decides whether the hub may send a webhook to a URL. One rule for registration, test and delivery. It checks what
 * `new URL` made of the text, so the notation of an address does not matter; names are not resolved. The reason of a
 * refusal completes the sentence "The URL …" and may be shown to the user who configured the URL.
 */
export function guardWebhookUrl(text: string, options: GuardOptions): GuardedUrl {
  if (text.length > MAX_WEBHOOK_URL_LENGTH)
    return refused(`must not be longer than ${MAX_WEBHOOK_URL_LENGTH} characters`);
  const url = parseUrl(text);
  if (url === null) return refused('is not valid');
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return refused('must use https');
  if (url.username !== '' || url.password !== '') return refused('must not contain credentials');
  const host = hostName(url);
  if (host === '') return refused('must name a host');
  if (isOwnOrigin(url, options.ownOrigins)) return refused('must not point to this service');
  if (isLowPort(url)) return refused('must not use a port below 1024 other than 443');
  if (options.allowInsecureLoopback && isLoopbackHost(host)) return { ok: true, url };
  if (url.protocol !== 'https:') return refused('must use https');
  if (isClosedAddress(host)) return refused('must not point to a private or reserved address');
  if (isClosedName(host)) return refused('must not point to a local host name');
  return { ok: true, url };
}

function refused(reason: string): GuardedUrl {
  return { ok: false, reason };
}

function parseUrl(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}

/** The normalized host, without the dots that end an absolute name. */
function hostName(url: URL): string {
  return url.hostname.toLowerCase().replace(/\.+$/, '');
}

function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || isLoopbackAddress(host);
}

function isClosedAddress(host: string): boolean {
  const ipv4 = parseIpv4(host);
  if (ipv4 !== null) return !isPublicIpv4(ipv4);
  if (!host.startsWith('[')) return false;
  const ipv6 = parseIpv6(host);
  return ipv6 === null || !isPublicIpv6(ipv6);
}

/** `port` is empty for the scheme's own. Below 1024 listen services that speak no HTTP and may take a body for commands. */
function isLowPort({ port }: URL): boolean {
  return port !== '' && port !== '443' && Number(port) < 1024;
}

/** A single label is resolved by search lists of the machine, if at all. */
function isClosedName(host: string): boolean {
  if (!host.includes('.') && !host.startsWith('[')) return true;
  return CLOSED_NAMES.some((name) => host === name || host.endsWith(`.${name}`));
}

function isOwnOrigin(url: URL, ownOrigins: readonly string[]): boolean {
  const key = originKey(url);
  return ownOrigins.some((origin) => {
    const own = parseUrl(origin);
    return own !== null && originKey(own) === key;
  });
}

/** Scheme, host and port. All loopback hosts count as one, since each reaches the same hub. */
function originKey(url: URL): string {
  const host = hostName(url);
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  return `${url.protocol}//${isLoopbackHost(host) ? 'loopback' : host}:${port}`;
}
