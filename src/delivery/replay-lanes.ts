import type { DeliveryLog } from '../db/database.ts';
import type { Receiver } from '../resources/receiver.ts';
import { inParallel } from './in-parallel.ts';
import { type FinishedFilter, listFinishedThreads } from './lanes-of-receiver.ts';

/** Most connections in parallel in one invocation. */
const PARALLEL_CALLS = 6;

/** Most lanes that one call replays: each is a subrequest, and the caller waits for all. */
export const MAX_LANES_PER_CALL = 1_000;

/** `after`: the last lane that was replayed, from which the next call continues; null when none is left. */
export type LanesReplayed = { lanes: number; replayed: number; after: string | null };

/**
 * Puts finished deliveries of a receiver back, thread by thread, up to 1,000 threads after `after` ('' starts).
 * `replay` calls one thread and answers how many deliveries it put back.
 */
export async function replayLanes(
  log: DeliveryLog,
  organizationId: string,
  receiver: Receiver,
  filter: FinishedFilter,
  after: string,
  replay: (thread: string) => Promise<number>,
): Promise<LanesReplayed> {
  const limit = MAX_LANES_PER_CALL + 1;
  const found = await listFinishedThreads(log, organizationId, receiver, filter, after, limit);
  const threads = found.slice(0, MAX_LANES_PER_CALL);
  const counts = await inParallel(threads, PARALLEL_CALLS, replay);
  return {
    lanes: threads.length,
    replayed: counts.reduce((sum, count) => sum + count, 0),
    after: found.length > threads.length ? (threads.at(-1) ?? null) : null,
  };
}
