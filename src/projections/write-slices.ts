import { Buffer } from 'node:buffer';
import { emptyingStatements, rebuildMarkStatement } from './rebuild-statements.ts';
import type { RebuildSlice, Slice, SliceTable } from './slice.ts';

/** A parameter may have 1 MB of UTF-8: production D1 refuses values above 2 MB, which the local one accepts. */
const PARAMETER_BYTES = 1_000_000;

/**
 * Rows above the chat's mark are new; a chat that D1 does not know yet has the mark 0 (ENGINE 3). Two slices of a thread can
 * meet in one batch, where the mark has not moved yet: there the rows' own `seq` decides.
 */
const ABOVE_MARK = 'row.seq > coalesce((SELECT seq FROM chats WHERE id = row.chat_id), 0)';
/** Rows of a rebuild go by its own mark. Without one of its number another rebuild has begun since: nothing is written. */
const ABOVE_REBUILD_MARK = 'row.seq > (SELECT seq FROM rebuilds WHERE thread = ?2 AND number = ?3)';

/**
 * `isMarked`: the rows are a chat's children, which a mark holds back when they are old. `statement` is made around `rows`, a
 * FROM clause in which the slice's rows are a table named `row`, with a condition that ANDs may follow.
 */
type TableWrite = {
  table: SliceTable;
  columns: readonly string[];
  isMarked: boolean;
  statement: (columns: string, rows: string) => string;
};

function upsert(into: string, conflict: string): TableWrite['statement'] {
  return (columns, rows) => `INSERT INTO ${into} (${columns}) SELECT ${columns} ${rows} ON CONFLICT ${conflict}`;
}

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

/** In the order of writing: the chats' rows go last, because they are the marks for the others. */
const WRITES: readonly TableWrite[] = [
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
    isMarked: false,
    statement: upsert(
      'threads',
      `(id) DO UPDATE SET current_chat_id = excluded.current_chat_id, seq = excluded.seq
       WHERE excluded.seq > threads.seq`,
    ),
  },
  {
    table: 'visitors',
    columns: ['id', 'organization_id', 'room_id', 'created_at'],
    isMarked: false,
    statement: upsert('visitors', '(id) DO NOTHING'),
  },
  {
    table: 'visitor_variables',
    columns: ['visitor_id', 'key', 'value', 'created_at', 'at', 'thread', 'seq'],
    isMarked: false,
    statement: upsert(
      'visitor_variables',
      `(visitor_id, key) DO UPDATE SET
         value = excluded.value, at = excluded.at, thread = excluded.thread, seq = excluded.seq
       WHERE (excluded.at, excluded.thread, excluded.seq)
         > (visitor_variables.at, visitor_variables.thread, visitor_variables.seq)`,
    ),
  },
  {
    table: 'members',
    columns: ['chat_id', 'member_id', 'seq', 'is_participating', 'is_ended', 'facts'],
    isMarked: true,
    statement: upsert(
      'members',
      `(chat_id, member_id) DO UPDATE SET seq = excluded.seq, is_participating = excluded.is_participating,
         is_ended = excluded.is_ended, facts = excluded.facts
       WHERE excluded.seq > members.seq`,
    ),
  },
  {
    // Organizations never leave a chat and a chat never opens again: a late row can only say less, so it needs no mark.
    table: 'involvements',
    columns: ['organization_id', 'chat_id', 'seq', 'is_ended'],
    isMarked: false,
    statement: upsert(
      'involvements',
      `(organization_id, chat_id) DO UPDATE SET seq = excluded.seq, is_ended = excluded.is_ended
       WHERE excluded.is_ended > involvements.is_ended`,
    ),
  },
  {
    table: 'messages',
    columns: ['chat_id', 'seq', 'id', 'facts'],
    isMarked: true,
    statement: upsert('messages', '(chat_id, seq) DO UPDATE SET facts = excluded.facts'),
  },
  {
    table: 'tags',
    columns: ['chat_id', 'name', 'seq', 'facts'],
    isMarked: true,
    statement: upsert(
      'tags',
      `(chat_id, name) DO UPDATE SET seq = excluded.seq, facts = excluded.facts
       WHERE excluded.seq > tags.seq`,
    ),
  },
  {
    table: 'removed_tags',
    columns: ['chat_id', 'name', 'seq'],
    isMarked: true,
    statement: (_, rows) => `DELETE FROM tags WHERE (chat_id, name) IN (
       SELECT row.chat_id, row.name ${rows}
         AND row.seq > (SELECT seq FROM tags AS tag WHERE tag.chat_id = row.chat_id AND tag.name = row.name))`,
  },
  {
    table: 'invitations',
    columns: ['chat_id', 'id', 'seq', 'invitee_id', 'facts'],
    isMarked: true,
    statement: upsert(
      'invitations',
      `(chat_id, id) DO UPDATE SET seq = excluded.seq, facts = excluded.facts
       WHERE excluded.seq > invitations.seq`,
    ),
  },
  {
    table: 'reply_suggestions',
    columns: ['chat_id', 'id', 'seq', 'message_id', 'facts'],
    isMarked: true,
    statement: upsert(
      'reply_suggestions',
      `(chat_id, id) DO UPDATE SET seq = excluded.seq, facts = excluded.facts
       WHERE excluded.seq > reply_suggestions.seq`,
    ),
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
    isMarked: false,
    statement: upsert(
      'lanes',
      `(receiver, thread) DO UPDATE SET version = excluded.version, accepted = excluded.accepted,
         delivered = excluded.delivered, pending = excluded.pending, exhausted = excluded.exhausted,
         skipped_disabled = excluded.skipped_disabled, skipped_channel_deleted = excluded.skipped_channel_deleted
       WHERE excluded.version > lanes.version`,
    ),
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
    isMarked: false,
    statement: upsert(
      'deliveries',
      `(id) DO UPDATE SET version = excluded.version, status = excluded.status,
         skip_reason = excluded.skip_reason, is_replay = excluded.is_replay, attempt_count = excluded.attempt_count,
         due_at = excluded.due_at, last_attempt_at = excluded.last_attempt_at, last_status = excluded.last_status,
         last_error = excluded.last_error
       WHERE excluded.version > deliveries.version`,
    ),
  },
  {
    table: 'chats_with_known_flags',
    columns: CHAT_COLUMNS,
    isMarked: false,
    statement: upsert(
      'chats',
      `(id) DO UPDATE SET seq = excluded.seq, is_waiting = excluded.is_waiting, updated_at = excluded.updated_at,
         facts = excluded.facts
       WHERE excluded.seq > chats.seq`,
    ),
  },
  {
    table: 'chats',
    columns: CHAT_COLUMNS,
    isMarked: false,
    statement: upsert(
      'chats',
      `(id) DO UPDATE SET seq = excluded.seq, chat_type = excluded.chat_type, is_ended = excluded.is_ended,
         is_waiting = excluded.is_waiting, is_pending = excluded.is_pending, overdue_after = excluded.overdue_after,
         updated_at = excluded.updated_at, facts = excluded.facts
       WHERE excluded.seq > chats.seq`,
    ),
  },
];

/** One statement of the batch and how many rows of each slice it carries, by the slice's place. */
export type SliceStatement = {
  sql: string;
  parameters: readonly (string | number)[];
  carried: ReadonlyMap<number, number>;
};

type RowPart = { rows: string[]; size: number; carried: Map<number, number> };

/** The statements that write some slices, to be run as one batch in this order. Each slice of a rebuild has its own. */
export function sliceStatements(slices: readonly Slice[]): SliceStatement[] {
  const placed = slices.map((slice, place) => ({ place, slice, thread: slice.thread, rebuild: slice.rebuild ?? null }));
  const together = placed.filter(({ rebuild }) => rebuild === null);
  const rebuilt = placed.flatMap(({ rebuild, ...one }) => (rebuild === null ? [] : [{ ...one, rebuild }]));
  return [
    ...rebuilt.flatMap(({ place, thread, rebuild }) => emptyingStatements(place, thread, rebuild)),
    ...WRITES.flatMap((write) => [
      ...partsOf(write.table, together).map((part) => statementOf(write, part)),
      ...rebuilt.flatMap((one) => partsOf(write.table, [one]).map((part) => statementOf(write, part, one))),
    ]),
    ...rebuilt.map(({ place, thread, rebuild }) => rebuildMarkStatement(place, thread, rebuild)),
  ];
}

/** The rows of one table in parts that a parameter can hold. */
function partsOf(table: SliceTable, slices: readonly { place: number; slice: Slice }[]): RowPart[] {
  const parts: RowPart[] = [];
  for (const { place, slice } of slices) {
    for (const row of slice.rows[table] ?? []) {
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

/** The rows of a table that has no mark go the same way in a rebuild. */
function statementOf(write: TableWrite, part: RowPart, of?: { thread: string; rebuild: RebuildSlice }): SliceStatement {
  const rows = `[${part.rows.join(',')}]`;
  const rebuilt = write.isMarked ? of : undefined;
  return {
    sql: sqlOf(write, rebuilt === undefined ? ABOVE_MARK : ABOVE_REBUILD_MARK),
    parameters: rebuilt === undefined ? [rows] : [rows, rebuilt.thread, rebuilt.rebuild.number],
    carried: part.carried,
  };
}

const STATEMENTS = new Map<string, string>();

function sqlOf(write: TableWrite, mark: string): string {
  const key = `${write.table} ${mark}`;
  const known = STATEMENTS.get(key);
  if (known !== undefined) return known;
  const values = write.columns.map((column, index) => `json_extract(value, '$[${index}]') AS ${column}`).join(', ');
  const rows = `FROM (SELECT ${values} FROM json_each(?1)) AS row WHERE ${write.isMarked ? mark : 'true'}`;
  const sql = write.statement(write.columns.join(', '), rows);
  STATEMENTS.set(key, sql);
  return sql;
}
