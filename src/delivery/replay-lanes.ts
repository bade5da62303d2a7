import type { DeliveryLog } from '../db/database.ts';
import type { Receiver } from '../resources/receiver.ts';
import { inParallel } from './in-parallel.ts';
import { type FinishedFilter, listReplayCandidates, type ReplayCandidate } from './lanes-of-receiver.ts';

/** Most connections in parallel in one invocation. */
const PARALLEL_CALLS = 6;

/** Most lanes that one call replays: each is a subrequest, and the caller waits for all. */
export const MAX_LANES_PER_CALL = 1_000;

/** Most deliveries that one call reads. With a status that no index finds, it may replay none of them. */
export const MAX_DELIVERIES_PER_CALL = 5_000;

/** A stretch of the receiver's deliveries: above one id, up to another one. */
export type DeliveryRange = { after: string; upto: string };

/** `after`: the last delivery that was read, after which the next call continues; null when none is left. */
export type LanesReplayed = { lanes: number; replayed: number; after: string | null };

/**
 * Puts finished deliveries of a receiver back, in the order of their ids: up to 1,000 threads of the 5,000 deliveries
 * after the id `after` ('' starts). `replay` calls one thread for a range and answers how many deliveries it put back.
 */
export async function replayLanes(
  log: DeliveryLog,
  organizationId: string,
  receiver: Receiver,
  filter: FinishedFilter,
  after: string,
  replay: (thread: string, range: DeliveryRange) => Promise<number>,
): Promise<LanesReplayed> {
  const read = await listReplayCandidates(log, organizationId, receiver, filter, after, MAX_DELIVERIES_PER_CALL);
  const { threads, upto, isCut } = threadsOf(read, filter);
  if (upto === null) return { lanes: 0, replayed: 0, after: null };
  const counts = await inParallel(threads, PARALLEL_CALLS, (thread) => replay(thread, { after, upto }));
  return {
    lanes: threads.length,
    replayed: counts.reduce((sum, count) => sum + count, 0),
    after: isCut || read.length === MAX_DELIVERIES_PER_CALL ? upto : null,
  };
}

/** The threads of the deliveries that the filter selects, and the last delivery before there are too many of them. */
function threadsOf(
  read: readonly ReplayCandidate[],
  { status }: FinishedFilter,
): { threads: string[]; upto: string | null; isCut: boolean } {
  const threads = new Set<string>();
  let upto: string | null = null;
  for (const delivery of read) {
    const isWanted = status === null ? delivery.status !== 'pending' : delivery.status === status;
    if (isWanted && threads.size === MAX_LANES_PER_CALL && !threads.has(delivery.thread)) {
      return { threads: [...threads], upto, isCut: true };
    }
    if (isWanted) threads.add(delivery.thread);
    upto = delivery.id;
  }
  return { threads: [...threads], upto, isCut: false };
}
