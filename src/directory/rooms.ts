import type { IdIndex } from '../chats/id-walk.ts';
import { idRange, type Scan, scanTable } from '../chats/scan.ts';
import type { OrganizationDatabase } from '../db/database.ts';
import { type Keyset, keysetClauses } from '../db/keyset.ts';
import type { ChannelRow, RoomRow } from '../db/rows.ts';
import type { RoomSet } from '../resources/chat-grant.ts';
import { assignments } from './assignments.ts';
import { changing } from './changes.ts';
import { type Inserted, insertBelow, isBelow } from './quotas.ts';
import { endOffers } from './shares.ts';

/** A room of the organization; null when there is none or it is deleted. */
export function findRoom(
  database: OrganizationDatabase,
  organizationId: string,
  roomId: string,
): Promise<RoomRow | null> {
  return database.first<RoomRow>(
    'SELECT * FROM rooms WHERE id = ? AND organization_id = ? AND deleted_at IS NULL',
    roomId,
    organizationId,
  );
}

/** A room that is not deleted, of whatever organization: the caller compares `organization_id`. Null when there is none. */
export function findRoomOfAnyone(database: OrganizationDatabase, roomId: string): Promise<RoomRow | null> {
  return database.first<RoomRow>('SELECT * FROM rooms WHERE id = ? AND deleted_at IS NULL', roomId);
}

/**
 * A room of a set (read-routed-rooms.ts), own or shared, that is not deleted. The set of an organization has its own
 * rooms and those shared with it.
 */
export function findRoomInSet(database: OrganizationDatabase, rooms: RoomSet, roomId: string): Promise<RoomRow | null> {
  return database.first<RoomRow>(
    'SELECT * FROM rooms WHERE id = ? AND deleted_at IS NULL AND (organization_id = ? OR ?)',
    roomId,
    rooms.organization_id,
    rooms.room_ids.includes(roomId) ? 1 : 0,
  );
}

const OF_ORGANIZATION = { table: 'rooms', owner: 'organization_id', id: 'id' };
const ALL: IdIndex = { ...OF_ORGANIZATION, name: 'rooms_by_organization', where: 'TRUE' };
const UNDELETED: IdIndex = { ...OF_ORGANIZATION, name: 'rooms_undeleted', where: 'deleted_at IS NULL' };

const COLUMNS = {
  organization_id: true,
  name: true,
  display_name: true,
  language_code: true,
  visitor_chat_idle_ttl: true,
  task_chat_ttl: true,
  require_online: true,
  is_task_allowed: true,
  is_external_allowed: true,
  chat_key_ttl_days: true,
  is_open: true,
  service_hours: true,
  domain: true,
  updated_by_user_id: true,
  deleted_at: true,
  created_at: true,
  updated_at: true,
} as const satisfies { [Column in Exclude<keyof RoomRow, 'id'>]: true };

const IS_SHARED = 'EXISTS (SELECT 1 FROM room_shares WHERE room_shares.room_id = walk.id)';

/**
 * Rooms of the organization by their ids. `isShared`: only those that are shared with a partner, or only the others;
 * null: all. No index knows which are shared, so that filter may end a page early.
 */
export function listRooms(
  database: OrganizationDatabase,
  organizationId: string,
  { includesDeleted, isShared }: { includesDeleted: boolean; isShared: boolean | null },
  keyset: Keyset,
): Promise<Scan<RoomRow>> {
  return scanTable<RoomRow>(
    database,
    {
      index: includesDeleted ? ALL : UNDELETED,
      owner: organizationId,
      columns: COLUMNS,
      match: isShared === null ? null : isShared ? IS_SHARED : `NOT ${IS_SHARED}`,
      rowsOfId: 1,
      parameters: [],
    },
    idRange(keyset, false),
    keyset.limit,
  );
}

/** The rooms of a set by their ids, own and shared, without deleted ones. */
export function listReachedRooms(database: OrganizationDatabase, rooms: RoomSet, keyset: Keyset): Promise<RoomRow[]> {
  const { where, orderBy, parameters } = keysetClauses({ columns: ['id'], descending: false }, keyset);
  const page = (condition: string) =>
    `SELECT * FROM (SELECT * FROM rooms WHERE ${condition} AND deleted_at IS NULL AND ${where} ORDER BY ${orderBy})`;
  return database.all<RoomRow>(
    `SELECT * FROM (${page('organization_id = ?')} UNION ${page('id IN (SELECT value FROM json_each(?))')}) ORDER BY ${orderBy}`,
    rooms.organization_id,
    ...parameters,
    JSON.stringify(rooms.room_ids),
    ...parameters,
  );
}

/** The options of a room with their defaults. Lifetimes in seconds; null: never. */
export const DEFAULT_ROOM_OPTIONS = {
  language_code: 'en',
  visitor_chat_idle_ttl: 3600,
  task_chat_ttl: 86_400,
  require_online: 0,
  is_task_allowed: 0,
  is_external_allowed: 0,
  chat_key_ttl_days: null,
  is_open: 1,
  service_hours: null,
  domain: null,
} as const satisfies RoomOptions;

type RoomOptions = Pick<
  RoomRow,
  | 'language_code'
  | 'visitor_chat_idle_ttl'
  | 'task_chat_ttl'
  | 'require_online'
  | 'is_task_allowed'
  | 'is_external_allowed'
  | 'chat_key_ttl_days'
  | 'is_open'
  | 'service_hours'
  | 'domain'
>;
type ChosenOptions = { [Column in keyof RoomOptions]?: RoomOptions[Column] | undefined };

/** A new room. An option that is left out has its default. */
export type NewRoom = Pick<RoomRow, 'id' | 'name' | 'display_name' | 'created_at'> &
  ChosenOptions & { updated_by_user_id?: string | null };

/** Adds a room to an organization that exists. Refused when the id is taken. */
export function insertRoom(
  database: OrganizationDatabase,
  organizationId: string,
  room: NewRoom,
  limit: number,
): Promise<Inserted<RoomRow>> {
  return changing({ kind: 'routing', organization_ids: [organizationId] }, async () => {
    const quota = { name: 'rooms', limit } as const;
    const chosen = (option: keyof RoomOptions) =>
      room[option] === undefined ? DEFAULT_ROOM_OPTIONS[option] : room[option];
    return insertBelow<RoomRow>(database, quota, organizationId, [
      `INSERT INTO rooms (id, organization_id, name, display_name, language_code, visitor_chat_idle_ttl, task_chat_ttl,
         require_online, is_task_allowed, is_external_allowed, chat_key_ttl_days, is_open, service_hours, domain,
         updated_by_user_id, created_at, updated_at)
       SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? WHERE ${isBelow(quota)}
       ON CONFLICT DO NOTHING RETURNING *`,
      room.id,
      organizationId,
      room.name,
      room.display_name,
      chosen('language_code'),
      chosen('visitor_chat_idle_ttl'),
      chosen('task_chat_ttl'),
      chosen('require_online'),
      chosen('is_task_allowed'),
      chosen('is_external_allowed'),
      chosen('chat_key_ttl_days'),
      chosen('is_open'),
      chosen('service_hours'),
      chosen('domain'),
      room.updated_by_user_id ?? null,
      room.created_at,
      room.created_at,
      organizationId,
    ]);
  });
}

/** `updated_by_user_id` is null for changes by the operator of the hub. */
export type RoomChanges = ChosenOptions & {
  name?: string | undefined;
  display_name?: string | undefined;
  updated_by_user_id: string | null;
};

/** Changes a room. Null when the organization has no such room. */
export function updateRoom(
  database: OrganizationDatabase,
  organizationId: string,
  roomId: string,
  changes: RoomChanges,
  now: number,
): Promise<RoomRow | null> {
  return changing({ kind: 'routing', organization_ids: [organizationId] }, async () => {
    const { set, parameters } = assignments({ ...changes, updated_at: now });
    return database.first<RoomRow>(
      `UPDATE rooms SET ${set} WHERE id = ? AND organization_id = ? AND deleted_at IS NULL RETURNING *`,
      ...parameters,
      roomId,
      organizationId,
    );
  });
}

export type RoomDeleted = 'deleted' | 'not_found' | { channels: Pick<ChannelRow, 'id' | 'name'>[] };

/** Most channels that a refusal to delete a room names. */
const NAMED_CHANNELS = 20;

/**
 * Marks a room as deleted. Not while it has channels, whose messages would have no room: they are answered, the first
 * 20 of them. `not_found`: the organization has no such room.
 */
export function deleteRoom(
  database: OrganizationDatabase,
  organizationId: string,
  roomId: string,
  now: number,
): Promise<RoomDeleted> {
  return changing({ kind: 'routing', organization_ids: [organizationId] }, async () => {
    const OF_ROOM = 'channels.room_id = rooms.id AND channels.deleted_at IS NULL';
    const [channels, deleted] = (await database.batch([
      [
        `SELECT channels.id, channels.name FROM rooms JOIN channels ON ${OF_ROOM}
         WHERE rooms.id = ? AND rooms.organization_id = ? AND rooms.deleted_at IS NULL ORDER BY channels.id LIMIT ?`,
        roomId,
        organizationId,
        NAMED_CHANNELS,
      ],
      [
        `UPDATE rooms SET deleted_at = ?1, updated_at = ?1 WHERE id = ?2 AND organization_id = ?3 AND deleted_at IS NULL
           AND NOT EXISTS (SELECT 1 FROM channels WHERE ${OF_ROOM}) RETURNING id`,
        now,
        roomId,
        organizationId,
      ],
      endOffers('room', roomId, organizationId),
    ])) as [Pick<ChannelRow, 'id' | 'name'>[], unknown[]];
    if (deleted.length > 0) return 'deleted';
    return channels.length > 0 ? { channels } : 'not_found';
  });
}
