import type { IdentityDatabase } from '../db/database.ts';
import { type Scope, tokenDigest } from './tokens.ts';

/** How long (ms) a sign-in link works. */
export const SIGN_IN_LINK_LASTS = 15 * 60_000;
/** How long (ms) the link of an invitation works, which somebody finds in their mail. */
export const INVITATION_LASTS = 24 * 3_600_000;

/** The digest of the code in a link. It is another one than that of a token or of a session with the same text. */
export function signInCodeDigest(code: string): string {
  return tokenDigest(`sign-in ${code}`);
}

/**
 * Stores the digest of a user's sign-in link, in the place of their earlier one. Times in ms. False when the organization
 * has no such user.
 */
export async function putSignInLink(
  identity: IdentityDatabase,
  organizationId: string,
  link: { user_id: string; digest: string; scopes: readonly Scope[]; expires_at: number; created_at: number },
): Promise<boolean> {
  const { changes } = await identity.run(
    `INSERT INTO sign_in_links (organization_id, user_id, digest, scopes, expires_at, created_at)
     SELECT organization_id, id, ?, ?, ?, ? FROM users WHERE id = ? AND organization_id = ? AND deleted_at IS NULL
     ON CONFLICT (organization_id, user_id) DO UPDATE SET digest = excluded.digest, scopes = excluded.scopes,
       expires_at = excluded.expires_at, created_at = excluded.created_at`,
    link.digest,
    JSON.stringify(link.scopes),
    link.expires_at,
    link.created_at,
    link.user_id,
    organizationId,
  );
  return changes > 0;
}
