import { z } from 'zod';
import type { DeliveryLog } from '../db/database.ts';
import type { Receiver } from '../resources/receiver.ts';
import type { LaneWakeUp } from '../rpc/lane.ts';
import { listPending, type PendingDelivery } from './lanes-of-receiver.ts';

const versionSchema = z.object({ v: z.int().min(1) });

const wakeUpSchema: z.ZodType<LaneWakeUp> = z.object({
  v: z.literal(1),
  thread: z.string().min(1),
  receiver: z.string().min(1),
  track: z.enum(['lane', 'replay']),
  drain: z.boolean(),
});

/** `newer`: written by a later version during a rollout. `garbage`: not a wake-up of any version. */
export type ParsedWakeUp = { kind: 'wake_up'; wakeUp: LaneWakeUp } | { kind: 'newer' } | { kind: 'garbage' };

/** Reads the body of a queue message, which an earlier version may have written. */
export function parseWakeUp(body: unknown): ParsedWakeUp {
  const version = versionSchema.safeParse(body);
  if (version.success && version.data.v > 1) return { kind: 'newer' };
  const parsed = wakeUpSchema.safeParse(body);
  return parsed.success ? { kind: 'wake_up', wakeUp: parsed.data } : { kind: 'garbage' };
}

/** Longest delay of a queue message (seconds) that all versions of the platform's limits allow. */
const MAX_DELAY_SECONDS = 43_200;

/** A delay for the queue: whole seconds, at most 12 h. A wake-up that comes too early is answered with `wait`. */
export function queueDelay(seconds: number): number {
  return Math.min(Math.max(0, Math.ceil(seconds)), MAX_DELAY_SECONDS);
}

/** Most messages in one call to the queue. */
const BATCH_SIZE = 100;

/** Pending deliveries in one read of D1, and the most that are read. The others are woken when they are due. */
const PAGE_SIZE = 5_000;
const MOST_READ = 100_000;

export type WakeUpQueue = { sendBatch(messages: { body: LaneWakeUp }[]): Promise<unknown> };

/**
 * Sends a drain wake-up to each lane of a receiver with pending rows in D1. With a webhook, only where the head belongs
 * to it: other heads would be attempted too early. Deliveries that D1 does not have yet are woken when they are due.
 * Answers the number of wake-ups.
 */
export async function drainLanes(
  log: DeliveryLog,
  queue: WakeUpQueue,
  organizationId: string,
  receiver: Receiver,
  webhookId: string | null,
): Promise<number> {
  const seen = new Set<string>();
  let count = 0;
  let after = '';
  for (let read = 0; read < MOST_READ; read += PAGE_SIZE) {
    const pending = await listPending(log, organizationId, receiver, after, PAGE_SIZE);
    const heads = pending.filter((delivery) => isFirstOfTrack(seen, delivery));
    const ofWebhook = heads.filter(({ webhook_id }) => webhookId === null || webhook_id === webhookId);
    await sendWakeUps(
      queue,
      ofWebhook.map((head) => drainWakeUp(receiver, head)),
    );
    count += ofWebhook.length;
    const last = pending.at(-1);
    if (last === undefined || pending.length < PAGE_SIZE) break;
    after = last.id;
  }
  return count;
}

/** Whether no delivery of the track was seen before: the first one is its head. */
function isFirstOfTrack(seen: Set<string>, { thread, is_replay }: PendingDelivery): boolean {
  const before = seen.size;
  return seen.add(`${thread}/${is_replay}`).size > before;
}

/** Sends wake-ups in batches of the size that the queue accepts. */
export async function sendWakeUps(queue: WakeUpQueue, wakeUps: readonly LaneWakeUp[]): Promise<void> {
  for (let start = 0; start < wakeUps.length; start += BATCH_SIZE) {
    await queue.sendBatch(wakeUps.slice(start, start + BATCH_SIZE).map((body) => ({ body })));
  }
}

function drainWakeUp(receiver: Receiver, { thread, is_replay }: PendingDelivery): LaneWakeUp {
  return { v: 1, thread, receiver, track: is_replay === 1 ? 'replay' : 'lane', drain: true };
}
