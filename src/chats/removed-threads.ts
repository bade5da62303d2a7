/** The deleting of D1's rows of threads that were removed from their objects. Each can be repeated. */

import type { OrganizationDatabase } from '../db/database.ts';
import { deleteInPortions } from '../db/delete-in-portions.ts';

/** A removed thread: everything up to the `seq` `upto`. What has begun since has a higher one, and stays. */
export type RemovedThread = { organization_id: string; visitor_id: string; thread: string; upto: number };

/** Chats that are deleted together. */
const CHATS_AT_ONCE = 50;

/** The rows that are found by their chat: each table with its key. */
const ROWS_OF_CHATS = [
  { table: 'members', key: 'chat_id, member_id' },
  { table: 'involvements', key: 'organization_id, chat_id' },
  { table: 'tags', key: 'chat_id, name' },
  { table: 'invitations', key: 'chat_id, id' },
] as const;

/** Whether the visitor has chats in another thread. */
export async function hasOtherThreads(
  copy: OrganizationDatabase,
  { organization_id, visitor_id, thread }: Omit<RemovedThread, 'upto'>,
): Promise<boolean> {
  const sql = 'SELECT 1 FROM chats WHERE visitor_id = ? AND organization_id = ? AND thread <> ? LIMIT 1';
  return (await copy.first(sql, visitor_id, organization_id, thread)) !== null;
}

/** Deletes messages by their places. */
export async function deleteMessages(
  copy: OrganizationDatabase,
  organizationId: string,
  places: readonly string[],
): Promise<void> {
  await copy.run(
    'DELETE FROM messages WHERE organization_id = ? AND place IN (SELECT value FROM json_each(?))',
    organizationId,
    JSON.stringify(places),
  );
}

/**
 * Deletes the thread's chats with their rows, and its place in the register. The newest chat goes last: by it the watchdog
 * finds what a crash has left. Answers how many chats are deleted.
 */
export async function deleteChats(copy: OrganizationDatabase, removed: RemovedThread): Promise<number> {
  const { organization_id, visitor_id, thread, upto } = removed;
  await copy.batch([
    ['DELETE FROM threads WHERE id = ? AND organization_id = ? AND seq <= ?', thread, organization_id, upto],
    ['DELETE FROM rebuilds WHERE thread = ?1 AND NOT EXISTS (SELECT 1 FROM threads WHERE id = ?1)', thread],
  ]);
  let deleted = 0;
  for (;;) {
    const chats = await copy.all<{ id: string }>(
      `SELECT id FROM chats WHERE visitor_id = ? AND thread = ? AND organization_id = ? AND seq <= ? ORDER BY id LIMIT ?`,
      visitor_id,
      thread,
      organization_id,
      upto,
      CHATS_AT_ONCE,
    );
    if (chats.length === 0) return deleted;
    const ids = JSON.stringify(chats.map(({ id }) => id));
    for (const { table, key } of ROWS_OF_CHATS) {
      const sql = `DELETE FROM ${table} WHERE (${key}) IN (
        SELECT ${key} FROM ${table} WHERE chat_id IN (SELECT value FROM json_each(?)) LIMIT ?)`;
      await deleteInPortions((limit) => copy.run(sql, ids, limit), Number.POSITIVE_INFINITY);
    }
    const gone = await copy.run('DELETE FROM chats WHERE id IN (SELECT value FROM json_each(?))', ids);
    deleted += gone.changes;
  }
}
