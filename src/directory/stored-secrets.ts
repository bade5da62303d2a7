import { Buffer } from 'node:buffer';
import type { AppRow, ChannelRow, StoredSecret } from '../db/rows.ts';

/**
 * Secrets as D1 has them: wrapped (AES-256-GCM) by a key that only the Worker has, SECRETS_KEY. Who reads D1 or a backup
 * of it can sign nothing. Table, id and column are authenticated too, so a wrapped secret works in its own place only.
 *
 * The text is `v1.<key id>.<base64url of the nonce and the ciphertext>`. Anything else is a secret from before, which is
 * read as it is.
 */

type SecretsEnv = Pick<Env, 'SECRETS_KEY' | 'SECRETS_KEY_PREVIOUS'>;

/** The column of a row in which a secret is stored. */
export type SecretPlace =
  | { table: 'apps' | 'channels' | 'signing_keys'; id: string; column: 'secret' | 'previous_secret' }
  | { table: 'channels'; id: string; column: 'webhook_key' | 'responder_key' }
  /** Answers to requests with a key: they may hold secrets and personal data. */
  | { table: 'keyed_requests'; id: string; column: 'answer' };

/** The deployment lacks the key that secrets need. The message is for the operator. */
export class SecretsUnavailable extends Error {
  override readonly name = 'SecretsUnavailable';
}

/** The form of both keys: 32 bytes in base64 or base64url. */
const KEY = /^[\w+/-]{43}=?$/;
const FORM = 'v1';
const WRAPPED = /^v1\.([0-9a-f]{8})\.([\w-]+)$/;
const NONCE_BYTES = 12;
const KEY_ID_BYTES = 4;

/** A secret to store in a place, wrapped by SECRETS_KEY. Throws `SecretsUnavailable` without that key. */
export async function wrapSecret(env: SecretsEnv, place: SecretPlace, secret: string): Promise<StoredSecret> {
  const { id, key } = await currentKey(env);
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const sealed = await crypto.subtle.encrypt(algorithm(nonce, place), key, new TextEncoder().encode(secret));
  const bytes = new Uint8Array([...nonce, ...new Uint8Array(sealed)]);
  return `${FORM}.${id}.${Buffer.from(bytes).toString('base64url')}` as unknown as StoredSecret;
}

/**
 * The secret that is stored in a place. Throws `SecretsUnavailable` when neither SECRETS_KEY nor SECRETS_KEY_PREVIOUS
 * has wrapped it, and another error when it was changed or comes from another place.
 */
export async function unwrapSecret(env: SecretsEnv, place: SecretPlace, stored: StoredSecret): Promise<string> {
  const text = stored as unknown as string;
  const [, keyId = '', data = ''] = WRAPPED.exec(text) ?? [];
  if (keyId === '') return text;
  const known = [await currentKey(env), await previousKey(env)];
  const wrapper = known.find((each) => each?.id === keyId);
  if (wrapper == null) {
    const ids = known.flatMap((each) => each?.id ?? []).join(' and ');
    throw new SecretsUnavailable(
      `a secret in ${place.table} was wrapped by the key ${keyId}, and the Worker has ${ids}`,
    );
  }
  const bytes = Uint8Array.from(Buffer.from(data, 'base64url'));
  const nonce = bytes.slice(0, NONCE_BYTES);
  const opened = await crypto.subtle
    .decrypt(algorithm(nonce, place), wrapper.key, bytes.slice(NONCE_BYTES))
    .catch(() => {
      throw new Error(`a secret in ${place.table} was changed, or comes from another place`);
    });
  return new TextDecoder().decode(opened);
}

/** Why the deployment cannot wrap secrets; null when it can. */
export async function secretsProblem(env: SecretsEnv): Promise<string | null> {
  try {
    await Promise.all([currentKey(env), previousKey(env)]);
    return null;
  } catch (error) {
    if (error instanceof SecretsUnavailable) return error.message;
    throw error;
  }
}

/** How the text of a secret begins that SECRETS_KEY has wrapped. */
export async function currentPrefix(env: SecretsEnv): Promise<string> {
  return `${FORM}.${(await currentKey(env)).id}.`;
}

/** A channel with its secrets as they sign. The previous one is null when its grace is over. */
export type OpenedChannel = Omit<ChannelRow, 'secret' | 'previous_secret' | 'webhook_key'> & {
  secret: string;
  previous_secret: string | null;
  webhook_key: string | null;
};

/** Unwraps the secrets of a channel. `now` in ms. Errors as `unwrapSecret`. */
export async function openChannel(env: SecretsEnv, channel: ChannelRow, now: number): Promise<OpenedChannel> {
  const { id, previous_secret, previous_secret_expires_at, webhook_key } = channel;
  const isInGrace = previous_secret_expires_at !== null && previous_secret_expires_at > now;
  const open = (column: 'secret' | 'previous_secret' | 'webhook_key', stored: StoredSecret) =>
    unwrapSecret(env, { table: 'channels', id, column }, stored);
  return {
    ...channel,
    secret: await open('secret', channel.secret),
    previous_secret: previous_secret === null || !isInGrace ? null : await open('previous_secret', previous_secret),
    webhook_key: webhook_key === null ? null : await open('webhook_key', webhook_key),
  };
}

/** The place of an app's secret. */
export function placeOfApp(appId: string): SecretPlace {
  return { table: 'apps', id: appId, column: 'secret' };
}

/** The secret of an app. Errors as `unwrapSecret`. */
export function openAppSecret(env: SecretsEnv, app: Pick<AppRow, 'id' | 'secret'>): Promise<string> {
  return unwrapSecret(env, placeOfApp(app.id), app.secret);
}

type WrappingKey = { id: string; key: CryptoKey };

async function currentKey({ SECRETS_KEY: text = '' }: SecretsEnv): Promise<WrappingKey> {
  if (text === '') throw new SecretsUnavailable('SECRETS_KEY is not set');
  return wrappingKey('SECRETS_KEY', text);
}

async function previousKey({ SECRETS_KEY_PREVIOUS: text = '' }: SecretsEnv): Promise<WrappingKey | null> {
  return text === '' ? null : wrappingKey('SECRETS_KEY_PREVIOUS', text);
}

/** Derived keys by the setting's text. */
const derived = new Map<string, WrappingKey>();
const MAX_DERIVED = 16;

async function wrappingKey(name: string, text: string): Promise<WrappingKey> {
  const known = derived.get(text);
  if (known !== undefined) return known;
  if (!KEY.test(text.trim())) throw new SecretsUnavailable(`${name} is not the base64 of 32 bytes`);
  const bytes = Uint8Array.from(Buffer.from(text.trim(), 'base64'));
  const root = await crypto.subtle.importKey('raw', bytes, 'HKDF', false, ['deriveKey', 'deriveBits']);
  const id = await crypto.subtle.deriveBits(purpose('umi/secrets/key-id'), root, 8 * KEY_ID_BYTES);
  const key = await crypto.subtle.deriveKey(
    purpose('umi/secrets/wrap'),
    root,
    { name: 'AES-GCM', length: 256 },
    false,
    ['encrypt', 'decrypt'],
  );
  const made = { id: Buffer.from(new Uint8Array(id)).toString('hex'), key };
  if (derived.size >= MAX_DERIVED) derived.clear();
  derived.set(text, made);
  return made;
}

function purpose(info: string) {
  return { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: new TextEncoder().encode(info) };
}

function algorithm(nonce: Uint8Array<ArrayBuffer>, { table, id, column }: SecretPlace) {
  return { name: 'AES-GCM', iv: nonce, additionalData: new TextEncoder().encode(`${table}/${id}/${column}`) };
}
