import { KEEP_FOR, type LogRange } from './log-rules.ts';

/** Why the hub closes a socket: WebSocket close code and reason (docs/live.md). */
export type CloseReason = { code: number; reason: string };

export const CLOSE_REASONS = {
  /** The client authenticates again and resumes. */
  token: { code: 4401, reason: 'token expired or revoked' },
  /** The organization has no active subscription. */
  subscription: { code: 4403, reason: 'no active subscription' },
  /** The client does not acknowledge. It connects again and resumes. */
  slow: { code: 4008, reason: 'not acknowledged in time' },
  /** No heartbeat. */
  silent: { code: 4408, reason: 'no heartbeat' },
  malformed: { code: 1008, reason: 'too many malformed frames' },
  flood: { code: 1008, reason: 'too many frames at once' },
  /** Rights cannot be read now. The client connects again later and resumes. */
  unavailable: { code: 1013, reason: 'try again later' },
} as const satisfies { [name: string]: CloseReason };

/** Clients send `ping` at this interval. Times in ms. */
export const HEARTBEAT_EVERY = 30_000;
/** A socket that is silent for longer is closed. */
export const LONGEST_SILENCE = 150_000;
/** A paused socket that acknowledges nothing for this long is closed. */
export const LONGEST_PAUSE = 30_000;
/** How long D1 lists a hub as awake, and how long before the end that is renewed. */
export const AWAKE_FOR = 7 * 24 * 3_600_000;
export const RENEW_BEFORE = 3 * 24 * 3_600_000;
/** Shortest interval between deletions of old events. */
export const PRUNE_EVERY = 3_600_000;

/** How long a visitor's hub is kept that has never had an event. */
export const KEEP_EMPTY_FOR = 10 * 60_000;

/** Most sockets of one user or visitor, and of a hub. */
export const MOST_OF_OWNER = 20;
export const MOST_OF_HUB = 10_000;

/**
 * The times that decide how long a socket may stay open, in ms. `heard_at`: when its last frame or ping arrived.
 * `full_since`: since when it is paused.
 */
export type SocketTimes = { expires_at: number | null; heard_at: number; full_since: number | null };

/** Why a socket must be closed at `now` (ms); null when it may stay open. */
export function closeReasonAt({ expires_at, heard_at, full_since }: SocketTimes, now: number): CloseReason | null {
  if (isOver(expires_at, now)) return CLOSE_REASONS.token;
  if (full_since !== null && now - full_since >= LONGEST_PAUSE) return CLOSE_REASONS.slow;
  if (now - heard_at >= LONGEST_SILENCE) return CLOSE_REASONS.silent;
  return null;
}

/** When a socket must be closed unless something happens before (ms). */
export function endsAt({ expires_at, heard_at, full_since }: SocketTimes): number {
  const atLatest = heard_at + LONGEST_SILENCE;
  return Math.min(atLatest, expires_at ?? atLatest, full_since === null ? atLatest : full_since + LONGEST_PAUSE);
}

/**
 * When a hub is deleted, because nobody can resume any more (ms); null while it has sockets. Pages that visitors have
 * looked at and left are many, and most of their hubs had never an event: there is nothing to resume.
 */
export function forgottenAt({ left_at, organization_id }: HubAtRest, { floor, head }: LogRange): number | null {
  if (left_at === null) return null;
  return left_at + (organization_id === null && floor === head ? KEEP_EMPTY_FOR : KEEP_FOR);
}

/** `organization_id` null: a visitor's hub. `left_at`: when the last socket left (ms; null: there are sockets). */
type HubAtRest = { left_at: number | null; organization_id: string | null };

/**
 * When old events must be deleted (ms); null for never. `oldestAt`: when the oldest event that may be deleted was
 * logged.
 */
export function prunesAt(oldestAt: number | null, prunedAt: number): number | null {
  return oldestAt === null ? null : Math.max(oldestAt + KEEP_FOR, prunedAt + PRUNE_EVERY);
}

/** Whether a token that ends at `at` (ms; null: never) has ended. */
export function isOver(at: number | null, now: number): boolean {
  return at !== null && now >= at;
}
