import type { ThreadUpdate } from '../notifications/notifications.ts';
import { hasTable } from '../platform/sqlite.ts';
import type { LogRange } from './log-rules.ts';
import type { SocketOwner } from './socket-owner.ts';

/**
 * The tables of a live hub. They are made with its first socket, and the hub forgets all of it when nobody can resume any more. Times
 * are ms. All but `hasTables` and `makeTables` need the tables.
 */
const TABLES = [
  // One row. number_before: the number before the first, and when the tables were made; organization_id: whose users' hub it is, null for a visitor's; awake_until: for how
  // long D1 says that the organization's hub listens; left_at: when the last socket went, null while there are some.
  `CREATE TABLE hub (
    one INTEGER PRIMARY KEY CHECK (one = 1), number_before INTEGER NOT NULL, organization_id TEXT, awake_until INTEGER NOT NULL,
    left_at INTEGER, pruned_at INTEGER NOT NULL)`,
  'CREATE TABLE events (number INTEGER PRIMARY KEY, logged_at INTEGER NOT NULL, told TEXT NOT NULL)',
  // Up to which of a thread's events the hub has seen it, and the time of that event.
  'CREATE TABLE threads (thread TEXT PRIMARY KEY, seq INTEGER NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID',
  'CREATE TABLE sockets (id TEXT PRIMARY KEY, owner TEXT NOT NULL) WITHOUT ROWID',
  `CREATE TABLE subscriptions (
    socket_id TEXT NOT NULL, channel TEXT NOT NULL, since INTEGER NOT NULL, PRIMARY KEY (socket_id, channel)) WITHOUT ROWID`,
];

export type HubRow = {
  /** Also when the tables were made (ms). */
  number_before: number;
  organization_id: string | null;
  awake_until: number;
  left_at: number | null;
  pruned_at: number;
};

export function hasTables(sql: SqlStorage): boolean {
  return hasTable(sql, 'hub');
}

/**
 * Makes the tables at `now` (ms). The numbers begin with the time: those of a hub that has forgotten, or lost, its log lie below all that it
 * gives out afterwards.
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

export function readHub(sql: SqlStorage): HubRow {
  return sql.exec<HubRow>('SELECT number_before, organization_id, awake_until, left_at, pruned_at FROM hub').one();
}

export function setAwakeUntil(sql: SqlStorage, until: number): void {
  sql.exec('UPDATE hub SET awake_until = ?1 WHERE awake_until <> ?1', until);
}

/** Notes when the last socket went; null: there are sockets. */
export function setLeftAt(sql: SqlStorage, at: number | null): void {
  sql.exec('UPDATE hub SET left_at = ?1 WHERE left_at IS NOT ?1', at);
}

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

/** When the oldest event was logged (ms); null while there are not two: the newest is kept. */
export function oldestLoggedAt(sql: SqlStorage): number | null {
  const rows = sql.exec<{ logged_at: number }>('SELECT logged_at FROM events ORDER BY number LIMIT 2').toArray();
  return rows.length < 2 ? null : (rows[0]?.logged_at ?? null);
}

export function seenOf(sql: SqlStorage, thread: string): number {
  return sql.exec<{ seq: number }>('SELECT seq FROM threads WHERE thread = ?', thread).toArray()[0]?.seq ?? 0;
}

/** An event with the hub's number, and the characters of its JSON. */
export type LoggedEvent = { number: number; update: ThreadUpdate; characters: number };

/** Appends a thread's events after `head` and moves the thread's checkpoint. Must run in a transaction. Answers them with their numbers. */
export function appendEvents(
  sql: SqlStorage,
  thread: string,
  entries: readonly ThreadUpdate[],
  head: number,
  now: number,
): LoggedEvent[] {
  const last = entries.at(-1);
  if (last === undefined) return [];
  const appended = entries.map((update, place) => {
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

/** What is read at a time ends early at so many characters of JSON: an event may have hundreds of thousands, and the object 128 MB in all. */
const CHARACTERS_READ = 2_000_000;

/** Events above a number in their order, at most `limit`. */
export function eventsAfter(sql: SqlStorage, number: number, limit: number): LoggedEvent[] {
  const events: LoggedEvent[] = [];
  let characters = 0;
  for (const row of sql.exec<{ number: number; told: string }>(
    'SELECT number, told FROM events WHERE number > ? ORDER BY number LIMIT ?',
    number,
    limit,
  )) {
    events.push({ number: row.number, update: JSON.parse(row.told) as ThreadUpdate, characters: row.told.length });
    characters += row.told.length;
    if (characters >= CHARACTERS_READ) break;
  }
  return events;
}

/** Deletes what lies at or below `number`. */
export function deleteEventsUpTo(sql: SqlStorage, number: number): void {
  sql.exec('DELETE FROM events WHERE number <= ?', number);
}

/**
 * Deletes the events below the first that was logged at `time` (ms) or later, so that none is missing in between although clocks may be
 * set back, and checkpoints whose events happened before. The newest event stays, because it holds the number.
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

export function putSocket(sql: SqlStorage, id: string, owner: SocketOwner): void {
  sql.exec('INSERT INTO sockets (id, owner) VALUES (?, ?)', id, JSON.stringify(owner));
}

export function deleteSocket(sql: SqlStorage, id: string): void {
  sql.exec('DELETE FROM subscriptions WHERE socket_id = ?', id);
  sql.exec('DELETE FROM sockets WHERE id = ?', id);
}

export function listSockets(sql: SqlStorage): { id: string; owner: SocketOwner }[] {
  return sql
    .exec<{ id: string; owner: string }>('SELECT id, owner FROM sockets')
    .toArray()
    .map(({ id, owner }) => ({ id, owner: JSON.parse(owner) as SocketOwner }));
}

export type SubscriptionRow = { socket_id: string; channel: string; since: number };

export function listSubscriptions(sql: SqlStorage): SubscriptionRow[] {
  return sql.exec<SubscriptionRow>('SELECT socket_id, channel, since FROM subscriptions').toArray();
}

export function putSubscription(sql: SqlStorage, row: SubscriptionRow): void {
  sql.exec(
    'INSERT INTO subscriptions (socket_id, channel, since) VALUES (?, ?, ?)',
    row.socket_id,
    row.channel,
    row.since,
  );
}

export function deleteSubscription(sql: SqlStorage, socketId: string, channel: string): void {
  sql.exec('DELETE FROM subscriptions WHERE socket_id = ? AND channel = ?', socketId, channel);
}
