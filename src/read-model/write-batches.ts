/**
 * The SQL that writes replica batches. Each row is a whole image, and a guard keeps the newest. So batches may be lost,
 * repeated and reordered. Rows are passed as JSON: one parameter holds many.
 */

import { Buffer } from 'node:buffer';
import { LANE_SUMS } from '../db/rows.ts';
import type { ReplicaBatch, ReplicaTable } from '../rpc/projector.ts';
import { beginStatements, type ReplicaStatement } from './rebuild-statements.ts';

/** Limit of a parameter in bytes of UTF-8. Production D1 refuses values above 2 MB; the local one accepts them. */
const PARAMETER_BYTES = 1_000_000;

/** SQL around `rows`: a FROM clause in which the rows of the batch are a table named `row`. */
type RowsWrite = (columns: string, rows: string) => string;

/** The databases that a batch goes to: the organization's, and that of the delivery log. */
export type ReplicaStore = 'copy' | 'deliveries';

/** How the rows of a table are written: all of them go through each of `statements`. */
type TableWrite = { table: ReplicaTable; columns: readonly string[]; statements: readonly RowsWrite[] };

/** Inserts rows. A row with the same key gets the columns `sets` if the guard is true; without a guard, always. */
function upsert(into: string, key: string, sets: readonly string[], guard: string | null): RowsWrite {
  const assignments = sets.map((column) => `${column} = excluded.${column}`).join(', ');
  const update = sets.length === 0 ? 'NOTHING' : `UPDATE SET ${assignments}`;
  const condition = guard === null ? '' : ` WHERE ${guard}`;
  return (columns, rows) =>
    `INSERT INTO ${into} (${columns}) SELECT ${columns} ${rows} ON CONFLICT (${key}) DO ${update}${condition}`;
}

/** Guard: the row is newer than the stored one. Its number grows with each change. */
function isNewer(column: 'seq' | 'version', table: string): string {
  return `excluded.${column} > ${table}.${column}`;
}

/** Guard: the row is newer, or as new and different. For tables whose rows a rebuild does not delete first. */
function isAsNewAndOther(column: 'seq' | 'version', table: string, sets: readonly string[]): string {
  const valuesOf = (place: string) => sets.map((name) => `${place}.${name}`).join(', ');
  return `excluded.${column} >= ${table}.${column} AND (${valuesOf('excluded')}) IS NOT (${valuesOf(table)})`;
}

/** Inserts rows, or corrects those with the same key. */
function mend(into: string, key: string, column: 'seq' | 'version', sets: readonly string[]): RowsWrite {
  return upsert(into, key, sets, isAsNewAndOther(column, into, sets));
}

const VARIABLE_IS_NEWER = `(excluded.at, excluded.thread, excluded.seq)
  > (visitor_variables.at, visitor_variables.thread, visitor_variables.seq)`;

const CHAT_COLUMNS = [
  'id',
  'thread',
  'seq',
  'organization_id',
  'room_id',
  'visitor_id',
  'chat_type',
  'is_ended',
  'is_waiting',
  'is_pending',
  'overdue_after',
  'updated_at',
  'facts',
];
const CHAT_CHANGES = ['seq', 'is_waiting', 'updated_at', 'facts'];
const CHAT_FLAGS = ['chat_type', 'is_ended', 'is_pending', 'overdue_after'];
/** Leaves the flags alone: D1 writes an index whenever its columns are set, changed or not. */
const writeChatWithoutFlags = upsert('chats', 'id', CHAT_CHANGES, isNewer('seq', 'chats'));
/**
 * Skips a row whose flags D1 has: the next statement writes it. A row that is as new as the stored one corrects flags
 * that an earlier row without flags has left behind. In the order of `seq`, so that the newer of two rows of a chat is
 * compared with the flags of the older one.
 */
const writeChatWithOtherFlags: RowsWrite = (columns, rows) =>
  upsert(
    'chats',
    'id',
    [...CHAT_CHANGES, ...CHAT_FLAGS],
    isAsNewAndOther('seq', 'chats', CHAT_FLAGS),
  )(columns, `${rows} ORDER BY row.seq`);

/** Leaves out rows of a visitor who was purged after `time`: a late batch or a rebuild must not bring them back. */
function unlessPurged(visitor: string, time: string, write: RowsWrite): RowsWrite {
  return (columns, rows) =>
    write(
      columns,
      `${rows} AND NOT EXISTS (
         SELECT 1 FROM purged_visitors WHERE visitor_id = row.${visitor} AND purged_at >= row.${time})`,
    );
}

/**
 * Writes what a batch tells of each file, unless D1 knows better: of the messages that name it the newest counts, by its id,
 * and what was told last of that. Only rows of which `which` is true: a statement that finds two for one file would take any.
 * A file that is being deleted stays so.
 */
function tellFiles(which: string, sets: string): RowsWrite {
  const place = 'row_number() OVER (PARTITION BY row.id ORDER BY row.message_id DESC, row.seq DESC)';
  return (
    _columns,
    rows,
  ) => `UPDATE files SET chat_id = row.chat_id, message_id = row.message_id, seq = row.seq, ${sets}
    FROM (SELECT row.*, ${place} AS place ${rows} AND ${which}) AS row
    WHERE row.place = 1 AND files.id = row.id AND files.organization_id = row.organization_id AND files.is_deleting = 0
      AND (row.message_id, row.seq) > (coalesce(files.message_id, ''), files.seq)`;
}

/** A file stays while a message names it. */
const nameFiles = tellFiles('row.is_named', 'delete_after = NULL');
/** It is due at once when the newest message that names it does no more. */
const freeFiles = tellFiles(
  'NOT row.is_named AND NOT EXISTS (SELECT 1 FROM files WHERE id = row.id AND message_id <> row.message_id)',
  'delete_after = 0',
);

const COPY: readonly TableWrite[] = [
  {
    table: 'threads',
    columns: [
      'id',
      'organization_id',
      'identity',
      'channel_id',
      'thread_id',
      'mapping_id',
      'current_chat_id',
      'created_at',
      'hash',
      'seq',
    ],
    statements: [
      upsert('threads', 'id', ['identity', 'thread_id', 'current_chat_id', 'hash', 'seq'], isNewer('seq', 'threads')),
    ],
  },
  {
    table: 'visitors',
    columns: ['id', 'organization_id', 'room_id', 'created_at'],
    statements: [unlessPurged('id', 'created_at', upsert('visitors', 'id, room_id', [], null))],
  },
  {
    table: 'visitor_variables',
    columns: ['visitor_id', 'key', 'value', 'created_at', 'at', 'thread', 'seq'],
    statements: [
      unlessPurged(
        'visitor_id',
        'at',
        upsert('visitor_variables', 'visitor_id, key', ['value', 'at', 'thread', 'seq'], VARIABLE_IS_NEWER),
      ),
    ],
  },
  {
    table: 'members',
    columns: ['chat_id', 'member_id', 'seq', 'is_participating', 'is_ended', 'facts'],
    statements: [
      upsert(
        'members',
        'chat_id, member_id',
        ['seq', 'is_participating', 'is_ended', 'facts'],
        isNewer('seq', 'members'),
      ),
    ],
  },
  {
    // Organizations never leave a chat, and a chat never opens again. So only the end of a chat changes a row.
    table: 'involvements',
    columns: ['organization_id', 'chat_id', 'seq', 'is_ended'],
    statements: [
      upsert(
        'involvements',
        'organization_id, chat_id',
        ['seq', 'is_ended'],
        'excluded.is_ended > involvements.is_ended',
      ),
    ],
  },
  {
    table: 'messages',
    columns: ['organization_id', 'place', 'chat_id', 'room_id', 'seq', 'sender_type', 'type', 'facts'],
    statements: [
      mend('messages', 'organization_id, place', 'seq', ['chat_id', 'room_id', 'seq', 'sender_type', 'type', 'facts']),
    ],
  },
  {
    table: 'files',
    columns: ['id', 'organization_id', 'chat_id', 'message_id', 'seq', 'is_named'],
    statements: [nameFiles, freeFiles],
  },
  {
    table: 'tags',
    columns: ['chat_id', 'name', 'seq', 'facts'],
    statements: [upsert('tags', 'chat_id, name', ['seq', 'facts'], isNewer('seq', 'tags'))],
  },
  {
    table: 'invitations',
    columns: ['chat_id', 'id', 'seq', 'invitee_id', 'facts'],
    statements: [upsert('invitations', 'chat_id, id', ['seq', 'facts'], isNewer('seq', 'invitations'))],
  },
  {
    table: 'chats_with_known_flags',
    columns: CHAT_COLUMNS,
    statements: [writeChatWithoutFlags],
  },
  {
    table: 'chats',
    columns: CHAT_COLUMNS,
    statements: [writeChatWithOtherFlags, writeChatWithoutFlags],
  },
];

const DELIVERIES: readonly TableWrite[] = [
  {
    table: 'lanes',
    columns: ['receiver', 'thread', 'version', 'organization_id', ...LANE_SUMS],
    statements: [mend('lanes', 'receiver, thread', 'version', ['version', ...LANE_SUMS])],
  },
  {
    table: 'deliveries',
    columns: [
      'receiver',
      'id',
      'version',
      'organization_id',
      'thread',
      'thread_id',
      'chat_id',
      'seq',
      'event_type',
      'webhook_id',
      'channel',
      'resource_id',
      'status',
      'skip_reason',
      'is_replay',
      'attempt_count',
      'due_at',
      'last_attempt_at',
      'last_status',
      'last_error',
      'created_at',
    ],
    statements: [
      mend('deliveries', 'receiver, id', 'version', [
        'version',
        'thread_id',
        'status',
        'skip_reason',
        'is_replay',
        'attempt_count',
        'due_at',
        'last_attempt_at',
        'last_status',
        'last_error',
      ]),
    ],
  },
];

/** A table and its SQL, built once. */
type PreparedWrite = { table: ReplicaTable; sqls: readonly string[] };

const PREPARED: { readonly [Store in ReplicaStore]: readonly PreparedWrite[] } = {
  copy: COPY.map(prepared),
  deliveries: DELIVERIES.map(prepared),
};

type RowPart = { rows: string[]; size: number; carried: Map<number, number> };

/** Whether a batch has rows for one of the databases. */
export function hasRowsFor(batch: ReplicaBatch, store: ReplicaStore): boolean {
  return (store === 'copy' && batch.rebuild !== undefined) || PREPARED[store].some(({ table }) => table in batch.rows);
}

/**
 * The statements that write the batches' rows into one of the databases. They must run as one transaction, in this
 * order.
 */
export function statementsFor(batches: readonly ReplicaBatch[], store: ReplicaStore): ReplicaStatement[] {
  const begins = batches.flatMap(({ thread, rebuild }, place) =>
    store === 'deliveries' || rebuild === undefined ? [] : beginStatements(place, thread, rebuild),
  );
  const writes = PREPARED[store].flatMap(({ table, sqls }) =>
    partsOf(table, batches).flatMap(({ rows, carried }) => {
      const parameters = [`[${rows.join(',')}]`];
      return sqls.map((sql) => ({ sql, parameters, carried }));
    }),
  );
  return [...begins, ...writes];
}

/** The rows of one table, divided into parts that fit into a parameter. */
function partsOf(table: ReplicaTable, batches: readonly ReplicaBatch[]): RowPart[] {
  const parts: RowPart[] = [];
  for (const [place, batch] of batches.entries()) {
    for (const row of batch.rows[table] ?? []) {
      const bytes = Buffer.byteLength(row) + 1;
      let part = parts.at(-1);
      if (part === undefined || part.size + bytes > PARAMETER_BYTES) {
        part = { rows: [], size: 2, carried: new Map() };
        parts.push(part);
      }
      part.rows.push(row);
      part.size += bytes;
      part.carried.set(place, (part.carried.get(place) ?? 0) + 1);
    }
  }
  return parts;
}

function prepared({ table, columns, statements }: TableWrite): PreparedWrite {
  const values = columns.map((column, index) => `json_extract(value, '$[${index}]') AS ${column}`).join(', ');
  const rows = `FROM (SELECT ${values} FROM json_each(?1)) AS row WHERE true`;
  return { table, sqls: statements.map((statement) => statement(columns.join(', '), rows)) };
}
