import type { DeliveryLog } from '../db/database.ts';
import type { Receiver } from '../resources/receiver.ts';
import type { Pointer } from '../rpc/lane.ts';
import { listPendingTracks, type PendingTrack } from './lanes-of-receiver.ts';

/** Most messages that a queue takes at once. */
const BATCH_SIZE = 100;

/** Tracks read from D1 at a time: each page walks all of the receiver's pending rows, so there are few. */
const PAGE_SIZE = 10_000;

export type PointerQueue = { sendBatch(messages: { body: Pointer }[]): Promise<unknown> };

/**
 * Sends a drain pointer to each lane of a receiver that has pending rows in D1's log; if a webhook is named, only where the head is of
 * it: others would be attempted before their time. What D1 does not know yet, the lane's
 * own pointer or alarm meets at its due time. Answers the number of pointers.
 */
export async function drainLanes(
  log: DeliveryLog,
  queue: PointerQueue,
  organizationId: string,
  receiver: Receiver,
  webhookId: string | null,
): Promise<number> {
  let count = 0;
  let after: PendingTrack | null = null;
  for (;;) {
    const tracks: PendingTrack[] = await listPendingTracks(log, organizationId, receiver, webhookId, after, PAGE_SIZE);
    await sendPointers(
      queue,
      tracks.map((track) => drainPointer(receiver, track)),
    );
    count += tracks.length;
    const last = tracks.at(-1);
    if (last === undefined || tracks.length < PAGE_SIZE) return count;
    after = last;
  }
}

/** Sends pointers in batches that the queue accepts. */
export async function sendPointers(queue: PointerQueue, pointers: readonly Pointer[]): Promise<void> {
  for (let start = 0; start < pointers.length; start += BATCH_SIZE) {
    await queue.sendBatch(pointers.slice(start, start + BATCH_SIZE).map((body) => ({ body })));
  }
}

function drainPointer(receiver: Receiver, track: PendingTrack): Pointer {
  return { v: 1, thread: track.thread, receiver, track: track.is_replay === 1 ? 'replay' : 'lane', drain: true };
}
