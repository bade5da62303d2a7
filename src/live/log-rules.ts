import type { ThreadUpdate } from '../notifications/notifications.ts';
import { CLOCKS_DIFFER } from '../rpc/live-hub.ts';

/** How long (ms) a hub keeps events, and how many, for clients that resume. */
export const KEEP_FOR = 24 * 3_600_000;
export const KEEP_EVENTS = 10_000;

/** The numbers of the events that a hub has: without gaps, above `floor`, up to `head`. */
export type LogRange = { floor: number; head: number };

/**
 * The events of a thread that the hub has not seen: those above its checkpoint (0: none). Events from more than
 * KEEP_FOR ago are dropped, imported ones included: the checkpoint may have been deleted with its events, and must not
 * bring them back. Events from before the hub was made at `madeAt` (ms) are dropped too: the thread may send again what
 * the hub did not store then.
 */
export function unseenOf(
  entries: readonly ThreadUpdate[],
  checkpoint: number,
  madeAt: number,
  now: number,
): ThreadUpdate[] {
  const from = Math.max(now - KEEP_FOR, madeAt - CLOCKS_DIFFER);
  return entries.filter(({ seq, at }) => seq > checkpoint && at > from);
}

/** Whether a client that has read up to `after` can resume without a gap. */
export function canResume(after: number, { floor, head }: LogRange): boolean {
  return after >= floor && after <= head;
}
