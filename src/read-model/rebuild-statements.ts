import type { RebuildStart } from '../rpc/projector.ts';

/** A statement of a transaction, and how many rows of each batch it carries, by the batch's index. */
export type ReplicaStatement = {
  sql: string;
  parameters: readonly (string | number)[];
  carried: ReadonlyMap<number, number>;
};

/** Most rows that one statement deletes. D1 stops a statement after 30 s, and everybody else waits for it. */
export const ROWS_DELETED_AT_ONCE = 5_000;

/** Most ids of chats in one parameter: 400 KB of JSON. A thread may have more chats. */
const CHATS_IN_A_STATEMENT = 10_000;

/** The rows of a thread's replica that are found by its chats: each table with its key. */
const ROWS_OF_CHATS = [
  { table: 'members', key: 'chat_id, member_id', chat: 'chat_id' },
  { table: 'involvements', key: 'organization_id, chat_id', chat: 'chat_id' },
  { table: 'tags', key: 'chat_id, name', chat: 'chat_id' },
  { table: 'invitations', key: 'chat_id, id', chat: 'chat_id' },
  { table: 'chats', key: 'id', chat: 'id' },
];

/** True once for each rebuild number. A repeated or late batch must not delete what was written after the first. */
const NOT_YET = 'NOT EXISTS (SELECT 1 FROM rebuilds WHERE thread = ?1 AND number >= ?2)';

/**
 * Transactions that delete the replica of a thread before a rebuild. Each is repeated until it deletes nothing.
 * Messages and the delivery log stay, because the rebuild overwrites their rows. The visitors' tables stay too: they
 * are D1's own.
 */
export function emptyingTransactions(thread: string, { number, chat_ids }: RebuildStart): ReplicaStatement[][] {
  const parts = Array.from({ length: Math.ceil(chat_ids.length / CHATS_IN_A_STATEMENT) }, (_, part) =>
    JSON.stringify(chat_ids.slice(part * CHATS_IN_A_STATEMENT, (part + 1) * CHATS_IN_A_STATEMENT)),
  );
  return parts.map((ids) =>
    ROWS_OF_CHATS.map(({ table, key, chat }) => ({
      sql: `DELETE FROM ${table} WHERE (${key}) IN (
          SELECT ${key} FROM ${table} WHERE ${chat} IN (SELECT value FROM json_each(?3)) LIMIT ${ROWS_DELETED_AT_ONCE})
        AND ${NOT_YET}`,
      parameters: [thread, number, ids],
      carried: new Map(),
    })),
  );
}

/**
 * The first statements of the transaction that writes the first rows of a rebuild. Only here the thread's row in the
 * register is replaced, so a rebuild that is cut short loses no thread.
 */
export function beginStatements(place: number, thread: string, { number }: RebuildStart): ReplicaStatement[] {
  const carried = new Map([[place, 1]]);
  const parameters = [thread, number];
  return [
    { sql: `DELETE FROM threads WHERE id = ?1 AND ${NOT_YET}`, parameters, carried },
    {
      sql: `INSERT INTO rebuilds (thread, number) VALUES (?1, ?2)
        ON CONFLICT (thread) DO UPDATE SET number = excluded.number WHERE excluded.number > rebuilds.number`,
      parameters,
      carried,
    },
  ];
}
