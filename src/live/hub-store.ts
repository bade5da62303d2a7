import { threadNameOfChat } from '../domain/address.ts';
import type { ThreadUpdate } from '../notifications/notifications.ts';
import { upcastUpdate } from '../notifications/upcast-update.ts';
import { hasTable } from '../platform/sqlite.ts';
import { isoTime } from '../resources/clock.ts';
import type { HubPurge } from '../rpc/live-hub.ts';
import type { LogRange } from './log-rules.ts';
import type { SocketOwner } from './socket-owner.ts';

/**
 * The tables of a live hub. Its first socket makes them, and the hub deletes everything when nobody can resume any
 * more. Times are ms. All functions except `hasTables` and `makeTables` need the tables.
 */
const TABLES = [
  // One row. number_before: the number before the first event, and when the tables were made. organization_id: null for
  // a visitor's hub. awake_until: until when D1 lists this hub as awake. left_at: when the last socket left, null while
  // there are sockets.
  `CREATE TABLE hub (
    one INTEGER PRIMARY KEY CHECK (one = 1), number_before INTEGER NOT NULL, organization_id TEXT, awake_until INTEGER NOT NULL,
    left_at INTEGER, pruned_at INTEGER NOT NULL)`,
  'CREATE TABLE events (number INTEGER PRIMARY KEY, logged_at INTEGER NOT NULL, told TEXT NOT NULL)',
  // The hub's checkpoint of each thread, and the time of that event.
  'CREATE TABLE threads (thread TEXT PRIMARY KEY, seq INTEGER NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID',
  'CREATE TABLE sockets (id TEXT PRIMARY KEY, owner TEXT NOT NULL) WITHOUT ROWID',
  `CREATE TABLE subscriptions (
    socket_id TEXT NOT NULL, channel TEXT NOT NULL, since INTEGER NOT NULL, PRIMARY KEY (socket_id, channel)) WITHOUT ROWID`,
];

export type HubRow = {
  /** Also the time when the tables were made (ms). */
  number_before: number;
  organization_id: string | null;
  awake_until: number;
  left_at: number | null;
  pruned_at: number;
};

/** Whether the hub has ever had a socket. */
export function hasTables(sql: SqlStorage): boolean {
  return hasTable(sql, 'hub');
}

/**
 * Makes the tables at `now` (ms). Numbers start with the time, so a hub that has deleted or lost its log assigns higher
 * numbers than before.
 */
export function makeTables(sql: SqlStorage, organizationId: string | null, now: number): void {
  for (const statement of TABLES) sql.exec(statement);
  sql.exec(
    'INSERT INTO hub (one, number_before, organization_id, awake_until, left_at, pruned_at) VALUES (1, ?, ?, 0, NULL, ?)',
    now,
    organizationId,
    now,
  );
}

/** The hub's own row. */
export function readHub(sql: SqlStorage): HubRow {
  return sql.exec<HubRow>('SELECT number_before, organization_id, awake_until, left_at, pruned_at FROM hub').one();
}

/** Stores until when D1 lists this hub as awake (ms). */
export function setAwakeUntil(sql: SqlStorage, until: number): void {
  sql.exec('UPDATE hub SET awake_until = ?1 WHERE awake_until <> ?1', until);
}

/** Notes when the last socket left; null: there are sockets. */
export function setLeftAt(sql: SqlStorage, at: number | null): void {
  sql.exec('UPDATE hub SET left_at = ?1 WHERE left_at IS NOT ?1', at);
}

/** The numbers of the stored events. */
export function readLogRange(sql: SqlStorage): LogRange {
  const { first, last } = sql
    .exec<{ first: number | null; last: number | null }>(
      'SELECT (SELECT min(number) FROM events) AS first, (SELECT max(number) FROM events) AS last',
    )
    .one();
  if (first === null || last === null) {
    const { number_before } = readHub(sql);
    return { floor: number_before, head: number_before };
  }
  return { floor: first - 1, head: last };
}

/** When the oldest event was logged (ms). Null unless there are two: the newest is never deleted. */
export function oldestLoggedAt(sql: SqlStorage): number | null {
  const rows = sql.exec<{ logged_at: number }>('SELECT logged_at FROM events ORDER BY number LIMIT 2').toArray();
  return rows.length < 2 ? null : (rows[0]?.logged_at ?? null);
}

/** The hub's checkpoint of a thread; 0 for none. */
export function seenOf(sql: SqlStorage, thread: string): number {
  return sql.exec<{ seq: number }>('SELECT seq FROM threads WHERE thread = ?', thread).toArray()[0]?.seq ?? 0;
}

/** An event with its number in the hub, and the characters of its JSON. */
export type LoggedEvent = { number: number; update: ThreadUpdate; characters: number };

/**
 * Appends a thread's events after `head` and moves the thread's checkpoint. Must run in a transaction. Answers the
 * events with their numbers.
 */
export function appendEvents(
  sql: SqlStorage,
  thread: string,
  entries: readonly ThreadUpdate[],
  head: number,
  now: number,
): LoggedEvent[] {
  const last = entries.at(-1);
  if (last === undefined) return [];
  const appended = entries.map((entry, place) => {
    const update = upcastUpdate(entry);
    const number = head + 1 + place;
    const text = JSON.stringify(update);
    sql.exec('INSERT INTO events (number, logged_at, told) VALUES (?, ?, ?)', number, now, text);
    return { number, update, characters: text.length };
  });
  sql.exec(
    `INSERT INTO threads (thread, seq, at) VALUES (?, ?, ?)
     ON CONFLICT (thread) DO UPDATE SET seq = excluded.seq, at = max(at, excluded.at)`,
    thread,
    last.seq,
    Math.max(...entries.map(({ at }) => at)),
  );
  return appended;
}

/**
 * A read ends early at this many characters of JSON. One event may have hundreds of thousands, and the object has 128
 * MB.
 */
const CHARACTERS_READ = 2_000_000;

/** The events after a number, in order, at most `limit`. */
export function eventsAfter(sql: SqlStorage, number: number, limit: number): LoggedEvent[] {
  const events: LoggedEvent[] = [];
  let characters = 0;
  for (const row of sql.exec<{ number: number; told: string }>(
    'SELECT number, told FROM events WHERE number > ? ORDER BY number LIMIT ?',
    number,
    limit,
  )) {
    events.push({
      number: row.number,
      update: upcastUpdate(JSON.parse(row.told) as ThreadUpdate),
      characters: row.told.length,
    });
    characters += row.told.length;
    if (characters >= CHARACTERS_READ) break;
  }
  return events;
}

/** Deletes the events up to `number`. */
export function deleteEventsUpTo(sql: SqlStorage, number: number): void {
  sql.exec('DELETE FROM events WHERE number <= ?', number);
}

/**
 * Deletes the events before the first one logged at `time` (ms) or later, so that no gap appears even if the clock was
 * set back. Deletes older checkpoints too. The newest event stays, because it holds the number.
 */
export function deleteBefore(sql: SqlStorage, time: number, now: number): void {
  sql.exec(
    `DELETE FROM events WHERE number < coalesce(
       (SELECT min(number) FROM events WHERE logged_at >= ?), (SELECT max(number) FROM events))`,
    time,
  );
  sql.exec('DELETE FROM threads WHERE at < ?', time);
  sql.exec('UPDATE hub SET pruned_at = ?', now);
}

/**
 * Leaves nothing of the updates that a thread has purged but their numbers. A message may have been changed after the
 * purge's time.
 */
export function emptyPurged(sql: SqlStorage, { thread, chat_id, upto, before }: HubPurge): void {
  const rows = sql.exec<{ number: number; chat_id: string }>(
    `SELECT number, told ->> '$.place.chat_id' AS chat_id FROM events
     WHERE told ->> '$.seq' <= ?1 AND (?2 IS NULL OR told ->> '$.at' < ?2 OR EXISTS (
         SELECT 1 FROM json_each(told, '$.notifications')
         WHERE value ->> '$.kind' = 'message' AND value ->> '$.resource.created_at' < ?4))
       AND (?3 IS NULL OR told ->> '$.place.chat_id' = ?3)`,
    upto,
    before,
    chat_id,
    before === null ? null : isoTime(before),
  );
  const numbers = Array.from(rows).filter((row) => threadNameOfChat(row.chat_id) === thread);
  for (const { number } of numbers) {
    sql.exec(`UPDATE events SET told = json_set(told, '$.notifications', json('[]')) WHERE number = ?`, number);
  }
}

/** Stores the owner of a socket. */
export function putSocket(sql: SqlStorage, id: string, owner: SocketOwner): void {
  sql.exec('INSERT INTO sockets (id, owner) VALUES (?, ?)', id, JSON.stringify(owner));
}

/** Deletes a socket with its subscriptions. */
export function deleteSocket(sql: SqlStorage, id: string): void {
  sql.exec('DELETE FROM subscriptions WHERE socket_id = ?', id);
  sql.exec('DELETE FROM sockets WHERE id = ?', id);
}

/** All stored sockets with their owners. */
export function listSockets(sql: SqlStorage): { id: string; owner: SocketOwner }[] {
  return sql
    .exec<{ id: string; owner: string }>('SELECT id, owner FROM sockets')
    .toArray()
    .map(({ id, owner }) => ({ id, owner: JSON.parse(owner) as SocketOwner }));
}

export type SubscriptionRow = { socket_id: string; channel: string; since: number };

/** All stored subscriptions. */
export function listSubscriptions(sql: SqlStorage): SubscriptionRow[] {
  return sql.exec<SubscriptionRow>('SELECT socket_id, channel, since FROM subscriptions').toArray();
}

/** Stores a subscription. */
export function putSubscription(sql: SqlStorage, row: SubscriptionRow): void {
  sql.exec(
    'INSERT INTO subscriptions (socket_id, channel, since) VALUES (?, ?, ?)',
    row.socket_id,
    row.channel,
    row.since,
  );
}

/** Deletes a subscription of a socket. */
export function deleteSubscription(sql: SqlStorage, socketId: string, channel: string): void {
  sql.exec('DELETE FROM subscriptions WHERE socket_id = ? AND channel = ?', socketId, channel);
}
