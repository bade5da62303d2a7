/** Signatures and secrets of webhooks by the Standard Webhooks specification (symmetric, version `v1`). */

const SECRET_PREFIX = 'whsec_';
const SECRET_BYTES = 32;

export type SignedContent = {
  /** `whsec_` and base64. During the grace of a rotation there are two, the current one first. */
  secrets: readonly string[];
  /** The `webhook-id` header. */
  id: string;
  /** The `webhook-timestamp` header: whole seconds since 1970, UTC. */
  timestamp: number;
  body: string;
};

/**
 * The `webhook-signature` header: one `v1,<base64>` for each secret, separated by spaces. Throws on an invalid secret.
 */
export async function signWebhook(content: SignedContent): Promise<string> {
  const signed: BufferSource = new TextEncoder().encode(`${content.id}.${content.timestamp}.${content.body}`);
  const signatures = await Promise.all(content.secrets.map((secret) => signatureOf(secret, signed, content.timestamp)));
  return signatures.join(' ');
}

/** A new random secret. */
export function newSecret(): string {
  return SECRET_PREFIX + base64(crypto.getRandomValues(new Uint8Array(SECRET_BYTES)));
}

/** A secret whose key is the UTF-8 of a text. */
export function secretOfText(text: string): string {
  return SECRET_PREFIX + base64(new TextEncoder().encode(text));
}

const ALGORITHM = { name: 'HMAC', hash: 'SHA-256' };

/** Imported keys by secret: importing takes longer than signing. */
const keys = new Map<string, CryptoKey>();
const MAX_KEYS = 1000;
/** Seconds after which all are imported again, so that an isolate does not keep the secrets that it no longer uses. */
const KEPT_FOR = 30;
let keptSince = 0;

async function signatureOf(secret: string, signed: BufferSource, timestamp: number): Promise<string> {
  if (Math.abs(timestamp - keptSince) >= KEPT_FOR) {
    keys.clear();
    keptSince = timestamp;
  }
  const key = keys.get(secret) ?? (await importKey(secret));
  return `v1,${base64(new Uint8Array(await crypto.subtle.sign(ALGORITHM, key, signed)))}`;
}

async function importKey(secret: string): Promise<CryptoKey> {
  const key = await crypto.subtle.importKey('raw', secretBytes(secret), ALGORITHM, false, ['sign']);
  if (keys.size >= MAX_KEYS) keys.clear();
  keys.set(secret, key);
  return key;
}

function secretBytes(secret: string): Uint8Array<ArrayBuffer> {
  if (!secret.startsWith(SECRET_PREFIX)) throw new Error('a webhook secret starts with whsec_');
  return Uint8Array.from(atob(secret.slice(SECRET_PREFIX.length)), (character) => character.charCodeAt(0));
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}
