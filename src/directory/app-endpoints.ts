import type { IdentityDatabase } from '../db/database.ts';
import type { AppInstallationRow, AppRow, AppWebhookRow, Flag, StoredSecret } from '../db/rows.ts';
import type { ScopedAppUser } from './app-tokens.ts';
import { IS_CONSENTED } from './installations.ts';

type EndpointColumns = Pick<AppWebhookRow, 'endpoint_url' | 'is_enabled' | 'registered_origin' | 'deleted_at'>;

/** What an attempt needs of an installation, its app and one of the app's webhooks. Deleted ones are included. */
export type AppEndpoint = {
  is_uninstalled: boolean;
  is_app_deleted: boolean;
  app_id: string;
  /** The secret of the app. */
  secret: StoredSecret;
  /** Whether the organization has consented to the webhook as it is now. */
  is_consented: boolean;
  /** Null when the app never had this webhook. */
  webhook: EndpointColumns | null;
  /** Null when the app has no bot user here, or the bot user is deleted. */
  app_user: ScopedAppUser | null;
};

/** The endpoint of an installation's webhook. Null when the organization never had this installation. */
export async function findAppEndpoint(
  identity: IdentityDatabase,
  organizationId: string,
  installationId: string,
  webhookId: string,
): Promise<AppEndpoint | null> {
  const row = await identity.first<EndpointRow>(
    `SELECT installations.app_id, installations.allowed_scopes, installations.deleted_at, users.id AS user_id,
       apps.secret, apps.deleted_at AS app_deleted_at, webhooks.endpoint_url, webhooks.is_enabled,
       webhooks.registered_origin, webhooks.deleted_at AS webhook_deleted_at,
       ${IS_CONSENTED} AS is_consented
     FROM app_installations AS installations
     JOIN apps ON apps.id = installations.app_id
     LEFT JOIN app_webhooks AS webhooks ON webhooks.id = ? AND webhooks.app_id = apps.id
     LEFT JOIN users ON users.id = installations.app_user_id AND users.organization_id = installations.organization_id
       AND users.deleted_at IS NULL
     WHERE installations.id = ? AND installations.organization_id = ?`,
    webhookId,
    installationId,
    organizationId,
  );
  if (row === null) return null;
  const { app_id, user_id, allowed_scopes, endpoint_url, is_enabled, registered_origin } = row;
  const hasWebhook = endpoint_url !== null && is_enabled !== null && registered_origin !== null;
  return {
    is_uninstalled: row.deleted_at !== null,
    is_app_deleted: row.app_deleted_at !== null,
    app_id,
    secret: row.secret,
    is_consented: row.is_consented === 1,
    webhook: hasWebhook ? { endpoint_url, is_enabled, registered_origin, deleted_at: row.webhook_deleted_at } : null,
    app_user:
      user_id === null ? null : { organization_id: organizationId, app_id, user_id, scopes: scopesOf(allowed_scopes) },
  };
}

type EndpointRow = Pick<AppInstallationRow, 'app_id' | 'allowed_scopes' | 'deleted_at'> &
  Pick<AppRow, 'secret'> & {
    app_deleted_at: number | null;
    user_id: string | null;
    webhook_deleted_at: number | null;
    /** Null without a webhook, unless the app is the organization's own. */
    is_consented: Flag | null;
  } & { [Column in Exclude<keyof EndpointColumns, 'deleted_at'>]: EndpointColumns[Column] | null };

/**
 * The bot user of an app in an organization that has installed it, with the scopes of the installation; null when there
 * is none.
 */
export async function findAppUser(
  identity: IdentityDatabase,
  organizationId: string,
  appId: string,
): Promise<ScopedAppUser | null> {
  const row = await identity.first<{ user_id: string } & Pick<AppInstallationRow, 'allowed_scopes'>>(
    `SELECT users.id AS user_id, installations.allowed_scopes FROM app_installations AS installations
     JOIN users ON users.id = installations.app_user_id AND users.organization_id = installations.organization_id
     WHERE installations.organization_id = ? AND installations.app_id = ? AND installations.deleted_at IS NULL
       AND users.deleted_at IS NULL`,
    organizationId,
    appId,
  );
  if (row === null) return null;
  const { user_id, allowed_scopes } = row;
  return { organization_id: organizationId, app_id: appId, user_id, scopes: scopesOf(allowed_scopes) };
}

function scopesOf(allowedScopes: string): string[] {
  return JSON.parse(allowedScopes) as string[];
}
