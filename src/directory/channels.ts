import type { OrganizationDatabase } from '../db/database.ts';
import { CREATION_ORDERS, type Keyset, type KeysetOrder, keysetClauses } from '../db/keyset.ts';
import type { ChannelRow, StoredSecret } from '../db/rows.ts';
import { assignments } from './assignments.ts';
import { changing } from './changes.ts';
import { type KeptAnswer, keepingAnswer } from './keyed-requests.ts';
import { type Inserted, insertBelow, isBelow } from './quotas.ts';

/** The orderings of the list of channels (UMI documentation, 1.2), with the columns of each. */
export const CHANNEL_ORDERS = {
  ...CREATION_ORDERS,
  modified_at: { columns: ['modified_at', 'id'], descending: false },
  '-modified_at': { columns: ['modified_at', 'id'], descending: true },
  messaging_channel: { columns: ['messaging_channel', 'id'], descending: false },
} as const satisfies Record<string, KeysetOrder>;

export type ChannelOrdering = keyof typeof CHANNEL_ORDERS;

/**
 * A channel of the organization that a program has registered; null when there is none or it is deleted. The channels of
 * other interfaces have settings of their own (interface-channels.ts).
 */
export function findChannel(
  database: OrganizationDatabase,
  organizationId: string,
  channelId: string,
): Promise<ChannelRow | null> {
  return database.first<ChannelRow>(
    "SELECT * FROM channels WHERE id = ? AND organization_id = ? AND deleted_at IS NULL AND kind = 'umi'",
    channelId,
    organizationId,
  );
}

/** A channel of the organization, of any interface: what signs its webhooks. Null when there is none or it is deleted. */
export function findChannelWithSecret(
  database: OrganizationDatabase,
  organizationId: string,
  channelId: string,
): Promise<ChannelRow | null> {
  return database.first<ChannelRow>(
    'SELECT * FROM channels WHERE id = ? AND organization_id = ? AND deleted_at IS NULL',
    channelId,
    organizationId,
  );
}

/** A channel of the organization, of any interface, deleted or not: its deliveries and ledger remain. */
export function findChannelOrDeleted(
  database: OrganizationDatabase,
  organizationId: string,
  channelId: string,
): Promise<ChannelRow | null> {
  return database.first<ChannelRow>(
    'SELECT * FROM channels WHERE id = ? AND organization_id = ?',
    channelId,
    organizationId,
  );
}

/** Whether a channel of the organization, which is not deleted, wants webhooks of purges. */
export async function wantsPurges(
  database: OrganizationDatabase,
  organizationId: string,
  channelId: string,
): Promise<boolean> {
  const channel = await database.first<Pick<ChannelRow, 'notify_purges'>>(
    'SELECT notify_purges FROM channels WHERE id = ? AND organization_id = ? AND deleted_at IS NULL',
    channelId,
    organizationId,
  );
  return channel?.notify_purges === 1;
}

/**
 * Lists the registered channels of the organization without deleted ones. A key holds the ordering's columns in CHANNEL_ORDERS.
 */
export function listChannels(
  database: OrganizationDatabase,
  organizationId: string,
  ordering: ChannelOrdering,
  keyset: Keyset,
): Promise<ChannelRow[]> {
  const { where, orderBy, parameters } = keysetClauses(CHANNEL_ORDERS[ordering], keyset);
  return database.all<ChannelRow>(
    `SELECT * FROM channels WHERE organization_id = ? AND deleted_at IS NULL AND kind = 'umi' AND ${where} ORDER BY ${orderBy}`,
    organizationId,
    ...parameters,
  );
}

export type NewChannel = Pick<
  ChannelRow,
  | 'id'
  | 'room_id'
  | 'name'
  | 'messaging_channel'
  | 'reply_webhook_url'
  | 'max_retry_count'
  | 'echo_user_messages'
  | 'is_webhook_enabled'
  | 'notify_purges'
  | 'secret'
  | 'registered_origin'
  | 'created_at'
>;

/** Adds a channel to a room of the organization. Refused when the organization has no such room. */
export function insertChannel(
  database: OrganizationDatabase,
  organizationId: string,
  channel: NewChannel,
  limit: number,
): Promise<Inserted<ChannelRow>> {
  const quota = { name: 'channels', limit } as const;
  return insertBelow<ChannelRow>(database, quota, organizationId, [
    `INSERT INTO channels (id, organization_id, room_id, name, messaging_channel, reply_webhook_url, max_retry_count,
       echo_user_messages, is_webhook_enabled, notify_purges, secret, registered_origin, created_at, modified_at)
     SELECT ?, organization_id, id, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM rooms
     WHERE id = ? AND organization_id = ? AND deleted_at IS NULL AND ${isBelow(quota)}
     RETURNING *`,
    channel.id,
    channel.name,
    channel.messaging_channel,
    channel.reply_webhook_url,
    channel.max_retry_count,
    channel.echo_user_messages,
    channel.is_webhook_enabled,
    channel.notify_purges,
    channel.secret,
    channel.registered_origin,
    channel.created_at,
    channel.created_at,
    channel.room_id,
    organizationId,
    organizationId,
  ]);
}

export type ChannelChanges = Partial<Omit<NewChannel, 'id' | 'secret' | 'created_at'>>;

/** Changes a channel. Null when the organization has no such channel, or no such room as `changes` names. */
export function updateChannel(
  database: OrganizationDatabase,
  organizationId: string,
  channelId: string,
  changes: ChannelChanges,
  now: number,
): Promise<ChannelRow | null> {
  return changing({ kind: 'channel', organization_id: organizationId, channel_id: channelId }, async () => {
    const { set, parameters } = assignments({ ...changes, modified_at: now });
    return database.first<ChannelRow>(
      `UPDATE channels SET ${set}
       WHERE id = ? AND organization_id = ? AND deleted_at IS NULL AND kind = 'umi'
         AND (? IS NULL OR EXISTS (
           SELECT 1 FROM rooms WHERE rooms.id = ? AND rooms.organization_id = ? AND rooms.deleted_at IS NULL))
       RETURNING *`,
      ...parameters,
      channelId,
      organizationId,
      changes.room_id ?? null,
      changes.room_id ?? null,
      organizationId,
    );
  });
}

/** Marks a channel as deleted. False when the organization has no such channel. */
export function deleteChannel(
  database: OrganizationDatabase,
  organizationId: string,
  channelId: string,
  now: number,
): Promise<boolean> {
  return changing({ kind: 'channel', organization_id: organizationId, channel_id: channelId }, async () => {
    const { changes } = await database.run(
      `UPDATE channels SET deleted_at = ?, modified_at = ?
       WHERE id = ? AND organization_id = ? AND deleted_at IS NULL AND kind = 'umi'`,
      now,
      now,
      channelId,
      organizationId,
    );
    return changes > 0;
  });
}

/**
 * Gives a channel a new secret instead of `replaces`, the one that was read. The previous one also signs until
 * `previous_secret_expires_at` (ms); null ends it at once. Null when the organization has no such channel, or its secret
 * is another one by now. `kept`: the answer to keep with it.
 */
export function rotateChannelSecret(
  database: OrganizationDatabase,
  organizationId: string,
  channelId: string,
  rotation: Pick<ChannelRow, 'secret' | 'previous_secret' | 'previous_secret_expires_at'> & {
    replaces: StoredSecret;
    now: number;
  },
  kept: KeptAnswer | null = null,
): Promise<ChannelRow | null> {
  return changing({ kind: 'channel', organization_id: organizationId, channel_id: channelId }, async () => {
    const [rows = []] = await database.batch([
      [
        `UPDATE channels
         SET secret = ?, previous_secret = ?, previous_secret_expires_at = ?, modified_at = ?
         WHERE id = ? AND organization_id = ? AND deleted_at IS NULL AND secret = ?
         RETURNING *`,
        rotation.secret,
        rotation.previous_secret,
        rotation.previous_secret_expires_at,
        rotation.now,
        channelId,
        organizationId,
        rotation.replaces,
      ],
      ...keepingAnswer(kept, 'SELECT 1 FROM channels WHERE id = ? AND secret = ?', channelId, rotation.secret),
    ]);
    return (rows[0] as ChannelRow | undefined) ?? null;
  });
}
