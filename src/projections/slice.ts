/**
 * A hand-over from a thread to D1 (ENGINE 3): final images of the rows last touched in a stretch of its log, each encoded as
 * a JSON array in the order of COLUMNS. Rows that come late or twice change nothing: the guards compare `seq` or `version`.
 */
export type SliceTable =
  | 'threads'
  | 'visitors'
  | 'visitor_variables'
  | 'members'
  | 'involvements'
  | 'messages'
  | 'tags'
  /** Tags that are gone: rows of `tags` to delete. */
  | 'removed_tags'
  | 'invitations'
  | 'reply_suggestions'
  | 'lanes'
  | 'deliveries'
  /** Rows of `chats` whose flags D1 has: they stay as they are, and with them their indexes. */
  | 'chats_with_known_flags'
  /** Their flags are written where D1 has others. */
  | 'chats';

/** Version of slices: a projector writes only those of its own. */
export const SLICE_VERSION = 3;

export type Slice = {
  v: typeof SLICE_VERSION;
  thread: string;
  /** Encoded rows by table; a table without rows is absent. */
  rows: Partial<Record<SliceTable, string[]>>;
  /** Size of all rows in bytes of UTF-8. */
  size: number;
  /** Only on the slices of a rebuild. */
  rebuild?: RebuildSlice;
};

/**
 * A slice of a rebuild goes by the rebuild's own mark instead of the chats': the chats' may come from a late older slice. `number` grows with
 * each rebuild of the thread and `seq` is the slice's end, so that a late slice, of this rebuild or of an older one, changes nothing.
 */
export type RebuildSlice = {
  number: number;
  seq: number;
  /** Only on the first one: what to delete before the rows are written. */
  empties: { chat_ids: string[]; receivers: string[]; thread_id: string | null } | null;
};

/** Answer of a projector. `busy`: its buffer is full. `rejected`: D1 refuses these rows. `failed`: D1 could not be reached or overran. */
export type Written =
  | { ok: true; share: { trips: number; rowsRead: number; rowsWritten: number; milliseconds: number } }
  | { ok: false; reason: 'busy' | 'rejected' | 'failed' | 'other_version' };

/** Bounds of one slice: rows, and bytes of UTF-8. The end of a chat goes with all its members, however many. */
export const SLICE_ROWS = 1000;
export const SLICE_BYTES = 4_000_000;

/** How far D1's copy of a thread is: events by `seq`, deliveries and lanes by `version`. */
export type Mark = { seq: number; version: number };

/**
 * What a slice covers: everything above `after` up to `upto`. `generation` grows with each rebuild of the thread, so that the
 * acknowledgement of an older slice says nothing of the new copy.
 */
export type SliceRange = { generation: number; after: Mark; upto: Mark };

/** A slice on its way to D1 in somebody else's hands, who acknowledges `range` when D1 has it. Lost ones are sent again. */
export type HandedSlice = { slice: Slice; range: SliceRange };
