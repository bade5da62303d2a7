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

/** A live row must be newer than the one that D1 has. One of a rebuild wins a tie too: an older program may have written that one. */
type Newer = '>' | '>=';

/** SQL around `rows`, a FROM clause in which the slice's rows are a table named `row`, with a condition that ANDs may follow. */
type RowsWrite = (columns: string, rows: string, newer: Newer) => string;

/**
 * `isMarked`: the rows are a chat's children, which a mark holds back when they are old. The same rows go through all of `statements`.
 */
type TableWrite = {
  table: SliceTable;
  columns: readonly string[];
  isMarked: boolean;
  statements: readonly RowsWrite[];
};

/** Inserts rows, or sets these columns of one that has the same key, if the guard lets it; null: it always does. */
function upsert(
  into: string,
  key: string,
  sets: readonly string[],
  guard: ((newer: Newer) => string) | null,
): RowsWrite {
  const assignments = sets.map((column) => `${column} = excluded.${column}`).join(', ');
  return (columns, rows, newer) => {
    const update = sets.length === 0 ? 'NOTHING' : `UPDATE SET ${assignments}`;
    const condition = guard === null ? '' : ` WHERE ${guard(newer)}`;
    return `INSERT INTO ${into} (${columns}) SELECT ${columns} ${rows} ON CONFLICT (${key}) DO ${update}${condition}`;
  };
}

/** The guard of rows that have a number which grows with each change. */
function newerBy(column: 'seq' | 'version', table: string) {
  return (newer: Newer) => `excluded.${column} ${newer} ${table}.${column}`;
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
const FLAGS_DIFFER = `(${CHAT_FLAGS.map((flag) => `excluded.${flag}`).join(', ')})
  IS NOT (${CHAT_FLAGS.map((flag) => `chats.${flag}`).join(', ')})`;

const chatIsNewer = newerBy('seq', 'chats');
/** Leaves the flags alone: D1 writes an index again whenever its columns are set, changed or not. */
const writeChatWithoutFlags = upsert('chats', 'id', CHAT_CHANGES, () => chatIsNewer('>'));
/**
 * Passes over a live row whose flags D1 has: it is left to the statement above, to which the others then are as new as what is there.
 * In the order of `seq`, so that of two rows of a chat the newer one is compared with the flags of the older one.
 */
const writeChatWithOtherFlags: RowsWrite = (columns, rows, newer) =>
  upsert('chats', 'id', [...CHAT_CHANGES, ...CHAT_FLAGS], () =>
    newer === '>' ? `${chatIsNewer(newer)} AND ${FLAGS_DIFFER}` : chatIsNewer(newer),
  )(columns, `${rows} ORDER BY row.seq`, newer);

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
    statements: [upsert('threads', 'id', ['current_chat_id', 'seq'], newerBy('seq', 'threads'))],
  },
  {
    table: 'visitors',
    columns: ['id', 'organization_id', 'room_id', 'created_at'],
    isMarked: false,
    statements: [upsert('visitors', 'id, room_id', [], null)],
  },
  {
    table: 'visitor_variables',
    columns: ['visitor_id', 'key', 'value', 'created_at', 'at', 'thread', 'seq'],
    isMarked: false,
    statements: [
      upsert('visitor_variables', 'visitor_id, key', ['value', 'at', 'thread', 'seq'], () => VARIABLE_IS_NEWER),
    ],
  },
  {
    table: 'members',
    columns: ['chat_id', 'member_id', 'seq', 'is_participating', 'is_ended', 'facts'],
    isMarked: true,
    statements: [
      upsert(
        'members',
        'chat_id, member_id',
        ['seq', 'is_participating', 'is_ended', 'facts'],
        newerBy('seq', 'members'),
      ),
    ],
  },
  {
    // Organizations never leave a chat and a chat never opens again: a late row can only say less, so it needs no mark.
    table: 'involvements',
    columns: ['organization_id', 'chat_id', 'seq', 'is_ended'],
    isMarked: false,
    statements: [
      upsert(
        'involvements',
        'organization_id, chat_id',
        ['seq', 'is_ended'],
        () => 'excluded.is_ended > involvements.is_ended',
      ),
    ],
  },
  {
    table: 'messages',
    columns: ['chat_id', 'seq', 'id', 'facts'],
    isMarked: true,
    statements: [upsert('messages', 'chat_id, seq', ['facts'], null)],
  },
  {
    table: 'tags',
    columns: ['chat_id', 'name', 'seq', 'facts'],
    isMarked: true,
    statements: [upsert('tags', 'chat_id, name', ['seq', 'facts'], newerBy('seq', 'tags'))],
  },
  {
    table: 'removed_tags',
    columns: ['chat_id', 'name', 'seq'],
    isMarked: true,
    statements: [
      (_, rows) => `DELETE FROM tags WHERE (chat_id, name) IN (
       SELECT row.chat_id, row.name ${rows}
         AND row.seq > (SELECT seq FROM tags AS tag WHERE tag.chat_id = row.chat_id AND tag.name = row.name))`,
    ],
  },
  {
    table: 'invitations',
    columns: ['chat_id', 'id', 'seq', 'invitee_id', 'facts'],
    isMarked: true,
    statements: [upsert('invitations', 'chat_id, id', ['seq', 'facts'], newerBy('seq', 'invitations'))],
  },
  {
    table: 'reply_suggestions',
    columns: ['chat_id', 'id', 'seq', 'message_id', 'facts'],
    isMarked: true,
    statements: [upsert('reply_suggestions', 'chat_id, id', ['seq', 'facts'], newerBy('seq', 'reply_suggestions'))],
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
      'skipped_webhook_deleted',
      'skipped_uninstalled',
    ],
    isMarked: false,
    statements: [
      upsert(
        'lanes',
        'receiver, thread',
        [
          'version',
          'accepted',
          'delivered',
          'pending',
          'exhausted',
          'skipped_disabled',
          'skipped_channel_deleted',
          'skipped_webhook_deleted',
          'skipped_uninstalled',
        ],
        newerBy('version', 'lanes'),
      ),
    ],
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
    isMarked: false,
    statements: [
      upsert(
        'deliveries',
        'id',
        [
          'version',
          'status',
          'skip_reason',
          'is_replay',
          'attempt_count',
          'due_at',
          'last_attempt_at',
          'last_status',
          'last_error',
        ],
        newerBy('version', 'deliveries'),
      ),
    ],
  },
  {
    table: 'chats_with_known_flags',
    columns: CHAT_COLUMNS,
    isMarked: false,
    statements: [writeChatWithoutFlags],
  },
  {
    table: 'chats',
    columns: CHAT_COLUMNS,
    isMarked: false,
    statements: [writeChatWithOtherFlags, writeChatWithoutFlags],
  },
];

/** A table's write with its SQL for live slices and for those of a rebuild. */
type PreparedWrite = TableWrite & { live: readonly string[]; rebuilt: readonly string[] };

const PREPARED: readonly PreparedWrite[] = WRITES.map((write) => ({
  ...write,
  live: sqlsOf(write, ABOVE_MARK, '>'),
  rebuilt: sqlsOf(write, ABOVE_REBUILD_MARK, '>='),
}));

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
    ...PREPARED.flatMap((write) => [
      ...partsOf(write.table, together).flatMap((part) => statementsOf(write, part)),
      ...rebuilt.flatMap((one) => partsOf(write.table, [one]).flatMap((part) => statementsOf(write, part, one))),
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

/** The rows of a table that has no mark go without one in a rebuild too. */
function statementsOf(
  { isMarked, live, rebuilt }: PreparedWrite,
  { rows, carried }: RowPart,
  of?: { thread: string; rebuild: RebuildSlice },
): SliceStatement[] {
  const values = `[${rows.join(',')}]`;
  const parameters = of !== undefined && isMarked ? [values, of.thread, of.rebuild.number] : [values];
  return (of === undefined ? live : rebuilt).map((sql) => ({ sql, parameters, carried }));
}

function sqlsOf({ columns, isMarked, statements }: TableWrite, mark: string, newer: Newer): string[] {
  const values = columns.map((column, index) => `json_extract(value, '$[${index}]') AS ${column}`).join(', ');
  const rows = `FROM (SELECT ${values} FROM json_each(?1)) AS row WHERE ${isMarked ? mark : 'true'}`;
  return statements.map((statement) => statement(columns.join(', '), rows, newer));
}
