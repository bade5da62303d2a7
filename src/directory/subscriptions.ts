import type { IdentityDatabase, OrganizationDatabase } from '../db/database.ts';
import type { AppInstallationRow, AppWebhookRow, Flag } from '../db/rows.ts';
import { changing } from './changes.ts';
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
export type ListenerRows = {
  database: string | null;
  /** The apps that the organization has installed. */
  app_ids: string[];
  subscriptions: SubscriptionRow[];
  live_since: number | null;
};

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
  const [organizations = [], installed = [], subscriptions = [], live = []] = await identity.batch([
    ['SELECT database FROM organizations WHERE id = ?', organizationId],
    ['SELECT app_id FROM app_installations WHERE organization_id = ? AND deleted_at IS NULL', organizationId],
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
    app_ids: (installed as { app_id: string }[]).map(({ app_id }) => app_id),
    subscriptions: subscriptions as SubscriptionRow[],
    live_since: (live as { awake_since: number }[])[0]?.awake_since ?? null,
  };
}

/** The owner of a room (null: there is no such room) and the partners that it is shared with. */
export type RoomPartners = { owner_id: string | null; partner_ids: string[] };

/** The partners of a room, who may be notified of its chats. The caller has checked the room. */
export async function partnersOfRoom(database: OrganizationDatabase, roomId: string): Promise<RoomPartners> {
  const rows = await database.all<{ owner_id: string; partner_id: string | null }>(
    `SELECT rooms.organization_id AS owner_id, room_shares.organization_id AS partner_id FROM rooms
     LEFT JOIN room_shares ON room_shares.room_id = rooms.id WHERE rooms.id = ? ORDER BY room_shares.organization_id`,
    roomId,
  );
  return { owner_id: rows[0]?.owner_id ?? null, partner_ids: rows.flatMap(({ partner_id }) => partner_id ?? []) };
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
  const row = await changing({ kind: 'hub', organization_id: organizationId }, () =>
    identity.first<{ awake_since: number }>(
      `INSERT INTO live_organizations (organization_id, awake_since, awake_until) VALUES (?1, ?2, ?3)
     ON CONFLICT (organization_id) DO UPDATE SET
       awake_since = CASE WHEN awake_until > ?2 THEN awake_since ELSE ?2 END, awake_until = max(awake_until, ?3)
     RETURNING awake_since`,
      organizationId,
      now,
      until,
    ),
  );
  return row?.awake_since ?? now;
}
