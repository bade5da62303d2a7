const LEGACY_ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

/**
 * The deprecated 48-character string of old clients. It is derived from the id, so it never changes; clients must not
 * interpret it.
 */
export function legacyToken(id: string): string {
  const hex = id.replaceAll('-', '');
  let token = '';
  for (let place = 0; place < 48; place++) {
    const digit = Number.parseInt(hex[place % hex.length] ?? '0', 16);
    token += LEGACY_ALPHABET[(digit * 2 + (place >= hex.length ? 1 : 0)) % 32];
  }
  return token;
}
