/** Drafts: what users have begun to write in a chat and not sent. One for each user and chat, in whatever collection. */

import type { OrganizationDatabase } from '../db/database.ts';
import { type Keyset, keysetClauses } from '../db/keyset.ts';
import { isPurgedChat } from './ended-chats.ts';
import { deleteOldRows, purgeRowsBeside, type RowsBesideChats } from './rows-beside-chats.ts';

/** `updated_at` in ms. */
export type DraftRow = {
  user_id: string;
  chat_id: string;
  organization_id: string;
  message: string;
  updated_at: number;
};

/** Drafts that nobody has changed for 30 days go (ms). */
export const DRAFTS_KEPT = 30 * 24 * 3_600_000;

const DRAFTS: RowsBesideChats = { table: 'drafts', key: 'user_id, chat_id', writtenAt: 'updated_at' };

/**
 * Stores a draft in the place of the one before. The caller has checked that the user sees the chat. False when the chat has
 * ended and was purged.
 */
export async function putDraft(database: OrganizationDatabase, draft: DraftRow): Promise<boolean> {
  const { changes } = await database.run(
    `INSERT INTO drafts (user_id, chat_id, organization_id, message, updated_at)
     SELECT ?1, ?2, ?3, ?4, ?5 WHERE NOT ${isPurgedChat('?2')}
     ON CONFLICT (user_id, chat_id) DO UPDATE SET message = excluded.message, updated_at = excluded.updated_at`,
    draft.user_id,
    draft.chat_id,
    draft.organization_id,
    draft.message,
    draft.updated_at,
  );
  return changes > 0;
}

/** The user's draft in a chat; null for none. */
export function findDraft(
  database: OrganizationDatabase,
  organizationId: string,
  userId: string,
  chatId: string,
): Promise<DraftRow | null> {
  return database.first<DraftRow>(
    'SELECT * FROM drafts WHERE user_id = ? AND chat_id = ? AND organization_id = ?',
    userId,
    chatId,
    organizationId,
  );
}

/** The user's drafts, by chat, newest chat first. */
export function listDrafts(
  database: OrganizationDatabase,
  organizationId: string,
  userId: string,
  keyset: Keyset,
): Promise<DraftRow[]> {
  const { where, orderBy, parameters } = keysetClauses({ columns: ['chat_id'], descending: true }, keyset);
  return database.all<DraftRow>(
    `SELECT * FROM drafts WHERE user_id = ? AND organization_id = ? AND ${where} ORDER BY ${orderBy}`,
    userId,
    organizationId,
    ...parameters,
  );
}

/** Deletes the user's draft in a chat. False when there is none. */
export async function deleteDraft(
  database: OrganizationDatabase,
  organizationId: string,
  userId: string,
  chatId: string,
): Promise<boolean> {
  const { changes } = await database.run(
    'DELETE FROM drafts WHERE user_id = ? AND chat_id = ? AND organization_id = ?',
    userId,
    chatId,
    organizationId,
  );
  return changes > 0;
}

/** Deletes the drafts of everybody in a purged chat from before a time (ms; null: all). Can be repeated. */
export function purgeDrafts(database: OrganizationDatabase, chatId: string, before: number | null): Promise<void> {
  return purgeRowsBeside(database, DRAFTS, chatId, before);
}

/** Deletes drafts that nobody has changed for DRAFTS_KEPT, at `now` (ms). Answers how many. For the watchdog. */
export function deleteOldDrafts(database: OrganizationDatabase, now: number): Promise<number> {
  return deleteOldRows(database, DRAFTS, now - DRAFTS_KEPT);
}
