import { ENDINGS, type Ending } from './endings.ts';
import { KEEP_FOR } from './log-rules.ts';
import { isOver } from './rights.ts';

/** Times in ms. Clients send `ping` this often. */
export const HEARTBEAT_EVERY = 30_000;
/** A socket that is silent for longer is closed. */
export const SILENCE_ENDURED = 150_000;
/** So long the hub waits for acknowledgements when it has stopped sending. */
export const FULLNESS_ENDURED = 30_000;
/** How long D1 is asked to have the organization's hub told, and when that is renewed. */
export const AWAKE_FOR = 7 * 24 * 3_600_000;
export const RENEW_BEFORE = 3 * 24 * 3_600_000;
/** Old events are deleted at most this often. */
export const PRUNE_EVERY = 3_600_000;

/** Sockets of one user or visitor, and of a hub. */
export const MOST_OF_OWNER = 20;
export const MOST_OF_HUB = 10_000;

/** What of a socket decides how long it may stay. `heard_at`: its last frame or ping; `full_since`: since when it is told nothing more. ms. */
export type Enduring = { expires_at: number | null; heard_at: number; full_since: number | null };

/** Why a socket must be closed at `now`; null when it may stay. */
export function endingAt({ expires_at, heard_at, full_since }: Enduring, now: number): Ending | null {
  if (isOver(expires_at, now)) return ENDINGS.token;
  if (full_since !== null && now - full_since >= FULLNESS_ENDURED) return ENDINGS.slow;
  if (now - heard_at >= SILENCE_ENDURED) return ENDINGS.silent;
  return null;
}

/** When a socket must be closed unless something happens before (ms). */
export function endsAt({ expires_at, heard_at, full_since }: Enduring): number {
  const atLatest = heard_at + SILENCE_ENDURED;
  return Math.min(atLatest, expires_at ?? atLatest, full_since === null ? atLatest : full_since + FULLNESS_ENDURED);
}

/** Whether nobody can resume any more: the last socket left (ms; null: there are some) longer ago than anything is kept. */
export function isForgotten(leftAt: number | null, now: number): boolean {
  return leftAt !== null && now - leftAt >= KEEP_FOR;
}

/** When old events are to be deleted (ms). `oldestAt`: when the oldest of them was logged; null when there is none to delete. */
export function prunesAt(oldestAt: number | null, prunedAt: number): number | null {
  return oldestAt === null ? null : Math.max(oldestAt + KEEP_FOR, prunedAt + PRUNE_EVERY);
}
