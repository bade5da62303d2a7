import type { RebuildSlice } from './slice.ts';
import type { SliceStatement } from './write-slices.ts';

/** Ids of chats in a parameter: 400 KB of JSON, and a thread may have had more chats than that. */
const CHATS_IN_A_STATEMENT = 10_000;

/** Where the rows of some chats of a thread are found. The tables of visitors are D1's own and stay as they are. */
const ROWS_OF_CHATS = [
  ...['members', 'involvements', 'messages', 'tags', 'invitations', 'reply_suggestions'].map(
    (table) => `${table} WHERE chat_id IN (SELECT value FROM json_each(?2))`,
  ),
  'chats WHERE id IN (SELECT value FROM json_each(?2))',
];

const OF_ITS_RECEIVERS = `thread = ?1 AND receiver IN (SELECT value FROM json_each(?2, '$.receivers'))`;

/** Where the other rows of a thread's copy are found. Each kind of thread has its index of deliveries. */
function rowsOfThread(threadId: string | null): string[] {
  const deliveries =
    threadId === null
      ? 'deliveries WHERE thread = ?1 AND thread_id IS NULL'
      : `deliveries WHERE thread_id = json_extract(?2, '$.thread_id') AND ${OF_ITS_RECEIVERS}`;
  return ['threads WHERE id = ?1', `lanes WHERE ${OF_ITS_RECEIVERS}`, deliveries];
}

/**
 * What the first slice of a rebuild runs before its rows: everything of the thread goes, and the rebuild's mark begins at 0. Once
 * for each number: the slice that comes again, or late, deletes nothing.
 */
export function emptyingStatements(place: number, thread: string, rebuild: RebuildSlice): SliceStatement[] {
  const { number, empties } = rebuild;
  if (empties === null) return [];
  const carried = new Map([[place, 1]]);
  const deleting = (found: string, rows: unknown): SliceStatement => ({
    sql: `DELETE FROM ${found} AND NOT EXISTS (SELECT 1 FROM rebuilds WHERE thread = ?1 AND number >= ?3)`,
    parameters: [thread, JSON.stringify(rows), number],
    carried,
  });
  const { chat_ids, ...rest } = empties;
  const parts = Array.from({ length: Math.ceil(chat_ids.length / CHATS_IN_A_STATEMENT) }, (_, part) =>
    chat_ids.slice(part * CHATS_IN_A_STATEMENT, (part + 1) * CHATS_IN_A_STATEMENT),
  );
  return [
    ...parts.flatMap((ids) => ROWS_OF_CHATS.map((found) => deleting(found, ids))),
    ...rowsOfThread(rest.thread_id).map((found) => deleting(found, rest)),
    {
      sql: `INSERT INTO rebuilds (thread, number, seq) VALUES (?1, ?2, 0)
        ON CONFLICT (thread) DO UPDATE SET number = excluded.number, seq = 0 WHERE excluded.number > rebuilds.number`,
      parameters: [thread, number],
      carried,
    },
  ];
}

/** Moves the rebuild's mark to the end of a slice; goes last in the batch. */
export function rebuildMarkStatement(place: number, thread: string, rebuild: RebuildSlice): SliceStatement {
  return {
    sql: 'UPDATE rebuilds SET seq = ?3 WHERE thread = ?1 AND number = ?2 AND seq < ?3',
    parameters: [thread, rebuild.number, rebuild.seq],
    carried: new Map([[place, 1]]),
  };
}
