/**
 * Notes about chats, for the users of one organization. They are rows of D1 and in no thread, so that nothing that leaves a
 * thread has them: webhooks, events, what visitors and other interfaces are shown.
 */

import type { OrganizationDatabase } from '../db/database.ts';
import { deleteInPortions } from '../db/delete-in-portions.ts';
import { type Keyset, keysetClauses } from '../db/keyset.ts';
import { isPurgedChat } from './ended-chats.ts';

/** Times in ms. */
export type NoteRow = {
  chat_id: string;
  organization_id: string;
  id: string;
  user_id: string;
  user_name: string;
  message: string;
  created_at: number;
};

/** Most notes of an organization about a chat. */
export const MOST_NOTES = 1000;

/** The notes of an organization about a chat from a time (ms) on, oldest first. The caller has checked the chat. */
export function listNotes(
  database: OrganizationDatabase,
  organizationId: string,
  chatId: string,
  since: number,
  keyset: Keyset,
): Promise<NoteRow[]> {
  const { where, orderBy, parameters } = keysetClauses({ columns: ['id'], descending: false }, keyset);
  return database.all<NoteRow>(
    `SELECT * FROM notes WHERE chat_id = ? AND organization_id = ? AND created_at >= ? AND ${where} ORDER BY ${orderBy}`,
    chatId,
    organizationId,
    since,
    ...parameters,
  );
}

/** What became of a new note: `full`, the organization has MOST_NOTES about the chat; `purged`, the chat has ended and was purged. */
export type NoteWritten = 'added' | 'full' | 'purged';

/** Adds a note to a chat that the caller has checked. */
export async function insertNote(database: OrganizationDatabase, note: NoteRow): Promise<NoteWritten> {
  const { changes } = await database.run(
    `INSERT INTO notes (chat_id, organization_id, id, user_id, user_name, message, created_at)
     SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7
     WHERE NOT ${isPurgedChat('?1')}
       AND (SELECT count(*) FROM notes WHERE chat_id = ?1 AND organization_id = ?2) < ${MOST_NOTES}`,
    note.chat_id,
    note.organization_id,
    note.id,
    note.user_id,
    note.user_name,
    note.message,
    note.created_at,
  );
  if (changes > 0) return 'added';
  const sql = `SELECT ${isPurgedChat('?')} AS is_purged`;
  const found = await database.first<{ is_purged: 0 | 1 }>(sql, note.chat_id);
  return found?.is_purged === 1 ? 'purged' : 'full';
}

/** Deletes a note of this user. False when they have written no such note about the chat. */
export async function deleteNote(
  database: OrganizationDatabase,
  organizationId: string,
  note: { chat_id: string; id: string; user_id: string },
): Promise<boolean> {
  const { changes } = await database.run(
    'DELETE FROM notes WHERE chat_id = ? AND organization_id = ? AND id = ? AND user_id = ?',
    note.chat_id,
    organizationId,
    note.id,
    note.user_id,
  );
  return changes > 0;
}

/** Deletes the notes of everybody about a purged chat from before a time (ms; null: all). Can be repeated. */
export async function purgeNotes(database: OrganizationDatabase, chatId: string, before: number | null): Promise<void> {
  const sql = `DELETE FROM notes WHERE (chat_id, organization_id, id) IN (
    SELECT chat_id, organization_id, id FROM notes WHERE chat_id = ? AND created_at < ? LIMIT ?)`;
  await deleteInPortions(
    (limit) => database.run(sql, chatId, before ?? Number.MAX_SAFE_INTEGER, limit),
    Number.POSITIVE_INFINITY,
  );
}
