/**
 * Mentions: which users a note about a chat names. One for each user and chat, until they have opened the chat. Notes write
 * and delete them (notes.ts).
 */

import type { OrganizationDatabase, Statement } from '../db/database.ts';
import type { IdIndex } from './id-walk.ts';
import { deleteOldRows, purgeRowsBeside, type RowsBesideChats } from './rows-beside-chats.ts';

/** Mentions that are older go (ms): whoever has not looked for so long is not waited for. */
export const MENTIONS_KEPT = 30 * 24 * 3_600_000;

const MENTIONS: RowsBesideChats = { table: 'mentions', key: 'user_id, chat_id', writtenAt: 'created_at' };

/** The chats in which a user is mentioned. */
export const MENTIONED: IdIndex = { table: 'mentions', name: null, owner: 'user_id', id: 'chat_id', where: 'TRUE' };

/** Whom a note mentions: it is written only if the note is. `created_at` in ms. */
export function insertMentions(
  note: { chat_id: string; organization_id: string; id: string; created_at: number },
  userIds: readonly string[],
): Statement {
  const sql = `INSERT INTO mentions (user_id, chat_id, organization_id, note_id, created_at)
    SELECT value, ?2, ?3, ?4, ?5 FROM json_each(?1)
    WHERE EXISTS (SELECT 1 FROM notes WHERE chat_id = ?2 AND organization_id = ?3 AND id = ?4)
    ON CONFLICT (user_id, chat_id) DO UPDATE SET note_id = excluded.note_id, created_at = excluded.created_at`;
  return [sql, JSON.stringify(userIds), note.chat_id, note.organization_id, note.id, note.created_at];
}

/** Deletes the mentions of a note that is gone: those for which no newer note has come. Answers `user_id` of each. */
export function deleteMentionsOf(organizationId: string, note: { chat_id: string; id: string }): Statement {
  const sql = `DELETE FROM mentions WHERE chat_id = ?1 AND organization_id = ?2 AND note_id = ?3
    AND NOT EXISTS (SELECT 1 FROM notes WHERE chat_id = ?1 AND organization_id = ?2 AND id = ?3) RETURNING user_id`;
  return [sql, note.chat_id, organizationId, note.id];
}

/** Forgets that a user is mentioned in a chat. False when they are not. */
export async function deleteMention(
  database: OrganizationDatabase,
  organizationId: string,
  userId: string,
  chatId: string,
): Promise<boolean> {
  const { changes } = await database.run(
    'DELETE FROM mentions WHERE user_id = ? AND chat_id = ? AND organization_id = ?',
    userId,
    chatId,
    organizationId,
  );
  return changes > 0;
}

/** Deletes the mentions of everybody in a purged chat from before a time (ms; null: all). Can be repeated. */
export function purgeMentions(database: OrganizationDatabase, chatId: string, before: number | null): Promise<void> {
  return purgeRowsBeside(database, MENTIONS, chatId, before);
}

/** Deletes mentions from before MENTIONS_KEPT, at `now` (ms). Answers how many. For the watchdog. */
export function deleteOldMentions(database: OrganizationDatabase, now: number): Promise<number> {
  return deleteOldRows(database, MENTIONS, now - MENTIONS_KEPT);
}
