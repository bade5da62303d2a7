import { cachedSigningKey } from '../directory/signing-keys.ts';
import type { AppContext } from './app-environment.ts';

/** The key that signs the hub's own tokens. Made on first use, and cached like tokens. */
export function signingKey(c: AppContext): Promise<Uint8Array> {
  return cachedSigningKey(c.env, c.var.cost);
}
