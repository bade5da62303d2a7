import { decodeProtectedHeader } from 'jose';
import { STALE_FOR } from '../platform/isolate-cache.ts';

/**
 * The keys of the hub's own tokens, and for how long each counts. Pure; signing-keys.ts stores them.
 *
 * A rotation makes another key. The one before it is accepted for as long as a token lives that it may have signed.
 */

const VISITOR_TOKEN_SECONDS = 1800;
const APP_USER_TOKEN_SECONDS = 300;
const TRIGGER_SECONDS = 600;
const APP_USER_CODE_SECONDS = 30;
const LATE_REPLY_SECONDS = 3600;

/** How long each kind of token is valid, in seconds. */
export const TOKEN_SECONDS = {
  visitor: VISITOR_TOKEN_SECONDS,
  /** Of a bot user, in a webhook of an app. */
  user: APP_USER_TOKEN_SECONDS,
  trigger: TRIGGER_SECONDS,
  /** Of an installation. */
  app_user_code: APP_USER_CODE_SECONDS,
  /** Of a responder of the threads API, for one message. */
  late_reply: LATE_REPLY_SECONDS,
};

/** The kind of a token. */
export type Audience = keyof typeof TOKEN_SECONDS;

/** Longest life of the URL of a file, in seconds: 7 days in webhooks, rounded up to an hour. */
export const FILE_URL_SECONDS = 608_400;

/** A signing key. `id` is the `kid` in the header of what it signs; `created_at` in ms. */
export type SigningKey = {
  id: string;
  created_at: number;
  /** One for each kind of token, derived (HKDF): a token of one kind cannot be taken for another. */
  keys: { readonly [audience in Audience]: CryptoKey };
  /** Signs the URLs of files. Bytes, because sockets need a signature at once. */
  files: Uint8Array;
};

/** The signing keys, the oldest first. There is always one. */
export type SigningKeys = readonly [SigningKey, ...SigningKey[]];

/** A new key signs after this time (ms), when every isolate that meets an unknown key can read it. */
export const SIGNS_AFTER = 5000;

/**
 * How long (ms) an isolate may go on signing with a key that was replaced: it may use a copy that is STALE_FOR old, and
 * the new key does not sign at first.
 */
const STILL_SIGNS = SIGNS_AFTER + STALE_FOR;

/** The key that signs at `now` (ms): the newest that may. */
export function keyThatSigns(keys: SigningKeys, now: number): SigningKey {
  return keys.findLast(({ created_at }) => created_at + SIGNS_AFTER <= now) ?? keys[0];
}

/** The key with this id, which has signed the URL of a file. Null as in `keyOfToken`. */
export function keyOfFileUrl(keys: SigningKeys, id: string, now: number): Uint8Array | null {
  const place = keys.findIndex((key) => key.id === id);
  const until = endOf(keys, place, FILE_URL_SECONDS);
  return until === null || now < until ? (keys[place]?.files ?? null) : null;
}

/** The key that has signed a token of a kind. Null for an unknown key, and for one whose tokens have all ended at `now` (ms). */
export function keyOfToken(keys: SigningKeys, token: string, audience: Audience, now: number): CryptoKey | null {
  const id = keyIdOf(token);
  const place = keys.findIndex((key) => key.id === id);
  const until = acceptedUntil(keys, place, audience);
  return until === null || now < until ? (keys[place]?.keys[audience] ?? null) : null;
}

/** Until when (ms) the key in a place is accepted for a kind of token, or for every kind; null: it was not replaced. */
export function acceptedUntil(
  keys: readonly Pick<SigningKey, 'created_at'>[],
  place: number,
  audience: Audience | null = null,
): number | null {
  return endOf(keys, place, audience === null ? LONGEST : TOKEN_SECONDS[audience]);
}

function endOf(keys: readonly Pick<SigningKey, 'created_at'>[], place: number, seconds: number): number | null {
  const next = keys[place + 1];
  return next === undefined ? null : next.created_at + STILL_SIGNS + seconds * 1000;
}

const LONGEST = Math.max(FILE_URL_SECONDS, ...Object.values(TOKEN_SECONDS));

/** How long (ms) after the next key was made a key is worth keeping. */
export const KEPT_AFTER = STILL_SIGNS + LONGEST * 1000;

/** Whether a token names a key that is not among these. */
export function hasUnknownKey(keys: SigningKeys, token: string): boolean {
  const id = keyIdOf(token);
  return id !== null && isUnknownKey(keys, id);
}

/** Whether none of these has this id. */
export function isUnknownKey(keys: SigningKeys, id: string): boolean {
  return !keys.some((key) => key.id === id);
}

/** The `kid` of a token; null when it has none or is no token. */
function keyIdOf(token: string): string | null {
  try {
    const { kid } = decodeProtectedHeader(token);
    return typeof kid === 'string' ? kid : null;
  } catch {
    return null;
  }
}

/** A signing key of 32 random bytes. */
export async function deriveSigningKey(
  id: string,
  created_at: number,
  secret: Uint8Array<ArrayBuffer>,
): Promise<SigningKey> {
  const root = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveKey', 'deriveBits']);
  const derive = async (audience: Audience): Promise<[Audience, CryptoKey]> => {
    const purpose = purposeOf(`umi/tokens/${audience}`);
    const hmac = { name: 'HMAC', hash: 'SHA-256', length: 256 };
    return [audience, await crypto.subtle.deriveKey(purpose, root, hmac, false, ['sign', 'verify'])];
  };
  const derived = await Promise.all((Object.keys(TOKEN_SECONDS) as Audience[]).map(derive));
  const files = new Uint8Array(await crypto.subtle.deriveBits(purposeOf('umi/files'), root, 256));
  return { id, created_at, keys: Object.fromEntries(derived) as SigningKey['keys'], files };
}

function purposeOf(info: string) {
  return { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: new TextEncoder().encode(info) };
}
