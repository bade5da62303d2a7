import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import type { Cost } from '../db/cost.ts';
import { type IdentityDatabase, openIdentityDatabase, type Statement } from '../db/database.ts';
import type { StoredSecret } from '../db/rows.ts';
import { cacheTimeToLive, createIsolateCache, STALE_FOR } from '../platform/isolate-cache.ts';
import { randomSecret } from '../platform/secrets.ts';
import { unwrapSecret, wrapSecret } from './stored-secrets.ts';
import { deriveSigningKey, hasUnknownKey, isUnknownKey, KEPT_AFTER, type SigningKeys } from './token-keys.ts';

/**
 * The hub's own keys, wrapped in the first database: those that sign its tokens (token-keys.ts), and the one from which
 * the ids and secrets of visitors are derived. A rotation does not touch that one, or no visitor would be known again.
 */
export type HubKeys = {
  signing: SigningKeys;
  visitors: Uint8Array;
  /** When they were read, in ms. */
  read_at: number;
};

type KeyRow = { id: string; secret: StoredSecret; created_at: number };

/** The id of the visitors' key. All other rows are signing keys. */
const VISITORS = 'visitors';
/** Most rows. Only rotations in quick succession have so many. */
const MAX_KEYS = 20;

const ALL_KEYS = 'SELECT id, secret, created_at FROM signing_keys ORDER BY created_at, id';

/** The hub's keys. The first call makes them, even if several run at once. Throws `SecretsUnavailable`. */
export async function findOrMakeHubKeys(env: Env, identity: IdentityDatabase, now: number): Promise<HubKeys> {
  const known = await openKeys(env, await identity.all<KeyRow>(ALL_KEYS), now);
  if (known !== null) return known;
  const visitors = await wrapSecret(env, placeOf(VISITORS), newKey());
  const [, , rows] = await identity.batch([
    [
      'INSERT INTO signing_keys (id, secret, created_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
      VISITORS,
      visitors,
      now,
    ],
    await insertion(env, newKeyId(), null, now),
    [ALL_KEYS],
  ]);
  const made = await openKeys(env, (rows ?? []) as KeyRow[], now);
  if (made === null) throw new Error('the keys that were just made are not there');
  return made;
}

/** Reads the hub's keys without making any. Throws when this Worker cannot unwrap them. */
export async function tryHubKeys(env: Env, identity: IdentityDatabase): Promise<void> {
  await openKeys(env, await identity.all<KeyRow>(ALL_KEYS), 0);
}

/** Null unless the visitors' key and a signing key are there. */
async function openKeys(env: Env, rows: readonly KeyRow[], now: number): Promise<HubKeys | null> {
  const opened = await Promise.all(
    rows.map(async ({ id, secret, created_at }) => ({
      id,
      created_at,
      secret: Uint8Array.from(Buffer.from(await unwrapSecret(env, placeOf(id), secret), 'base64')),
    })),
  );
  const visitors = opened.find(({ id }) => id === VISITORS);
  const [first, ...others] = await Promise.all(
    opened
      .filter(({ id }) => id !== VISITORS)
      .map(({ id, created_at, secret }) => deriveSigningKey(id, created_at, secret)),
  );
  if (visitors === undefined || first === undefined) return null;
  return { visitors: visitors.secret, signing: [first, ...others], read_at: now };
}

/**
 * Makes another signing key at `now` (ms), if the newest one is still `replaces`, and deletes the keys of which no token
 * can be left. With `ends_previous` it deletes all others: their tokens end at once. Answers its id; null: it was not made.
 */
export async function rotateSigningKey(
  env: Env,
  identity: IdentityDatabase,
  rotation: { id?: string; replaces: string; ends_previous: boolean; now: number },
): Promise<string | null> {
  const { id = newKeyId(), replaces, ends_previous, now } = rotation;
  const [, , isMade] = await identity.batch([
    [
      `DELETE FROM signing_keys WHERE id <> ? AND EXISTS (
         SELECT 1 FROM signing_keys AS next
         WHERE next.id <> ? AND next.created_at > signing_keys.created_at AND next.created_at < ?)`,
      VISITORS,
      VISITORS,
      now - KEPT_AFTER,
    ],
    await insertion(env, id, replaces, now),
    ['SELECT 1 FROM signing_keys WHERE id = ?', id],
    [
      'DELETE FROM signing_keys WHERE ? AND id NOT IN (?, ?) AND EXISTS (SELECT 1 FROM signing_keys WHERE id = ?)',
      ends_previous ? 1 : 0,
      VISITORS,
      id,
      id,
    ],
  ]);
  return isMade === undefined || isMade.length === 0 ? null : id;
}

/**
 * Adds a signing key, if the newest is `replaces` (null: there is none). Of two rotations at once only one adds a key. It
 * is always the newest, whichever clock made the others.
 */
async function insertion(env: Env, id: string, replaces: string | null, now: number): Promise<Statement> {
  return [
    `INSERT INTO signing_keys (id, secret, created_at)
     SELECT ?1, ?2, max(?3, coalesce((SELECT max(created_at) + 1 FROM signing_keys WHERE id <> ?5), 0))
     WHERE (SELECT id FROM signing_keys WHERE id <> ?5 ORDER BY created_at DESC, id DESC LIMIT 1) IS ?4
       AND (SELECT count(*) FROM signing_keys) < ?6`,
    id,
    await wrapSecret(env, placeOf(id), newKey()),
    now,
    replaces,
    VISITORS,
    MAX_KEYS,
  ];
}

/** A new id of a signing key. */
export function newKeyId(): string {
  return randomBytes(6).toString('base64url');
}

/** 32 random bytes in base64url. */
function newKey(): string {
  return randomSecret();
}

function placeOf(id: string) {
  return { table: 'signing_keys', id, column: 'secret' } as const;
}

const cache = createIsolateCache<HubKeys>({ clock: () => Date.now(), limit: 1, staleFor: STALE_FOR });
const KEY = 'keys';

/** The hub's keys, cached in the isolate like tokens. */
export async function cachedHubKeys(env: Env, cost: Cost): Promise<HubKeys> {
  const load = () => readKeys(env, cost);
  // No longer than STALE_FOR: token-keys.ts counts on it.
  return (await cache.get(KEY, Math.min(cacheTimeToLive(env), STALE_FOR), load)) ?? load();
}

/** A token with an unknown key makes an isolate read the keys again, if its copy is as old as this (ms). */
const READ_AGAIN_AFTER = 1000;

/** The hub's keys to read a token with. They are read again when the token names a key that was made since. */
export function hubKeysFor(env: Env, cost: Cost, token: string): Promise<HubKeys> {
  return hubKeysUnless(env, cost, (keys) => hasUnknownKey(keys, token));
}

/** The same for something that was signed by the key with this id. */
export function hubKeysWith(env: Env, cost: Cost, keyId: string): Promise<HubKeys> {
  return hubKeysUnless(env, cost, (keys) => isUnknownKey(keys, keyId));
}

async function hubKeysUnless(env: Env, cost: Cost, isStale: (keys: SigningKeys) => boolean): Promise<HubKeys> {
  const keys = await cachedHubKeys(env, cost);
  if (!isStale(keys.signing) || Date.now() - keys.read_at < READ_AGAIN_AFTER) return keys;
  const loaded = cache.beginLoad();
  const fresh = await readKeys(env, cost);
  loaded(KEY, fresh);
  return fresh;
}

/** Makes this isolate read the keys again. Others do so when their copy is AUTH_CACHE_SECONDS old. */
export function purgeHubKeys(): void {
  cache.purge(KEY);
}

function readKeys(env: Env, cost: Cost): Promise<HubKeys> {
  return findOrMakeHubKeys(env, openIdentityDatabase(env, cost), Date.now());
}
