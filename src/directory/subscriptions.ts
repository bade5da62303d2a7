import type { IdentityDatabase, OrganizationDatabase } from '../db/database.ts';
import type { AppInstallationRow, AppWebhookRow, Flag } from '../db/rows.ts';
import { IS_CONSENTED } from './installations.ts';

/** A webhook subscription of an installed app, with what decides which chats it sees. */
export type SubscriptionRow = {
  installation_id: string;
  /** The bot user; null when the app has none or it is deleted. */
  user_id: string | null;
  /** Null as `user_id`. */
  is_bot: Flag | null;
  private_chat_history: Flag;
} & Pick<AppInstallationRow, 'allowed_scopes'> &
  Pick<AppWebhookRow, 'id' | 'channel_pattern' | 'on_added' | 'on_changed' | 'on_removed'>;

/** The subscriptions of an organization, oldest first, and since when its live hub is awake (ms; null: asleep). */
export type ListenerRows = { database: string | null; subscriptions: SubscriptionRow[]; live_since: number | null };

/**
 * The enabled subscriptions of all apps that the organization has installed, as far as it has consented to them (none while its own subscription is
 * inactive), and whether its live hub is awake at `now` (ms). `database` is the organization's; null when the
 * organization does not exist.
 */
export async function findSubscriptionRows(
  identity: IdentityDatabase,
  organizationId: string,
  now: number,
): Promise<ListenerRows> {
  const [organizations = [], subscriptions = [], live = []] = await identity.batch([
    ['SELECT database FROM organizations WHERE id = ?', organizationId],
    [
      `SELECT installations.id AS installation_id, users.id AS user_id, users.is_bot, installations.allowed_scopes,
         organizations.private_chat_history, webhooks.id, webhooks.channel_pattern, webhooks.on_added, webhooks.on_changed,
         webhooks.on_removed
       FROM app_installations AS installations
       JOIN organizations ON organizations.id = installations.organization_id AND organizations.has_active_subscription = 1
       JOIN apps ON apps.id = installations.app_id AND apps.deleted_at IS NULL
       JOIN app_webhooks AS webhooks ON webhooks.app_id = apps.id AND webhooks.deleted_at IS NULL AND webhooks.is_enabled = 1
         AND ${IS_CONSENTED}
       LEFT JOIN users ON users.id = installations.app_user_id AND users.deleted_at IS NULL
       WHERE installations.organization_id = ? AND installations.deleted_at IS NULL
       ORDER BY installations.created_at, installations.id, webhooks.created_at, webhooks.id`,
      organizationId,
    ],
    ['SELECT awake_since FROM live_organizations WHERE organization_id = ? AND awake_until > ?', organizationId, now],
  ]);
  return {
    database: (organizations as { database: string }[])[0]?.database ?? null,
    subscriptions: subscriptions as SubscriptionRow[],
    live_since: (live as { awake_since: number }[])[0]?.awake_since ?? null,
  };
}

/** The partners that a room is shared with. They may be notified of its chats. The caller has checked the room. */
export async function partnersOfRoom(database: OrganizationDatabase, roomId: string): Promise<string[]> {
  const rows = await database.all<{ organization_id: string }>(
    'SELECT organization_id FROM room_shares WHERE room_id = ? ORDER BY organization_id',
    roomId,
  );
  return rows.map(({ organization_id }) => organization_id);
}

/**
 * Lists an organization's live hub as awake until `until` (ms). Answers since when it is awake (ms): `now`, unless it
 * was awake before.
 */
export async function keepHubAwake(
  identity: IdentityDatabase,
  organizationId: string,
  now: number,
  until: number,
): Promise<number> {
  const row = await identity.first<{ awake_since: number }>(
    `INSERT INTO live_organizations (organization_id, awake_since, awake_until) VALUES (?1, ?2, ?3)
     ON CONFLICT (organization_id) DO UPDATE SET
       awake_since = CASE WHEN awake_until > ?2 THEN awake_since ELSE ?2 END, awake_until = max(awake_until, ?3)
     RETURNING awake_since`,
    organizationId,
    now,
    until,
  );
  return row?.awake_since ?? now;
}
