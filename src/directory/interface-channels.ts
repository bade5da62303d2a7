import type { OrganizationDatabase } from '../db/database.ts';
import type { ChannelRow } from '../db/rows.ts';
import type { InterfaceKind } from '../resources/interface.ts';
import { assignments } from './assignments.ts';
import { changing } from './changes.ts';

/** The channel of an interface. Null before its settings or its first key were made. */
export function findInterfaceChannel(
  database: OrganizationDatabase,
  organizationId: string,
  kind: InterfaceKind,
): Promise<ChannelRow | null> {
  return database.first<ChannelRow>(FIND, organizationId, kind);
}

const FIND = `SELECT * FROM channels INDEXED BY channels_of_interface
  WHERE organization_id = ? AND kind = ? AND kind <> 'umi' AND deleted_at IS NULL`;

export type NewInterfaceChannel = Pick<
  ChannelRow,
  'id' | 'secret' | 'webhook_key' | 'registered_origin' | 'created_at'
> & {
  kind: InterfaceKind;
};

/**
 * The channel of an interface; `made`, in the organization's oldest room, if there is none. Of several calls at once one
 * makes it. Null when the organization has no room.
 */
export async function findOrMakeInterfaceChannel(
  database: OrganizationDatabase,
  organizationId: string,
  made: NewInterfaceChannel,
): Promise<ChannelRow | null> {
  return changing({ kind: 'channel', organization_id: organizationId, channel_id: made.id }, async () => {
    const [, found = []] = await database.batch([
      [
        `INSERT INTO channels (id, organization_id, room_id, name, messaging_channel, reply_webhook_url, kind, secret,
           webhook_key, registered_origin, created_at, modified_at)
         SELECT ?1, organization_id, id, ?2, ?2, '', ?2, ?3, ?4, ?5, ?6, ?6 FROM rooms
         WHERE organization_id = ?7 AND deleted_at IS NULL ORDER BY created_at, id LIMIT 1
         ON CONFLICT DO NOTHING`,
        made.id,
        made.kind,
        made.secret,
        made.webhook_key,
        made.registered_origin,
        made.created_at,
        organizationId,
      ],
      [FIND, organizationId, made.kind],
    ]);
    return (found[0] as ChannelRow | undefined) ?? null;
  });
}

/** Undefined leaves a value as it is. */
export type InterfaceChannelChanges = {
  [Column in keyof Pick<
    ChannelRow,
    'reply_webhook_url' | 'registered_origin' | 'webhook_key' | 'room_id' | 'responder' | 'responder_key'
  >]?: ChannelRow[Column] | undefined;
};

/** Changes the channel of an interface. Null when it is gone, or the organization has no such room as `changes` names. */
export function updateInterfaceChannel(
  database: OrganizationDatabase,
  organizationId: string,
  channelId: string,
  changes: InterfaceChannelChanges,
  now: number,
): Promise<ChannelRow | null> {
  return changing({ kind: 'channel', organization_id: organizationId, channel_id: channelId }, () => {
    const { set, parameters } = assignments({ ...changes, modified_at: now } as Parameters<typeof assignments>[0]);
    const roomId = changes.room_id ?? null;
    return database.first<ChannelRow>(
      `UPDATE channels SET ${set}
       WHERE id = ? AND organization_id = ? AND kind <> 'umi' AND deleted_at IS NULL
         AND (? IS NULL OR EXISTS (
           SELECT 1 FROM rooms WHERE rooms.id = ? AND rooms.organization_id = ? AND rooms.deleted_at IS NULL))
       RETURNING *`,
      ...parameters,
      channelId,
      organizationId,
      roomId,
      roomId,
      organizationId,
    );
  });
}
