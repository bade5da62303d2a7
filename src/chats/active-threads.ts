import type { OrganizationDatabase } from '../db/database.ts';

/** Limits of what is read: chats of an organization, chats of each room that is shared with it, and rows in all. */
const CHATS_OF_ORGANIZATION = 1000;
const CHATS_OF_ROOM = 100;
const ROWS = 2000;

/**
 * Names of the threads that were active since a time (ms), as far as D1 knows: among the newest chats in rooms of an
 * organization and in rooms that are shared with it.
 */
export async function findActiveThreads(
  database: OrganizationDatabase,
  organizationId: string,
  since: number,
): Promise<string[]> {
  const newest = 'SELECT id FROM chats WHERE room_id = room_shares.room_id ORDER BY id DESC LIMIT 1 OFFSET ?4';
  const rows = await database.all<{ thread: string }>(
    `SELECT DISTINCT thread FROM (
       SELECT * FROM (SELECT thread, updated_at FROM chats INDEXED BY chats_of_organization
         WHERE organization_id = ?1 AND room_id IS NOT NULL ORDER BY id DESC LIMIT ?3)
       UNION ALL
       SELECT * FROM (SELECT chats.thread, chats.updated_at FROM room_shares
         CROSS JOIN chats INDEXED BY chats_by_room ON chats.room_id = room_shares.room_id
           AND chats.id >= coalesce((${newest}), '')
         WHERE room_shares.organization_id = ?1 LIMIT ?5))
     WHERE updated_at >= ?2`,
    organizationId,
    since,
    CHATS_OF_ORGANIZATION,
    CHATS_OF_ROOM - 1,
    ROWS,
  );
  return rows.map(({ thread }) => thread);
}
