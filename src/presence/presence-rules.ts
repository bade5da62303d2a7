/**
 * The rules of presence: when a user is present, when D1 and the chats must learn it, and how long clients are listed.
 * Pure. A user is present until their last client expires.
 */

import { type ClientFacts, isClientPresent } from '../resources/user-client.ts';
import { newUuid, parseUuidVersion7 } from '../resources/uuid.ts';
import type { ClientChanges } from '../rpc/user.ts';

/** How long a client keeps its user present by default, in seconds. */
const DEFAULT_EXPIRES_IN = 120;
/** How long expired clients stay in the list, in ms: bots renew the first client of the list, whatever its age. */
const KEEP_EXPIRED = 30 * 24 * 3_600_000;
const MOST_CLIENTS = 100;
/**
 * Interval (ms) at which all chats are asked whether they still want reports: a thread's call to end them can be lost.
 */
const CHECK_EVERY = 7 * 24 * 3_600_000;
/** D1 learns that a user stays longer when this much (ms) is left of what it knows. */
const COPY_AHEAD = 30_000;
/**
 * How long (ms) after a user's absence begins their chats are told. Coming and going costs a chat at most two commands
 * in this time.
 */
export const GRACE = 30_000;

/** The id of a new client. Ids sort by creation, even within one millisecond. `clients`: oldest first. */
export function nextClientId(clients: readonly ClientFacts[], now: number): string {
  const newest = parseUuidVersion7(clients.at(-1)?.id ?? '');
  return newUuid(newest === null ? now : Math.max(now, newest.at + 1));
}

/** A new client at `now` (ms). */
export function newClient(id: string, changes: ClientChanges, now: number): ClientFacts {
  const expiresIn = changes.presence_expires_in ?? DEFAULT_EXPIRES_IN;
  return {
    id,
    presence_expires_in: expiresIn,
    presence_expires_at: now + expiresIn * 1000,
    gcm_token: changes.gcm_token ?? null,
    properties: changes.properties ?? {},
    subscribed_channels: changes.subscribed_channels ?? [],
    created_at: now,
    updated_at: now,
  };
}

/**
 * A client after a change at `now` (ms). Each change renews its presence, for the time that it asks for now or asked
 * for before.
 */
export function changeClient(client: ClientFacts, changes: ClientChanges, now: number): ClientFacts {
  const expiresIn = changes.presence_expires_in ?? client.presence_expires_in;
  return {
    ...client,
    presence_expires_in: expiresIn,
    presence_expires_at: now + expiresIn * 1000,
    gcm_token: changes.gcm_token === undefined ? client.gcm_token : changes.gcm_token,
    properties: changes.properties ?? client.properties,
    subscribed_channels: changes.subscribed_channels ?? client.subscribed_channels ?? [],
    updated_at: now,
  };
}

/**
 * Ids of expired clients that must be deleted to make room for another, the longest expired first. Null when too many
 * clients are present.
 */
export function makeRoom(clients: readonly ClientFacts[], now: number): readonly string[] | null {
  const surplus = clients.length + 1 - MOST_CLIENTS;
  if (surplus <= 0) return [];
  const expired = byExpiry(clients).filter((client) => !isClientPresent(client, now));
  return expired.length < surplus ? null : expired.slice(0, surplus).map(({ id }) => id);
}

/**
 * Ids of the clients that have been expired for too long. The last one to expire is kept forever: bots that renew a
 * client of the list could not come back without it.
 */
export function outlivedClients(clients: readonly ClientFacts[], now: number): string[] {
  const earlier = byExpiry(clients).slice(0, -1);
  return earlier.filter((client) => client.presence_expires_at + KEEP_EXPIRED <= now).map(({ id }) => id);
}

function byExpiry(clients: readonly ClientFacts[]): ClientFacts[] {
  return clients.toSorted((one, other) => one.presence_expires_at - other.presence_expires_at);
}

/** How many clients a user has, and when the first and the last of them expire (ms). */
export type ClientSpan = { count: number; first: number | null; last: number | null };

/** Whether a user whose last client expires at `until` (ms) is present at `now`. */
export function isUserPresent(until: number | null, now: number): boolean {
  return until !== null && until > now;
}

/** What D1 has of a user's presence. `present_until` in ms; null, or a time in the past, means absent. */
export type CopiedPresence = { present_until: number | null; current_chat_count: number };

/**
 * When D1 must learn `present` (ms); null when it knows enough. At once: the user comes, leaves sooner than D1 expects,
 * or has another number of chats. That they stay longer can wait until 30 s before the time that D1 has: clients may
 * renew as often as they like, since D1's readers compare with the clock. So D1 shows a user as present for too long
 * only while a write is on its way. `copied` is null when unknown.
 */
export function copyDueAt(copied: CopiedPresence | null, present: CopiedPresence, now: number): number | null {
  if (copied === null || copied.current_chat_count !== present.current_chat_count) return now;
  const known = isUserPresent(copied.present_until, now) ? copied.present_until : null;
  const actual = isUserPresent(present.present_until, now) ? present.present_until : null;
  if (known === actual) return null;
  return known === null || actual === null || actual < known ? now : Math.max(now, known - COPY_AHEAD);
}

/**
 * When the chats must be asked whether they still want reports (ms); null when there are none. `count`: how many there
 * are.
 */
export function checkDueAt(checkedAt: number, count: number): number | null {
  return count === 0 ? null : checkedAt + CHECK_EVERY;
}

/** When expired clients must be checked (ms); null while none may be deleted. */
export function pruneDueAt({ count, first }: ClientSpan): number | null {
  return count > 1 && first !== null ? first + KEEP_EXPIRED : null;
}

/**
 * From when on (ms) chats may learn that a user is absent. `until`: when their last client expires or expired (ms;
 * null: they have none). The grace covers short losses of the network. A user who signs off has no client, and chats
 * learn it at once, but not before `arrivalEndsAt` (ms; null: long ago), the end of the grace after their arrival.
 */
export function departureAt(until: number | null, arrivalEndsAt: number | null): number {
  return Math.max(until === null ? 0 : until + GRACE, arrivalEndsAt ?? 0);
}

/**
 * When the alarm should ring (ms): at the earliest of the times, but a second from `now` at least, so that overdue work
 * cannot make it spin. Null for never.
 */
export function nextAlarm(times: readonly (number | null)[], now: number): number | null {
  const due = times.filter((time) => time !== null);
  return due.length === 0 ? null : Math.max(Math.min(...due), now + 1000);
}
