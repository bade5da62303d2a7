import type { OrganizationDatabase } from '../db/database.ts';
import type { Flag } from '../db/rows.ts';
import type { PageFacts } from '../resources/chat.ts';

/** A visitor's newest chat in a room; null when they have none. */
export async function findNewestChatOfVisitor(
  database: OrganizationDatabase,
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

/** Limits of what is read: a visitor's newest chats, and rooms among them. */
const CHATS_LOOKED_AT = 1000;
const ROOMS_AT_MOST = 100;

/** A visitor's newest chat in each of the organization's rooms. */
export async function findNewestChatInEachRoom(
  database: OrganizationDatabase,
  organizationId: string,
  visitorId: string,
): Promise<string[]> {
  const rows = await database.all<{ id: string }>(
    `SELECT max(id) AS id FROM (
       SELECT id, room_id FROM chats INDEXED BY chats_by_visitor WHERE visitor_id = ? AND organization_id = ?
       ORDER BY id DESC LIMIT ${CHATS_LOOKED_AT})
     GROUP BY room_id ORDER BY 1 DESC LIMIT ${ROOMS_AT_MOST}`,
    visitorId,
    organizationId,
  );
  return rows.map(({ id }) => id);
}

/** Whether a visitor has written in a chat, and the page that they are on (null: unknown). */
export type VisitorOnPage = { has_written: boolean; page: PageFacts | null };

/** A visitor in one of their chats, as far as D1 knows; null when it has no such chat. */
export async function findVisitorOnPage(
  database: OrganizationDatabase,
  visitorId: string,
  chatId: string,
): Promise<VisitorOnPage | null> {
  const row = await database.first<{ has_written: Flag; url: string | null; title: string | null }>(
    `SELECT chats.facts ->> '$.first_visitor_message_at' IS NOT NULL AS has_written,
       visitors.details ->> '$.latest_page_url' AS url, visitors.details ->> '$.latest_page_title' AS title
     FROM chats JOIN visitors ON visitors.id = chats.visitor_id AND visitors.room_id = chats.room_id
     WHERE chats.id = ? AND chats.visitor_id = ?`,
    chatId,
    visitorId,
  );
  if (row === null) return null;
  return { has_written: row.has_written === 1, page: row.url === null ? null : { url: row.url, title: row.title } };
}
