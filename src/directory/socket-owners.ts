import type { IdentityDatabase } from '../db/database.ts';
import type { Flag } from '../db/rows.ts';

/** The facts of a live socket's owner, looked up by the credential that opened the socket. */
export type SocketOwnerRow = {
  /** The digest of a token, or the id of an installation. */
  credential: string;
  user_id: string;
  /** JSON array of scopes. */
  scopes: string;
  database: string;
  has_active_subscription: Flag;
  private_chat_history: Flag;
};

/** A user who acts by an app: the installation and the user. */
export type AppActor = { installation_id: string; user_id: string };

const COLUMNS = `users.id AS user_id, organizations.database, organizations.has_active_subscription,
  organizations.private_chat_history`;

/**
 * The users of an organization by their credentials, in one trip: digests of tokens, and installations. Revoked tokens,
 * ended installations and deleted users are missing. The caller checks the expiry.
 */
export async function findSocketOwners(
  identity: IdentityDatabase,
  organizationId: string,
  digests: readonly string[],
  actors: readonly AppActor[],
): Promise<{ byToken: SocketOwnerRow[]; byApp: SocketOwnerRow[] }> {
  const [byToken, byApp] = (await identity.batch([
    [
      `SELECT tokens.digest AS credential, tokens.scopes, ${COLUMNS} FROM tokens
       JOIN users ON users.id = tokens.user_id AND users.organization_id = tokens.organization_id
       JOIN organizations ON organizations.id = tokens.organization_id
       WHERE tokens.digest IN (SELECT value FROM json_each(?2)) AND tokens.organization_id = ?1
         AND tokens.revoked_at IS NULL AND users.deleted_at IS NULL`,
      organizationId,
      JSON.stringify(digests),
    ],
    [
      `SELECT installations.id AS credential, installations.allowed_scopes AS scopes, ${COLUMNS} FROM json_each(?2) AS actor
       JOIN app_installations AS installations ON installations.id = actor.value ->> 'installation_id'
       JOIN users ON users.id = actor.value ->> 'user_id' AND users.organization_id = installations.organization_id
       JOIN organizations ON organizations.id = installations.organization_id
       WHERE installations.organization_id = ?1 AND installations.deleted_at IS NULL AND users.deleted_at IS NULL`,
      organizationId,
      JSON.stringify(actors),
    ],
  ])) as [SocketOwnerRow[], SocketOwnerRow[]];
  return { byToken, byApp };
}
