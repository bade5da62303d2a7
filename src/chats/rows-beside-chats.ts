/** How drafts, notes and mentions go. They are rows of D1 beside a chat, and its thread knows nothing of them. */

import type { OrganizationDatabase } from '../db/database.ts';
import { deleteInPortions } from '../db/delete-in-portions.ts';

/** A table of such rows: its primary key, and the column that says when a row was written (ms). */
export type RowsBesideChats = { table: string; key: string; writtenAt: string };

/** Deletes the rows of everybody beside a purged chat from before a time (ms; null: all). Can be repeated. */
export async function purgeRowsBeside(
  database: OrganizationDatabase,
  { table, key, writtenAt }: RowsBesideChats,
  chatId: string,
  before: number | null,
): Promise<void> {
  const sql = `DELETE FROM ${table} WHERE (${key}) IN (
    SELECT ${key} FROM ${table} WHERE chat_id = ? AND ${writtenAt} < ? LIMIT ?)`;
  await deleteInPortions(
    (limit) => database.run(sql, chatId, before ?? Number.MAX_SAFE_INTEGER, limit),
    Number.POSITIVE_INFINITY,
  );
}

/** Most rows of a table that a run of the watchdog deletes. */
const ROWS_IN_A_RUN = 50_000;

/** Deletes the rows from before a time (ms), the oldest first. Answers how many. For the watchdog. */
export function deleteOldRows(
  database: OrganizationDatabase,
  { table, key, writtenAt }: RowsBesideChats,
  before: number,
): Promise<number> {
  const sql = `DELETE FROM ${table} WHERE (${key}) IN (
    SELECT ${key} FROM ${table} WHERE ${writtenAt} < ? ORDER BY ${writtenAt} LIMIT ?)`;
  return deleteInPortions((limit) => database.run(sql, before, limit), ROWS_IN_A_RUN);
}
