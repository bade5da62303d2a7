import { asPlain } from './call.ts';

/**
 * A hand-over from a thread to D1: whole images of the rows last touched in a stretch of its log, each encoded as a JSON
 * array in the order of COLUMNS. Each row goes by its own `seq` or `version`, so batches may be lost, doubled and reordered, and several
 * of a thread may be under way: once all have arrived, D1 has the newest image of each row.
 */
export type ReplicaTable =
  | 'threads'
  | 'visitors'
  | 'visitor_variables'
  | 'members'
  | 'involvements'
  | 'messages'
  /** Without facts: the tag is gone. */
  | 'tags'
  | 'invitations'
  | 'lanes'
  | 'deliveries'
  /**
   * Rows of `chats` whose flags D1 has: they stay as they are, and with them their indexes. Only for a chat of which D1 has acknowledged
   * a row with these flags, and no row with others was sent since (thread/replica/chat-flags.ts).
   */
  | 'chats_with_known_flags'
  /** Their flags are written where D1 has others. */
  | 'chats';

/** Version of batches: a projector writes only those of its own. */
export const BATCH_VERSION = 4;

export type ReplicaBatch = {
  v: typeof BATCH_VERSION;
  thread: string;
  /** Encoded rows by table; a table without rows is absent. */
  rows: Partial<Record<ReplicaTable, string[]>>;
  /** Size of all rows in bytes of UTF-8. */
  size: number;
  /** Only on the first batch of a rebuild. */
  rebuild?: RebuildStart;
};

/**
 * Has the thread's rows deleted before those of the batch are written; once for each `number`, which grows with each rebuild of the
 * thread. What was sent before the rebuild began may arrive whenever it likes. But from then on nothing else of the thread may be sent
 * until this batch is acknowledged: its rows could be deleted after they were written.
 */
export type RebuildStart = { number: number; chat_ids: string[] };

/** Answer of a projector. `busy`: its buffer is full. `rejected`: D1 refuses these rows. `failed`: D1 could not be reached or overran. */
export type BatchResult =
  | { ok: true; share: { trips: number; rowsRead: number; rowsWritten: number; milliseconds: number } }
  | { ok: false; reason: 'busy' | 'rejected' | 'failed' | 'other_version' };

/** Bounds of one batch: rows, and bytes of UTF-8. The end of a chat goes with all its members, however many. */
export const BATCH_ROWS = 1000;
export const BATCH_BYTES = 4_000_000;

/** How far D1's copy of a thread is: events by `seq`, deliveries and lanes by `version`. */
export type Checkpoint = { seq: number; version: number };

/**
 * What a batch covers: everything above `after` up to `upto`. `generation` grows with each rebuild of the thread, so that the
 * acknowledgement of an older batch says nothing of the new copy.
 */
export type BatchRange = { generation: number; after: Checkpoint; upto: Checkpoint };

/** A batch on its way to D1 in somebody else's hands, who acknowledges `range` when D1 has it. Lost ones are sent again. */
export type RangedBatch = { slice: ReplicaBatch; range: BatchRange };

/** The same with the D1 binding that it is for. */
export type HandedBatch = RangedBatch & { database: string };

export interface ProjectorStub {
  write(database: string, batches: readonly ReplicaBatch[]): Promise<BatchResult[]>;
}

/** The projector that writes this thread's copy into its database: threads are spread over PROJECTOR_COUNT objects by their name. */
export function projectorStub(env: Env, database: string, thread: string): ProjectorStub {
  const hint = env.PROJECTOR_LOCATION;
  const options = hint === undefined ? {} : { locationHint: hint };
  return asPlain<ProjectorStub>(env.PROJECTORS.getByName(projectorName(env, database, thread), options));
}

/** The name of that projector: threads of one name travel together. */
export function projectorName(env: Env, database: string, thread: string): string {
  const count = Math.max(1, Number.parseInt(env.PROJECTOR_COUNT, 10) || 1);
  return `${database}/${Number.parseInt(thread.slice(-6), 16) % count}`;
}
