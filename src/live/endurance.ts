import { ENDINGS, type Ending } from './endings.ts';
import { KEEP_FOR } from './log-rules.ts';
import { isOver } from './rights.ts';

/** Times in ms. Clients send `ping` this often. */
export const HEARTBEAT_EVERY = 30_000;
/** A socket that is silent for longer is closed. */
export const SILENCE_ENDURED = 150_000;
/** So long the hub waits for acknowledgements when it has stopped sending. */
export const FULLNESS_ENDURED = 30_000;
/** How often the alarm looks at the sockets. */
export const LOOK_EVERY = 60_000;
/** How long D1 is asked to have the organization's hub told, and when that is renewed. */
export const AWAKE_FOR = 7 * 24 * 3_600_000;
export const RENEW_BEFORE = 3 * 24 * 3_600_000;
/** How often old events are looked for. */
export const PRUNE_EVERY = 3_600_000;

/** Sockets of one user or visitor, and of a hub. */
export const MOST_OF_OWNER = 20;
export const MOST_OF_HUB = 10_000;

/** Why a socket must be closed at `now`; null when it may stay. `heard_at`: its last frame or ping. */
export function endingAt(
  socket: { expires_at: number | null; heard_at: number; full_since: number | null },
  now: number,
): Ending | null {
  if (isOver(socket.expires_at, now)) return ENDINGS.token;
  if (socket.full_since !== null && now - socket.full_since >= FULLNESS_ENDURED) return ENDINGS.slow;
  if (now - socket.heard_at >= SILENCE_ENDURED) return ENDINGS.silent;
  return null;
}

/** Whether nobody can resume any more: the last socket left (ms; null: there are some) longer ago than anything is kept. */
export function isForgotten(leftAt: number | null, now: number): boolean {
  return leftAt !== null && now - leftAt >= KEEP_FOR;
}

/** When the hub's alarm rings next. */
export function nextLook(leftAt: number | null, now: number): number {
  return leftAt === null ? now + LOOK_EVERY : leftAt + KEEP_FOR;
}
