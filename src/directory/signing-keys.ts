import type { Cost } from '../db/cost.ts';
import { type IdentityDatabase, openIdentityDatabase } from '../db/database.ts';
import { cacheTimeToLive, createIsolateCache, STALE_FOR } from '../platform/isolate-cache.ts';

/**
 * The key with which the hub signs its own tokens (JWT, HS256): 32 random bytes in the first database. The first call
 * makes it, even if two calls run at once; it never changes.
 */
export async function findOrMakeSigningKey(database: IdentityDatabase): Promise<Uint8Array> {
  const known = await database.first<{ secret: string }>(FIND_KEY);
  if (known !== null) return keyBytes(known.secret);
  const secret = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))));
  const [, rows] = await database.batch([
    [
      "INSERT INTO signing_keys (id, secret, created_at) VALUES ('tokens', ?, ?) ON CONFLICT DO NOTHING",
      secret,
      Date.now(),
    ],
    [FIND_KEY],
  ]);
  const [made] = (rows ?? []) as { secret: string }[];
  if (made === undefined) throw new Error('the signing key that was just made is not there');
  return keyBytes(made.secret);
}

const FIND_KEY = "SELECT secret FROM signing_keys WHERE id = 'tokens'";

function keyBytes(secret: string): Uint8Array {
  return Uint8Array.from(atob(secret), (character) => character.charCodeAt(0));
}

const keys = createIsolateCache<Uint8Array>({ clock: () => Date.now(), limit: 1, staleFor: STALE_FOR });

/** The same, cached in the isolate like tokens. */
export async function cachedSigningKey(env: Env, cost: Cost): Promise<Uint8Array> {
  const load = () => findOrMakeSigningKey(openIdentityDatabase(env, cost));
  return (await keys.get('tokens', cacheTimeToLive(env), load)) ?? load();
}
