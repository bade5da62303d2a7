import type { IdentityDatabase } from '../db/database.ts';
import type { AppRow } from '../db/rows.ts';
import type { AppUser, Trigger } from './app-tokens.ts';
import type { PrincipalRow } from './tokens.ts';

/**
 * The columns of a principal by an installation. `token_id` is the installation's id; the token itself contains its
 * expiry.
 */
const COLUMNS = `installations.id AS token_id, installations.allowed_scopes AS scopes, NULL AS expires_at,
  users.id AS user_id, users.first_name, users.last_name, users.alias, users.avatar_id, users.avatar_url, users.is_bot,
  users.is_staff, users.organization_id,
  organizations.name AS organization_name, organizations.database, organizations.has_active_subscription,
  organizations.private_chats, organizations.private_chat_history`;

/**
 * The bot user of an installation with its scopes. Null when the app is no longer installed, or the user is deleted or
 * belongs to another installation.
 */
export function findAppUserPrincipal(
  identity: IdentityDatabase,
  { organization_id, app_id, user_id }: AppUser,
): Promise<PrincipalRow | null> {
  return identity.first<PrincipalRow>(
    `SELECT ${COLUMNS} FROM app_installations AS installations
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
 * The user who opened an app, with the scopes of its installation and the app's secret. Null when the app is no longer
 * installed, or the user is deleted.
 */
export function findTriggerPrincipal(
  identity: IdentityDatabase,
  { organization_id, app_id, user_id, installation_id }: Trigger,
): Promise<(PrincipalRow & Pick<AppRow, 'secret'>) | null> {
  return identity.first<PrincipalRow & Pick<AppRow, 'secret'>>(
    `SELECT ${COLUMNS}, apps.secret FROM app_installations AS installations
     JOIN apps ON apps.id = installations.app_id
     JOIN users ON users.id = ? AND users.organization_id = installations.organization_id
     JOIN organizations ON organizations.id = installations.organization_id
     WHERE installations.id = ? AND installations.organization_id = ? AND installations.app_id = ?
       AND installations.deleted_at IS NULL AND users.deleted_at IS NULL`,
    user_id,
    installation_id,
    organization_id,
    app_id,
  );
}
