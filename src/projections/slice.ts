/**
 * A hand-over from a thread to D1 (ENGINE 3): final images of the rows last touched in a stretch of its log, each encoded as
 * a JSON array in the order of COLUMNS. Rows that come late or twice change nothing: the guards compare `seq` or `version`.
 */
export type SliceTable =
  | 'threads'
  | 'visitors'
  | 'visitor_variables'
  | 'members'
  | 'messages'
  | 'reply_suggestions'
  | 'lanes'
  | 'deliveries'
  /** Rows of `chats` whose flags D1 has: they stay as they are, and with them their index. */
  | 'chats_with_known_flags'
  | 'chats';

export type Slice = {
  v: 1;
  thread: string;
  /** Encoded rows by table; a table without rows is absent. */
  rows: Partial<Record<SliceTable, string[]>>;
  /** Size of all rows in bytes of UTF-8. */
  size: number;
};

/** Answer of a projector. `busy`: its buffer is full. `rejected`: D1 refuses these rows. `failed`: D1 could not be reached or overran. */
export type Written =
  | { ok: true; share: { trips: number; rowsRead: number; rowsWritten: number; milliseconds: number } }
  | { ok: false; reason: 'busy' | 'rejected' | 'failed' | 'newer_version' };

/** Bounds of one slice: rows, and bytes of UTF-8. */
export const SLICE_ROWS = 1000;
export const SLICE_BYTES = 4_000_000;
