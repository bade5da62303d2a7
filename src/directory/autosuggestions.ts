import type { OrganizationDatabase } from '../db/database.ts';
import { type Keyset, keysetClauses } from '../db/keyset.ts';
import type { AutosuggestionRow } from '../db/rows.ts';
import { assignments } from './assignments.ts';

/** Most rules of a room: a visitor's page is compared with all of them. */
export const MOST_AUTOSUGGESTIONS = 100;

/** The rules of a room by their ids, which is the order in which they were made. The caller has checked the room. */
export function listAutosuggestions(
  database: OrganizationDatabase,
  organizationId: string,
  roomId: string,
  keyset: Keyset,
): Promise<AutosuggestionRow[]> {
  const { where, orderBy, parameters } = keysetClauses({ columns: ['id'], descending: false }, keyset);
  return database.all<AutosuggestionRow>(
    `SELECT * FROM autosuggestions WHERE room_id = ? AND organization_id = ? AND ${where} ORDER BY ${orderBy}`,
    roomId,
    organizationId,
    ...parameters,
  );
}

/** All rules of a room, in their order. */
export function autosuggestionsOf(
  database: OrganizationDatabase,
  organizationId: string,
  roomId: string,
): Promise<AutosuggestionRow[]> {
  const all = { key: null, direction: 'next', limit: MOST_AUTOSUGGESTIONS } as const;
  return listAutosuggestions(database, organizationId, roomId, all);
}

/** A rule of a room; null when there is none, or the room is deleted. */
export function findAutosuggestion(
  database: OrganizationDatabase,
  organizationId: string,
  roomId: string,
  id: string,
): Promise<AutosuggestionRow | null> {
  return database.first<AutosuggestionRow>(
    `SELECT autosuggestions.* FROM autosuggestions JOIN rooms ON rooms.id = autosuggestions.room_id
     WHERE autosuggestions.room_id = ? AND autosuggestions.id = ? AND autosuggestions.organization_id = ?
       AND rooms.deleted_at IS NULL`,
    roomId,
    id,
    organizationId,
  );
}

/** Adds a rule to a room that the caller has checked. Null when the room has the maximum. */
export function insertAutosuggestion(
  database: OrganizationDatabase,
  organizationId: string,
  rule: Omit<AutosuggestionRow, 'organization_id' | 'updated_at'>,
): Promise<AutosuggestionRow | null> {
  return database.first<AutosuggestionRow>(
    `INSERT INTO autosuggestions
       (id, organization_id, room_id, url_pattern, seconds, language_code, user_id, created_at, updated_at)
     SELECT ?, organization_id, id, ?, ?, ?, ?, ?, ? FROM rooms
     WHERE id = ? AND organization_id = ? AND deleted_at IS NULL
       AND (SELECT count(*) FROM autosuggestions WHERE room_id = rooms.id) < ${MOST_AUTOSUGGESTIONS}
     RETURNING *`,
    rule.id,
    rule.url_pattern,
    rule.seconds,
    rule.language_code,
    rule.user_id,
    rule.created_at,
    rule.created_at,
    rule.room_id,
    organizationId,
  );
}

export type AutosuggestionChanges = {
  [Column in 'url_pattern' | 'seconds' | 'language_code' | 'user_id']?: AutosuggestionRow[Column] | undefined;
};

/** Changes a rule at `now` (ms). Null when the room has no such rule. */
export function updateAutosuggestion(
  database: OrganizationDatabase,
  organizationId: string,
  roomId: string,
  id: string,
  changes: AutosuggestionChanges,
  now: number,
): Promise<AutosuggestionRow | null> {
  const { set, parameters } = assignments({ ...changes, updated_at: now });
  return database.first<AutosuggestionRow>(
    `UPDATE autosuggestions SET ${set} WHERE room_id = ? AND id = ? AND organization_id = ?
       AND EXISTS (SELECT 1 FROM rooms WHERE rooms.id = autosuggestions.room_id AND rooms.deleted_at IS NULL)
     RETURNING *`,
    ...parameters,
    roomId,
    id,
    organizationId,
  );
}

/** Deletes a rule. False when the room has no such rule. */
export async function deleteAutosuggestion(
  database: OrganizationDatabase,
  organizationId: string,
  roomId: string,
  id: string,
): Promise<boolean> {
  const { changes } = await database.run(
    'DELETE FROM autosuggestions WHERE room_id = ? AND id = ? AND organization_id = ?',
    roomId,
    id,
    organizationId,
  );
  return changes > 0;
}
