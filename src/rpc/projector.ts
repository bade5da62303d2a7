/**
 * The messages between threads and projectors. Each row of a batch is a whole image with its own `seq` or `version`,
 * and D1 keeps the newest. So batches may be lost, repeated and reordered, and several of one thread may be in flight.
 */

import { asPlain, inJurisdiction } from './call.ts';

/**
 * The tables of a replica batch. Each row is a JSON array in the order of the table's columns
 * (read-model/write-batches.ts).
 */
export type ReplicaTable =
  | 'threads'
  | 'visitors'
  | 'visitor_variables'
  | 'members'
  | 'involvements'
  | 'messages'
  /** Which files a message names, or names no more. Only in batches of FILES_BATCH_VERSION. */
  | 'files'
  /** A row without facts: the tag was removed. */
  | 'tags'
  | 'invitations'
  | 'lanes'
  | 'deliveries'
  /**
   * Rows of `chats` whose flags D1 has. The flags and their indexes are left alone. Only for a chat of which D1 has
   * acknowledged a row with these flags, with no row with other flags sent since (thread/replica/chat-flags.ts).
   */
  | 'chats_with_known_flags'
  /** Rows of `chats` whose flags are written if D1 has others. */
  | 'chats';

/**
 * Versions of batches. A projector refuses any other. An older program would leave out the rows of files and say that D1 has
 * them, so batches with such rows have a version of their own.
 */
export const BATCH_VERSION = 4;
export const FILES_BATCH_VERSION = 5;

export type ReplicaBatch = {
  v: typeof BATCH_VERSION | typeof FILES_BATCH_VERSION;
  thread: string;
  /** Whose bytes these are. Absent in a rebuild, which stores nothing new, and in batches of earlier versions. */
  organization_id?: string;
  /** Encoded rows by table. A table without rows is absent. */
  rows: Partial<Record<ReplicaTable, string[]>>;
  /** Size of all rows in bytes of UTF-8. */
  size: number;
  /** Only on the first batch of a rebuild. */
  rebuild?: RebuildStart;
};

/**
 * Deletes the thread's rows before those of the batch are written, once for each `number`, which grows with each
 * rebuild. Batches sent before the rebuild may arrive at any time. After it starts, no other batch of the thread may be
 * sent until this one is acknowledged: its rows could be deleted.
 */
export type RebuildStart = { number: number; chat_ids: string[] };

/**
 * The answer of a projector. `busy`: its buffer is full. `rejected`: D1 refuses these rows. `failed`: D1 could not be
 * reached, or failed. `share`: the batch's part of the cost.
 */
export type BatchResult =
  | { ok: true; share: { trips: number; rowsRead: number; rowsWritten: number; milliseconds: number } }
  | { ok: false; reason: 'busy' | 'rejected' | 'failed' | 'other_version' };

/** Limits of one batch: rows, and bytes of UTF-8. The end of a chat always goes with all its members. */
export const BATCH_ROWS = 1000;
export const BATCH_BYTES = 4_000_000;

/** How far a thread's replica is: events by `seq`, deliveries and lanes by `version`. */
export type Checkpoint = { seq: number; version: number };

/**
 * What a batch covers: above `after`, up to `upto`. `generation` grows with each rebuild, so that acknowledgements of
 * older batches do not count for the new replica.
 */
export type BatchRange = { generation: number; after: Checkpoint; upto: Checkpoint };

/**
 * A batch that a caller brings to D1, and the range to acknowledge when D1 has it. Lost ones are sent again. `slice` is
 * its name on the wire.
 */
export type RangedBatch = { slice: ReplicaBatch; range: BatchRange };

/** The same with the D1 binding that it belongs to. */
export type HandedBatch = RangedBatch & { database: string };

export interface ProjectorStub {
  write(database: string, batches: readonly ReplicaBatch[]): Promise<BatchResult[]>;
}

/** The projector of a thread's replica. Threads are spread over PROJECTOR_COUNT objects by their names. */
export function projectorStub(env: Env, database: string, thread: string): ProjectorStub {
  const hint = env.PROJECTOR_LOCATION;
  const options = hint === undefined ? {} : { locationHint: hint };
  return asPlain<ProjectorStub>(
    inJurisdiction(env, env.PROJECTORS).getByName(projectorName(env, database, thread), options),
  );
}

/** The name of a thread's projector. Threads with one projector share transactions. */
export function projectorName(env: Env, database: string, thread: string): string {
  const count = Math.max(1, Number.parseInt(env.PROJECTOR_COUNT, 10) || 1);
  return `${database}/${Number.parseInt(thread.slice(-6), 16) % count}`;
}
