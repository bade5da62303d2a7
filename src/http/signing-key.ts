import { findOrMakeSigningKey } from '../directory/signing-keys.ts';
import { cacheTimeToLive, createIsolateCache, STALE_FOR } from '../isolate-cache.ts';
import { type AppContext, identityDatabase } from './app-environment.ts';

const keys = createIsolateCache<Uint8Array>({ clock: () => Date.now(), limit: 1, staleFor: STALE_FOR });

/** The key that signs the hub's own tokens, made when there is none yet. Cached like tokens. */
export async function signingKey(c: AppContext): Promise<Uint8Array> {
  const load = () => findOrMakeSigningKey(identityDatabase(c));
  return (await keys.get('tokens', cacheTimeToLive(c.env), load)) ?? load();
}
