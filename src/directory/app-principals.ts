import type { IdentityDatabase } from '../db/database.ts';
import type { AppRow } from '../db/rows.ts';
import type { AppUser, Trigger } from './app-tokens.ts';
import { CHAT_CAPACITY, type PrincipalRow } from './tokens.ts';

/** The columns of a principal by an installation. `token_id` is the installation's id. */
const COLUMNS = `installations.id AS token_id, installations.app_id, users.id AS user_id, users.first_name, users.last_name, users.alias, users.avatar_id, users.avatar_url, users.is_bot,
  users.is_staff, users.organization_id, ${CHAT_CAPACITY} AS chat_capacity,
  organizations.name AS organization_name, organizations.database, organizations.has_active_subscription,
  organizations.private_chats, organizations.private_chat_history, organizations.encryption_public_key,
  organizations.quotas, organizations.stored_day, organizations.stored_bytes`;

/**
 * The bot user of an installation with its scopes. Null when the app is no longer installed, or the user is deleted or
 * belongs to another installation.
 */
export function findAppUserPrincipal(
  identity: IdentityDatabase,
  { organization_id, app_id, user_id }: AppUser,
): Promise<PrincipalRow | null> {
  return identity.first<PrincipalRow>(
    `SELECT ${COLUMNS}, installations.allowed_scopes AS scopes, NULL AS expires_at
     FROM app_installations AS installations
     JOIN users ON users.id = installations.app_user_id AND users.organization_id = installations.organization_id
     JOIN organizations ON organizations.id = installations.organization_id
     WHERE installations.organization_id = ? AND installations.app_id = ? AND installations.app_user_id = ?
       AND installations.deleted_at IS NULL AND users.deleted_at IS NULL`,
    organization_id,
    app_id,
    user_id,
  );
}

/**
 * The scopes that an installation and the token of its opener both have now, as JSON. For a query over `installations`
 * and `openers`, which are tokens.
 */
export const SCOPES_OF_BOTH = `(SELECT json_group_array(own.value) FROM json_each(installations.allowed_scopes) AS own
  WHERE own.value IN (SELECT value FROM json_each(openers.scopes)))`;

/**
 * The user who opened an app, with the scopes that its installation and their token both have, the expiry of their token
 * and the app's secret with its version. Null when the app is no longer installed, the token is revoked or the user is deleted.
 */
export function findTriggerPrincipal(
  identity: IdentityDatabase,
  { organization_id, app_id, user_id, installation_id, opener_token_id }: Trigger,
): Promise<(PrincipalRow & Pick<AppRow, 'secret' | 'secret_version'>) | null> {
  return identity.first<PrincipalRow & Pick<AppRow, 'secret' | 'secret_version'>>(
    `SELECT ${COLUMNS}, ${SCOPES_OF_BOTH} AS scopes, openers.expires_at, apps.secret, apps.secret_version
     FROM app_installations AS installations
     JOIN apps ON apps.id = installations.app_id
     JOIN users ON users.id = ? AND users.organization_id = installations.organization_id
     JOIN tokens AS openers ON openers.id = ? AND openers.user_id = users.id
       AND openers.organization_id = users.organization_id AND openers.revoked_at IS NULL
     JOIN organizations ON organizations.id = installations.organization_id
     WHERE installations.id = ? AND installations.organization_id = ? AND installations.app_id = ?
       AND installations.deleted_at IS NULL AND users.deleted_at IS NULL`,
    user_id,
    opener_token_id,
    installation_id,
    organization_id,
    app_id,
  );
}
