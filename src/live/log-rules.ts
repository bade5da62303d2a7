import type { ThreadUpdate } from '../notifications/notifications.ts';
import { CLOCKS_DIFFER } from '../rpc/live-hub.ts';

/** How long (ms), and how many events, a hub keeps for those who come back. */
export const KEEP_FOR = 24 * 3_600_000;
export const KEEP_EVENTS = 10_000;

/** The events that a hub has: numbers without gaps above `floor`, up to `head`. */
export type LogRange = { floor: number; head: number };

/**
 * What of a thread's feed the hub has not seen: events above the thread's checkpoint (0: none). What happened more than KEEP_FOR ago is dropped,
 * so that a checkpoint that has gone with its events cannot bring them back; it goes for imported messages of old times too. So is what
 * happened before the hub was made at `madeAt` (ms), when nobody listened: a thread may tell again what the hub did not keep then.
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

/** Whether a client that has read up to `after` can go on from there without a gap. */
export function canResume(after: number, { floor, head }: LogRange): boolean {
  return after >= floor && after <= head;
}
