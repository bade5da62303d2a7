import { Buffer } from 'node:buffer';
import type { Slice, SliceTable } from './slice.ts';

/** A parameter may have 1 MB of UTF-8: production D1 refuses values above 2 MB, which the local one accepts. */
const PARAMETER_BYTES = 1_000_000;

/**
 * Rows above the chat's mark are new; a chat that D1 does not know yet has the mark 0 (ENGINE 3). Two slices of a thread can
 * meet in one batch, where the mark has not moved yet: there the rows' own `seq` decides.
 */
const ABOVE_MARK = 'WHERE row.seq > coalesce((SELECT seq FROM chats WHERE id = row.chat_id), 0)';

/** `into` is D1's table, when it is not the slice's. */
type TableWrite = { table: SliceTable; into?: string; columns: string[]; guard: string; conflict: string };

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
  'updated_at',
  'facts',
];

/** In the order of writing: the chats' rows go last, because they are the marks for the others. */
const WRITES: TableWrite[] = [
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
      'seq',
    ],
    guard: 'WHERE true',
    conflict: `(id) DO UPDATE SET current_chat_id = excluded.current_chat_id, seq = excluded.seq
      WHERE excluded.seq > threads.seq`,
  },
  {
    table: 'visitors',
    columns: ['id', 'organization_id', 'room_id', 'created_at'],
    guard: 'WHERE true',
    conflict: '(id) DO NOTHING',
  },
  {
    table: 'visitor_variables',
    columns: ['visitor_id', 'key', 'value', 'created_at', 'at', 'thread', 'seq'],
    guard: 'WHERE true',
    conflict: `(visitor_id, key) DO UPDATE SET
      value = excluded.value, at = excluded.at, thread = excluded.thread, seq = excluded.seq
      WHERE (excluded.at, excluded.thread, excluded.seq)
        > (visitor_variables.at, visitor_variables.thread, visitor_variables.seq)`,
  },
  {
    table: 'members',
    columns: ['chat_id', 'member_id', 'seq', 'facts'],
    guard: ABOVE_MARK,
    conflict: `(chat_id, member_id) DO UPDATE SET seq = excluded.seq, facts = excluded.facts
      WHERE excluded.seq > members.seq`,
  },
  {
    table: 'messages',
    columns: ['chat_id', 'seq', 'id', 'facts'],
    guard: ABOVE_MARK,
    conflict: '(chat_id, seq) DO UPDATE SET facts = excluded.facts',
  },
  {
    table: 'reply_suggestions',
    columns: ['chat_id', 'id', 'seq', 'message_id', 'facts'],
    guard: ABOVE_MARK,
    conflict: `(chat_id, id) DO UPDATE SET seq = excluded.seq, facts = excluded.facts
      WHERE excluded.seq > reply_suggestions.seq`,
  },
  {
    table: 'lanes',
    columns: [
      'receiver',
      'thread',
      'version',
      'organization_id',
      'accepted',
      'delivered',
      'pending',
      'exhausted',
      'skipped_disabled',
      'skipped_channel_deleted',
    ],
    guard: 'WHERE true',
    conflict: `(receiver, thread) DO UPDATE SET version = excluded.version, accepted = excluded.accepted,
      delivered = excluded.delivered, pending = excluded.pending, exhausted = excluded.exhausted,
      skipped_disabled = excluded.skipped_disabled, skipped_channel_deleted = excluded.skipped_channel_deleted
      WHERE excluded.version > lanes.version`,
  },
  {
    table: 'deliveries',
    columns: [
      'id',
      'version',
      'organization_id',
      'receiver',
      'thread',
      'thread_id',
      'chat_id',
      'seq',
      'event_type',
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
    guard: 'WHERE true',
    conflict: `(id) DO UPDATE SET version = excluded.version, status = excluded.status,
      skip_reason = excluded.skip_reason, is_replay = excluded.is_replay, attempt_count = excluded.attempt_count,
      due_at = excluded.due_at, last_attempt_at = excluded.last_attempt_at, last_status = excluded.last_status,
      last_error = excluded.last_error
      WHERE excluded.version > deliveries.version`,
  },
  {
    table: 'chats_with_known_flags',
    into: 'chats',
    columns: CHAT_COLUMNS,
    guard: 'WHERE true',
    conflict: `(id) DO UPDATE SET seq = excluded.seq, updated_at = excluded.updated_at, facts = excluded.facts
      WHERE excluded.seq > chats.seq`,
  },
  {
    table: 'chats',
    columns: CHAT_COLUMNS,
    guard: 'WHERE true',
    conflict: `(id) DO UPDATE SET seq = excluded.seq, is_ended = excluded.is_ended, is_waiting = excluded.is_waiting,
      is_pending = excluded.is_pending, updated_at = excluded.updated_at, facts = excluded.facts
      WHERE excluded.seq > chats.seq`,
  },
];

/** One statement of the batch and how many rows of each slice it carries, by the slice's place. */
export type SliceStatement = { sql: string; parameter: string; carried: Map<number, number> };

/** The statements that write some slices, to be run as one batch in this order. */
export function sliceStatements(slices: readonly Slice[]): SliceStatement[] {
  const statements: SliceStatement[] = [];
  for (const write of WRITES) {
    let current: { rows: string[]; size: number; carried: Map<number, number> } | null = null;
    for (const [place, slice] of slices.entries()) {
      for (const row of slice.rows[write.table] ?? []) {
        const bytes = Buffer.byteLength(row) + 1;
        if (current === null || current.size + bytes > PARAMETER_BYTES) {
          if (current !== null) statements.push(statementOf(write, current));
          current = { rows: [], size: 2, carried: new Map() };
        }
        current.rows.push(row);
        current.size += bytes;
        current.carried.set(place, (current.carried.get(place) ?? 0) + 1);
      }
    }
    if (current !== null) statements.push(statementOf(write, current));
  }
  return statements;
}

function statementOf(write: TableWrite, part: { rows: string[]; carried: Map<number, number> }): SliceStatement {
  return { sql: sqlOf(write), parameter: `[${part.rows.join(',')}]`, carried: part.carried };
}

const STATEMENTS = new Map<SliceTable, string>();

function sqlOf(write: TableWrite): string {
  const known = STATEMENTS.get(write.table);
  if (known !== undefined) return known;
  const names = write.columns.join(', ');
  const values = write.columns.map((column, index) => `json_extract(value, '$[${index}]') AS ${column}`).join(', ');
  const sql = `INSERT INTO ${write.into ?? write.table} (${names})
    SELECT ${names} FROM (SELECT ${values} FROM json_each(?1)) AS row ${write.guard}
    ON CONFLICT ${write.conflict}`;
  STATEMENTS.set(write.table, sql);
  return sql;
}
