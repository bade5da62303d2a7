import type { Database } from '../db/database.ts';
import type { Flag } from '../db/rows.ts';

/** The chat of a visitor in a room that started last; null when he has none. */
export async function findNewestChatOfVisitor(
  database: Database,
  roomId: string,
  visitorId: string,
): Promise<{ chat_id: string; is_ended: boolean } | null> {
  const row = await database.first<{ id: string; is_ended: Flag }>(
    `SELECT id, is_ended FROM chats INDEXED BY chats_by_visitor WHERE visitor_id = ? AND room_id = ?
     ORDER BY id DESC LIMIT 1`,
    visitorId,
    roomId,
  );
  return row === null ? null : { chat_id: row.id, is_ended: row.is_ended === 1 };
}
