/**
 * Notes about chats, for the users of one organization. They are rows of D1 and in no thread, so that nothing that leaves a
 * thread has them: webhooks, events, what visitors and other interfaces are shown.
 */

import type { OrganizationDatabase } from '../db/database.ts';
import { type Keyset, keysetClauses } from '../db/keyset.ts';
import type { MentionedUser } from '../resources/note.ts';
import { isPurgedChat } from './ended-chats.ts';
import { deleteMentionsOf, insertMentions, purgeMentions } from './mentions.ts';
import { purgeRowsBeside, type RowsBesideChats } from './rows-beside-chats.ts';

/** Times in ms. */
export type NoteRow = {
  chat_id: string;
  organization_id: string;
  id: string;
  user_id: string;
  user_name: string;
  message: string;
  mentioned: MentionedUser[];
  created_at: number;
};

type StoredNote = Omit<NoteRow, 'mentioned'> & { mentioned: string };

const NOTES: RowsBesideChats = { table: 'notes', key: 'chat_id, organization_id, id', writtenAt: 'created_at' };

/** Most notes of an organization about a chat. */
export const MOST_NOTES = 1000;

/** The notes of an organization about a chat from a time (ms) on, oldest first. The caller has checked the chat. */
export async function listNotes(
  database: OrganizationDatabase,
  organizationId: string,
  chatId: string,
  since: number,
  keyset: Keyset,
): Promise<NoteRow[]> {
  const { where, orderBy, parameters } = keysetClauses({ columns: ['id'], descending: false }, keyset);
  const rows = await database.all<StoredNote>(
    `SELECT * FROM notes WHERE chat_id = ? AND organization_id = ? AND created_at >= ? AND ${where} ORDER BY ${orderBy}`,
    chatId,
    organizationId,
    since,
    ...parameters,
  );
  return rows.map((row) => ({ ...row, mentioned: JSON.parse(row.mentioned) as MentionedUser[] }));
}

/** What became of a new note: `full`, the organization has MOST_NOTES about the chat; `purged`, the chat has ended and was purged. */
export type NoteWritten = 'added' | 'full' | 'purged';

/** Adds a note to a chat that the caller has checked, and mentions in it those whom it names. */
export async function insertNote(database: OrganizationDatabase, note: NoteRow): Promise<NoteWritten> {
  const sql = `INSERT INTO notes (chat_id, organization_id, id, user_id, user_name, message, mentioned, created_at)
    SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8
    WHERE NOT ${isPurgedChat('?1')}
      AND (SELECT count(*) FROM notes WHERE chat_id = ?1 AND organization_id = ?2) < ${MOST_NOTES}
    RETURNING id`;
  const { chat_id, organization_id, id, user_id, user_name, message, mentioned, created_at } = note;
  const columns = [chat_id, organization_id, id, user_id, user_name, message, JSON.stringify(mentioned), created_at];
  const ids = mentioned.map((user) => user.id);
  const [added = [], [chat] = []] = await database.batch([
    [sql, ...columns],
    [`SELECT ${isPurgedChat('?')} AS is_purged`, chat_id],
    ...(ids.length === 0 ? [] : [insertMentions(note, ids)]),
  ]);
  if (added.length > 0) return 'added';
  return chat?.['is_purged'] === 1 ? 'purged' : 'full';
}

/**
 * Deletes a note of this user, and whom it mentions. Answers the ids of those who are mentioned no more; null when the user
 * has written no such note about the chat.
 */
export async function deleteNote(
  database: OrganizationDatabase,
  organizationId: string,
  note: { chat_id: string; id: string; user_id: string },
): Promise<string[] | null> {
  const sql = 'DELETE FROM notes WHERE chat_id = ? AND organization_id = ? AND id = ? AND user_id = ? RETURNING id';
  const [deleted = [], mentions = []] = await database.batch([
    [sql, note.chat_id, organizationId, note.id, note.user_id],
    deleteMentionsOf(organizationId, note),
  ]);
  return deleted.length === 0 ? null : mentions.map((row) => String(row['user_id']));
}

/** Deletes the notes of everybody about a purged chat from before a time (ms; null: all), and their mentions. Can be repeated. */
export async function purgeNotes(database: OrganizationDatabase, chatId: string, before: number | null): Promise<void> {
  await purgeRowsBeside(database, NOTES, chatId, before);
  await purgeMentions(database, chatId, before);
}
