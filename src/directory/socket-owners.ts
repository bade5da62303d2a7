import type { IdentityDatabase } from '../db/database.ts';
import type { Flag } from '../db/rows.ts';
import { SCOPES_OF_BOTH } from './app-principals.ts';
import { APP_OF_TOKEN, IS_VALID_TOKEN, SCOPES_OF_TOKEN } from './tokens.ts';

/** The facts of a live socket's owner, looked up by the credential that opened the socket. */
export type SocketOwnerRow = {
  /** The digest of a token, or the id of an installation. */
  credential: string;
  /** Null for what was not opened. */
  opener_token_id: string | null;
  secret_version: number | null;
  user_id: string;
  is_bot: Flag;
  /** JSON array of scopes. */
  scopes: string;
  database: string;
  has_active_subscription: Flag;
  private_chat_history: Flag;
};

/** The credential of a user, so that they can be looked up again: a stored token, or what an app has. */
export type Credential = { kind: 'token'; digest: string } | AppCredential;
/**
 * An app's credential acts as its bot user, or as the user who opened it with a token, by the secret that the app had in
 * this version. Sockets from before versions lack it.
 */
export type AppCredential = {
  kind: 'app';
  app_id: string;
  installation_id: string;
  opener_token_id?: string;
  secret_version?: number;
};

/** A user who acts by an app: the installation and the user; the rest is null unless they opened it. */
export type AppActor = {
  installation_id: string;
  user_id: string;
  opener_token_id: string | null;
  secret_version: number | null;
};

const COLUMNS = `users.id AS user_id, users.is_bot, organizations.database, organizations.has_active_subscription,
  organizations.private_chat_history`;

/**
 * The users of an organization by their credentials, in one trip: digests of tokens, and installations. Revoked tokens,
 * ended installations, deleted users and earlier secrets of apps are missing. The caller checks the expiry.
 */
export async function findSocketOwners(
  identity: IdentityDatabase,
  organizationId: string,
  digests: readonly string[],
  actors: readonly AppActor[],
): Promise<{ byToken: SocketOwnerRow[]; byApp: SocketOwnerRow[] }> {
  const [byToken, byApp] = (await identity.batch([
    [
      `SELECT tokens.digest AS credential, NULL AS opener_token_id, NULL AS secret_version, ${SCOPES_OF_TOKEN} AS scopes, ${COLUMNS} FROM tokens
       JOIN users ON users.id = tokens.user_id AND users.organization_id = tokens.organization_id
       JOIN organizations ON organizations.id = tokens.organization_id
       ${APP_OF_TOKEN}
       WHERE tokens.digest IN (SELECT value FROM json_each(?2)) AND tokens.organization_id = ?1
         AND ${IS_VALID_TOKEN} AND users.deleted_at IS NULL`,
      organizationId,
      JSON.stringify(digests),
    ],
    [
      `SELECT installations.id AS credential, actor.value ->> 'opener_token_id' AS opener_token_id,
         actor.value ->> 'secret_version' AS secret_version,
         CASE WHEN openers.id IS NULL THEN installations.allowed_scopes ELSE ${SCOPES_OF_BOTH} END AS scopes, ${COLUMNS}
       FROM json_each(?2) AS actor
       JOIN app_installations AS installations ON installations.id = actor.value ->> 'installation_id'
       JOIN apps ON apps.id = installations.app_id
       JOIN users ON users.id = actor.value ->> 'user_id' AND users.organization_id = installations.organization_id
       JOIN organizations ON organizations.id = installations.organization_id
       LEFT JOIN tokens AS openers ON openers.id = actor.value ->> 'opener_token_id' AND openers.user_id = users.id
         AND openers.organization_id = users.organization_id AND openers.revoked_at IS NULL
       WHERE installations.organization_id = ?1 AND installations.deleted_at IS NULL AND users.deleted_at IS NULL
         AND (actor.value ->> 'opener_token_id' IS NULL OR openers.id IS NOT NULL)
         AND (actor.value ->> 'secret_version' IS NULL OR apps.secret_version = actor.value ->> 'secret_version')`,
      organizationId,
      JSON.stringify(actors),
    ],
  ])) as [SocketOwnerRow[], SocketOwnerRow[]];
  return { byToken, byApp };
}
