import type { OrganizationDatabase } from '../db/database.ts';
import { type Keyset, keysetClauses } from '../db/keyset.ts';
import type { AllowedTagRow } from '../db/rows.ts';

/** The tags that a room allows, by name (Chats API, Chat tags). The caller checks the room. */
export function listAllowedTags(
  database: OrganizationDatabase,
  roomId: string,
  keyset: Keyset,
): Promise<AllowedTagRow[]> {
  const { where, orderBy, parameters } = keysetClauses({ columns: ['name'], descending: false }, keyset);
  return database.all<AllowedTagRow>(
    `SELECT * FROM allowed_tags WHERE room_id = ? AND ${where} ORDER BY ${orderBy}`,
    roomId,
    ...parameters,
  );
}

/** An allowed tag of a room; null when there is none. The caller has checked the room. */
export function findAllowedTag(
  database: OrganizationDatabase,
  roomId: string,
  name: string,
): Promise<AllowedTagRow | null> {
  return database.first<AllowedTagRow>('SELECT * FROM allowed_tags WHERE room_id = ? AND name = ?', roomId, name);
}

/**
 * Allows a tag. A room has each name once: `isNew` is false for a known one. Null when the organization has no such
 * room.
 */
export async function insertAllowedTag(
  database: OrganizationDatabase,
  organizationId: string,
  tag: AllowedTagRow,
): Promise<{ tag: AllowedTagRow; isNew: boolean } | null> {
  const [inserted = [], known = []] = await database.batch([
    [
      `INSERT INTO allowed_tags (room_id, name, created_at)
       SELECT id, ?, ? FROM rooms WHERE id = ? AND organization_id = ? AND deleted_at IS NULL
       ON CONFLICT DO NOTHING RETURNING *`,
      tag.name,
      tag.created_at,
      tag.room_id,
      organizationId,
    ],
    [
      `SELECT allowed_tags.* FROM allowed_tags JOIN rooms ON rooms.id = allowed_tags.room_id
       WHERE rooms.id = ? AND rooms.organization_id = ? AND rooms.deleted_at IS NULL AND allowed_tags.name = ?`,
      tag.room_id,
      organizationId,
      tag.name,
    ],
  ]);
  const row = known[0] as AllowedTagRow | undefined;
  return row === undefined ? null : { tag: row, isNew: inserted.length > 0 };
}

/** Removes an allowed tag. False when the organization's room has no such tag. Chats keep the tags that they have. */
export async function deleteAllowedTag(
  database: OrganizationDatabase,
  organizationId: string,
  roomId: string,
  name: string,
): Promise<boolean> {
  const { changes } = await database.run(
    `DELETE FROM allowed_tags WHERE name = ? AND room_id =
       (SELECT id FROM rooms WHERE id = ? AND organization_id = ? AND deleted_at IS NULL)`,
    name,
    roomId,
    organizationId,
  );
  return changes > 0;
}
