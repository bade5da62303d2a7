import type { DatabaseSync } from 'node:sqlite';
import type { Attachment, ChatResource, MessageResource } from './hub-api.ts';

/** The owner of a chat that is not a visitor of this application. */
export const SOMEBODY_ELSE = Symbol('somebody else');

export type ChatOwner = { visitorId: string; name: string | null };

export type StoredChat = { id: string; visitor_name: string | null; created_at: string; is_ended: boolean };

/** The owner of a chat; null when this application does not know the chat. */
export function findChatOwner(database: DatabaseSync, chatId: string): ChatOwner | typeof SOMEBODY_ELSE | null {
  const row = database.prepare('SELECT visitor_id, visitor_name FROM chats WHERE id = ?').get(chatId);
  if (row === undefined) return null;
  const { visitor_id, visitor_name } = row as { visitor_id: string | null; visitor_name: string | null };
  return visitor_id === null ? SOMEBODY_ELSE : { visitorId: visitor_id, name: visitor_name };
}

/** The chats of a browser's visitor, newest first. */
export function listChats(database: DatabaseSync, session: string): StoredChat[] {
  const rows = database
    .prepare(
      `SELECT c.id, c.visitor_name, c.created_at, c.is_ended FROM chats c JOIN visitors v ON v.visitor_id = c.visitor_id
       WHERE v.session = ? ORDER BY c.created_at DESC, c.id DESC`,
    )
    .all(session);
  return rows.map((row) => chatOf(row as ChatRow));
}

/** A chat of a browser's visitor; null when the chat is not theirs. */
export function findChat(database: DatabaseSync, session: string, chatId: string): StoredChat | null {
  const row = database
    .prepare(
      `SELECT c.id, c.visitor_name, c.created_at, c.is_ended FROM chats c JOIN visitors v ON v.visitor_id = c.visitor_id
       WHERE v.session = ? AND c.id = ?`,
    )
    .get(session, chatId);
  return row === undefined ? null : chatOf(row as ChatRow);
}

/** The messages of a chat in the order of the chat: the hub's times and ids both grow with it. */
export function listMessages(database: DatabaseSync, chatId: string): MessageResource[] {
  const rows = database
    .prepare(
      `SELECT id, type, sender_type, sender_public_name, message, created_at, attachments FROM messages
       WHERE chat_id = ? ORDER BY created_at, id`,
    )
    .all(chatId);
  return rows.map((row) => ({
    ...row,
    attachments: JSON.parse(String(row['attachments'])) as Attachment[],
  })) as MessageResource[];
}

export function hasMessage(database: DatabaseSync, id: string): boolean {
  return database.prepare('SELECT 1 FROM messages WHERE id = ?').get(id) !== undefined;
}

export function isKnownAsEnded(database: DatabaseSync, chatId: string): boolean {
  return database.prepare('SELECT 1 FROM chats WHERE id = ? AND is_ended = 1').get(chatId) !== undefined;
}

/** Whether a chat's `message_count` is larger than the number of stored messages. */
export function lacksMessages(database: DatabaseSync, chatId: string): boolean {
  const row = database
    .prepare(
      `SELECT 1 FROM chats WHERE id = ? AND message_count >
         (SELECT count(*) FROM messages WHERE chat_id = chats.id AND type = 'msg')`,
    )
    .get(chatId);
  return row !== undefined;
}

export function saveChat(database: DatabaseSync, owner: ChatOwner, chat: ChatResource): void {
  database
    .prepare(
      `INSERT INTO chats VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET visitor_name = excluded.visitor_name, is_ended = excluded.is_ended,
         message_count = excluded.message_count`,
    )
    .run(chat.id, owner.visitorId, owner.name, chat.created_at, chat.is_ended ? 1 : 0, chat.message_count);
}

/** Remembers that a chat does not belong to this application. */
export function saveForeignChat(database: DatabaseSync, chatId: string): void {
  database.prepare("INSERT INTO chats VALUES (?, NULL, NULL, '', 0, 0) ON CONFLICT (id) DO NOTHING").run(chatId);
}

/** Fields that a change does not name stay. */
export function changeChat(database: DatabaseSync, change: Partial<ChatResource> & { id: string }): void {
  const { id, is_ended, message_count } = change;
  if (is_ended !== undefined) {
    database.prepare('UPDATE chats SET is_ended = ? WHERE id = ?').run(is_ended ? 1 : 0, id);
  }
  if (message_count !== undefined) {
    database.prepare('UPDATE chats SET message_count = ? WHERE id = ?').run(message_count, id);
  }
}

export function deleteChat(database: DatabaseSync, id: string): void {
  database.prepare('DELETE FROM messages WHERE chat_id = ?').run(id);
  database.prepare('DELETE FROM chats WHERE id = ?').run(id);
}

export function saveMessage(database: DatabaseSync, chatId: string, resource: MessageResource): void {
  const { id, type, sender_type, sender_public_name, message, created_at, attachments } = resource;
  database
    .prepare(
      `INSERT INTO messages (id, chat_id, type, sender_type, sender_public_name, message, created_at, attachments)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET sender_public_name = excluded.sender_public_name, message = excluded.message,
         attachments = excluded.attachments`,
    )
    .run(id, chatId, type, sender_type, sender_public_name, message, created_at, filesOf(attachments));
}

/** What a change does not name stays; a text becomes null when it is purged, and files go. */
export function changeMessage(database: DatabaseSync, change: Partial<MessageResource> & { id: string }): void {
  const { id, sender_public_name, message, attachments } = change;
  if (sender_public_name !== undefined) {
    database.prepare('UPDATE messages SET sender_public_name = ? WHERE id = ?').run(sender_public_name, id);
  }
  if (message !== undefined) database.prepare('UPDATE messages SET message = ? WHERE id = ?').run(message, id);
  if (attachments !== undefined) {
    database.prepare('UPDATE messages SET attachments = ? WHERE id = ?').run(filesOf(attachments), id);
  }
}

/** What a page shows of the files. Their URLs expire, so none is stored. */
function filesOf(attachments: readonly Attachment[]): string {
  const files = attachments.flatMap(({ id, title, file }) =>
    file === undefined ? [] : [{ id, title, file: { content_type: file.content_type, size: file.size } }],
  );
  return JSON.stringify(files);
}

export function deleteMessage(database: DatabaseSync, id: string): void {
  database.prepare('DELETE FROM messages WHERE id = ?').run(id);
}

/** Replaces a stored chat by the chat as the hub shows it now. */
export function replaceChat(
  database: DatabaseSync,
  owner: ChatOwner,
  chat: ChatResource,
  messages: readonly MessageResource[],
): void {
  deleteChat(database, chat.id);
  saveChat(database, owner, chat);
  for (const message of messages) saveMessage(database, chat.id, message);
}

type ChatRow = Omit<StoredChat, 'is_ended'> & { is_ended: number };

function chatOf(row: ChatRow): StoredChat {
  return { ...row, is_ended: row.is_ended === 1 };
}
