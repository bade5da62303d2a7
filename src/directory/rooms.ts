import type { Database } from '../db/database.ts';
import { type Keyset, keysetClauses } from '../db/keyset.ts';
import type { RoomRow } from '../db/rows.ts';
import { assignments } from './assignments.ts';

/** A room of the organization that is not deleted. */
export function findRoom(database: Database, organizationId: string, roomId: string): Promise<RoomRow | null> {
  return database.first<RoomRow>(
    'SELECT * FROM rooms WHERE id = ? AND organization_id = ? AND deleted_at IS NULL',
    roomId,
    organizationId,
  );
}

/** Rooms of the organization in the order of their ids, without deleted ones. */
export function listRooms(database: Database, organizationId: string, keyset: Keyset): Promise<RoomRow[]> {
  const { where, orderBy, parameters } = keysetClauses({ columns: ['id'], descending: false }, keyset);
  return database.all<RoomRow>(
    `SELECT * FROM rooms WHERE organization_id = ? AND deleted_at IS NULL AND ${where} ORDER BY ${orderBy}`,
    organizationId,
    ...parameters,
  );
}

export type NewRoom = Omit<RoomRow, 'organization_id' | 'deleted_at' | 'updated_at'>;

/** Adds a room to an organization that exists. Null when the id is taken. */
export function insertRoom(database: Database, organizationId: string, room: NewRoom): Promise<RoomRow | null> {
  return database.first<RoomRow>(
    `INSERT INTO rooms (id, organization_id, name, display_name, language_code, created_at, updated_at)
     VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT DO NOTHING RETURNING *`,
    room.id,
    organizationId,
    room.name,
    room.display_name,
    room.language_code,
    room.created_at,
    room.created_at,
  );
}

export type RoomChanges = Partial<Omit<NewRoom, 'id' | 'created_at'>>;

/** Changes what is given. Null when the organization has no such room. */
export function updateRoom(
  database: Database,
  organizationId: string,
  roomId: string,
  changes: RoomChanges,
  now: number,
): Promise<RoomRow | null> {
  const { set, parameters } = assignments({ ...changes, updated_at: now });
  return database.first<RoomRow>(
    `UPDATE rooms SET ${set} WHERE id = ? AND organization_id = ? AND deleted_at IS NULL RETURNING *`,
    ...parameters,
    roomId,
    organizationId,
  );
}

/** Marks a room as deleted. False when the organization has no such room. */
export async function deleteRoom(
  database: Database,
  organizationId: string,
  roomId: string,
  now: number,
): Promise<boolean> {
  const { changes } = await database.run(
    'UPDATE rooms SET deleted_at = ?, updated_at = ? WHERE id = ? AND organization_id = ? AND deleted_at IS NULL',
    now,
    now,
    roomId,
    organizationId,
  );
  return changes > 0;
}
