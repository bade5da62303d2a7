import type { IdentityDatabase } from '../db/database.ts';
import { type Keyset, keysetClauses } from '../db/keyset.ts';
import type { TokenRow } from '../db/rows.ts';
import { changing } from './changes.ts';

/**
 * The lasting tokens of apps' bot users, which apps get for a code. Each belongs to an installation.
 */

/** How long (ms) a lasting token works without being used. */
export const LASTING_TOKEN_UNUSED = 90 * 24 * 3_600_000;
/** A token is renewed by its use when its last renewal is this old (ms): a write of D1 a day at most. */
const RENEWED_AFTER = 24 * 3_600_000;
/** Most lasting tokens of an installation. Beyond it those end first that were never renewed, the oldest of them first. */
export const MAX_LASTING_TOKENS = 100;

/** Whether a lasting token that ends at `expiresAt` (ms) must be renewed when it is used. */
export function isRenewalDue(expiresAt: number | null, now: number): boolean {
  return expiresAt !== null && expiresAt > now && expiresAt < now + LASTING_TOKEN_UNUSED - RENEWED_AFTER;
}

/** Renews a lasting token that has not ended. Repeated within a day it writes nothing. */
export async function renewLastingToken(identity: IdentityDatabase, digest: string, now: number): Promise<void> {
  await identity.run(
    `UPDATE tokens SET expires_at = ? WHERE digest = ? AND installation_id IS NOT NULL AND revoked_at IS NULL
       AND expires_at > ? AND expires_at < ?`,
    now + LASTING_TOKEN_UNUSED,
    digest,
    now,
    now + LASTING_TOKEN_UNUSED - RENEWED_AFTER,
  );
}

export type LastingToken = Pick<TokenRow, 'id' | 'user_id' | 'expires_at' | 'created_at'>;

/** Lists the lasting tokens of an installation that work at `now` (ms), by id. */
export function listLastingTokens(
  identity: IdentityDatabase,
  organizationId: string,
  installationId: string,
  keyset: Keyset,
  now: number,
): Promise<LastingToken[]> {
  const { where, orderBy, parameters } = keysetClauses({ columns: ['id'], descending: false }, keyset);
  return identity.all<LastingToken>(
    `SELECT id, user_id, expires_at, created_at FROM tokens
     WHERE installation_id = ? AND organization_id = ? AND revoked_at IS NULL AND expires_at > ?
       AND secret_version = (
         SELECT apps.secret_version FROM app_installations AS installations
         JOIN apps ON apps.id = installations.app_id WHERE installations.id = tokens.installation_id)
       AND ${where} ORDER BY ${orderBy}`,
    installationId,
    organizationId,
    now,
    ...parameters,
  );
}

/**
 * Revokes a lasting token; repeating it changes nothing. Answers the token's row; null when the installation has no such
 * token.
 */
export function revokeLastingToken(
  identity: IdentityDatabase,
  organizationId: string,
  installationId: string,
  tokenId: string,
  now: number,
): Promise<Pick<TokenRow, 'id' | 'digest'> | null> {
  return changing({ kind: 'token', organization_id: organizationId, token_id: tokenId }, async () => {
    return identity.first(
      `UPDATE tokens SET revoked_at = COALESCE(revoked_at, ?) WHERE id = ? AND organization_id = ? AND installation_id = ?
       RETURNING id, digest`,
      now,
      tokenId,
      organizationId,
      installationId,
    );
  });
}
