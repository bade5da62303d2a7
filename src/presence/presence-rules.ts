import { type ClientFacts, isClientPresent } from '../resources/user-client.ts';
import { newUuid, parseUuidVersion7 } from '../resources/uuid.ts';
import type { ClientChanges } from '../rpc/user.ts';

/** How long a client keeps its user present when it does not say. Seconds. */
const DEFAULT_EXPIRES_IN = 120;
/** Expired clients stay listed for 30 days, because bots renew the first client of the list, whatever its age. ms. */
const KEEP_EXPIRED = 30 * 24 * 3_600_000;
const MOST_CLIENTS = 100;
/** All chats are asked once a week whether they still are to be told: a thread's word that its user has left can be lost. ms. */
const CHECK_EVERY = 7 * 24 * 3_600_000;
/** D1 learns that a user stays longer when so much is left of what it knows. ms. */
const COPY_AHEAD = 30_000;
/** How long (ms) chats go without news that a user left, so that coming and going in turns costs them at most two commands in this time. */
export const GRACE = 30_000;

/** An id for one more client: ids sort by creation, also of two clients within one millisecond. `clients` come oldest first. */
export function nextClientId(clients: readonly ClientFacts[], now: number): string {
  const newest = parseUuidVersion7(clients.at(-1)?.id ?? '');
  return newUuid(newest === null ? now : Math.max(now, newest.at + 1));
}

/** A new client, made at `now` (ms). */
export function newClient(id: string, changes: ClientChanges, now: number): ClientFacts {
  const expiresIn = changes.presence_expires_in ?? DEFAULT_EXPIRES_IN;
  return {
    id,
    presence_expires_in: expiresIn,
    presence_expires_at: now + expiresIn * 1000,
    gcm_token: changes.gcm_token ?? null,
    properties: changes.properties ?? {},
    created_at: now,
    updated_at: now,
  };
}

/** The client after a change at `now` (ms). Each change renews its presence, for as long as it asks for or asked for before. */
export function changeClient(client: ClientFacts, changes: ClientChanges, now: number): ClientFacts {
  const expiresIn = changes.presence_expires_in ?? client.presence_expires_in;
  return {
    ...client,
    presence_expires_in: expiresIn,
    presence_expires_at: now + expiresIn * 1000,
    gcm_token: changes.gcm_token === undefined ? client.gcm_token : changes.gcm_token,
    properties: changes.properties ?? client.properties,
    updated_at: now,
  };
}

/** Ids of the expired clients that must go before a user may have one more, the longest expired first; null when too many are present. */
export function makeRoom(clients: readonly ClientFacts[], now: number): readonly string[] | null {
  const surplus = clients.length + 1 - MOST_CLIENTS;
  if (surplus <= 0) return [];
  const expired = byExpiry(clients).filter((client) => !isClientPresent(client, now));
  return expired.length < surplus ? null : expired.slice(0, surplus).map(({ id }) => id);
}

/**
 * Ids of the clients whose time on the list is over. The last one to expire stays for ever: a bot that only ever renews what it finds
 * on the list would not come back without it.
 */
export function outlivedClients(clients: readonly ClientFacts[], now: number): string[] {
  const earlier = byExpiry(clients).slice(0, -1);
  return earlier.filter((client) => client.presence_expires_at + KEEP_EXPIRED <= now).map(({ id }) => id);
}

function byExpiry(clients: readonly ClientFacts[]): ClientFacts[] {
  return clients.toSorted((one, other) => one.presence_expires_at - other.presence_expires_at);
}

/** A user's clients at a glance: how many, and when the first and the last of them expires (ms). */
export type ClientSpan = { count: number; first: number | null; last: number | null };

/** Whether a user whose last client expires at `until` (ms) is present at `now`. */
export function isUserPresent(until: number | null, now: number): boolean {
  return until !== null && until > now;
}

/** What D1 knows of a user's presence; `present_until` in ms, a past one means absent as null does. */
export type CopiedPresence = { present_until: number | null; current_chat_count: number };

/**
 * When D1 should learn `present` (ms); null when it knows enough. At once when the user comes, when they leave sooner than D1 knows
 * or when the count of their chats changes. That they stay longer waits until less than 30 s of the known time are left, so that a
 * client may renew as often as it likes: D1's readers only compare with the time of day. So D1 says too much only while the news
 * that a user left sooner is on its way. `copied` is null when unknown.
 */
export function copyDueAt(copied: CopiedPresence | null, present: CopiedPresence, now: number): number | null {
  if (copied === null || copied.current_chat_count !== present.current_chat_count) return now;
  const known = isUserPresent(copied.present_until, now) ? copied.present_until : null;
  const actual = isUserPresent(present.present_until, now) ? present.present_until : null;
  if (known === actual) return null;
  return known === null || actual === null || actual < known ? now : Math.max(now, known - COPY_AHEAD);
}

/** When the chats, `count` of them, should be asked whether they still are to be told (ms); null when there are none. */
export function checkDueAt(checkedAt: number, count: number): number | null {
  return count === 0 ? null : checkedAt + CHECK_EVERY;
}

/** When old clients should be looked through (ms); null while there is none that may go. */
export function pruneDueAt({ count, first }: ClientSpan): number | null {
  return count > 1 && first !== null ? first + KEEP_EXPIRED : null;
}

/**
 * From when on (ms) chats may hear that the user is absent, whose last client expires or expired at `until` (ms; null: there is
 * none). A blink of the network is shorter than the grace and costs no chat a command. Who signs off has no client left and is told
 * of at once, but not before `arrivalEndsAt` (ms; null: long ago), the end of the grace after chats heard of an arrival.
 */
export function departureAt(until: number | null, arrivalEndsAt: number | null): number {
  return Math.max(until === null ? 0 : until + GRACE, arrivalEndsAt ?? 0);
}

/** When the alarm should ring: at the earliest of the times (ms), but not before `now + 1 s`, so that a late one cannot spin. Null for never. */
export function nextAlarm(times: readonly (number | null)[], now: number): number | null {
  const due = times.filter((time) => time !== null);
  return due.length === 0 ? null : Math.max(Math.min(...due), now + 1000);
}
