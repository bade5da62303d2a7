/**
 * What is left in the object of a thread that was removed, because a visitor wrote in it and nobody answered. A message that
 * comes later begins the thread again, above the last `seq`: whoever has seen the old one takes nothing new for old.
 */

import { hasTable } from '../../platform/sqlite.ts';
import type { Checkpoint } from '../../rpc/projector.ts';

/** The last `seq` and version of a removed thread, and when (ms) it was removed: later than its last event. */
export type Removed = Checkpoint & { at: number };

const REMOVED = `CREATE TABLE IF NOT EXISTS removed (
  one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL, version INTEGER NOT NULL, at INTEGER NOT NULL)`;
/** The messages of which D1 still has rows, by their places there. */
const REMOVED_MESSAGES = 'CREATE TABLE IF NOT EXISTS removed_messages (seq INTEGER PRIMARY KEY, place TEXT NOT NULL)';
/** The tables of webhooks, of which only `lanes` keeps its rows: they hold sums, on which D1's ledgers rest. */
const OUTBOX = ['lanes', 'deliveries', 'attempts', 'webhook_contents'];
const KEPT = new Set(['removed', 'removed_messages', ...OUTBOX]);
/** Most messages on one page. */
const MESSAGES_ON_A_PAGE = 500;

/** What was removed from this object; null for nothing. */
export function readRemoved(sql: SqlStorage): Removed | null {
  if (!hasTable(sql, 'removed')) return null;
  return sql.exec<Removed>('SELECT seq, version, at FROM removed').one();
}

/**
 * Removes the thread: all its tables, except the sums of its webhooks. What remains of a message is its place in D1, until
 * its row there is deleted: its id, since only channels import messages. Must run inside a transaction.
 */
export function removeThread(sql: SqlStorage, { seq, version, at }: Removed): void {
  sql.exec(REMOVED_MESSAGES);
  sql.exec(
    `INSERT INTO removed_messages (seq, place)
     SELECT seq, event ->> '$.message.id' FROM events WHERE type = 'message_added'`,
  );
  const tables = sql.exec<{ name: string }>(
    `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
       AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\'`,
  );
  for (const { name } of tables.toArray()) if (!KEPT.has(name)) sql.exec(`DROP TABLE ${name}`);
  for (const name of OUTBOX.slice(1)) if (hasTable(sql, name)) sql.exec(`DELETE FROM ${name}`);
  sql.exec(REMOVED);
  sql.exec('INSERT OR REPLACE INTO removed (one, seq, version, at) VALUES (1, ?, ?, ?)', seq, version, at);
}

/** Notes that D1 has all of a removed thread: the copy of the one that begins again starts there. */
export function startAfterRemoved(sql: SqlStorage, { seq, version }: Checkpoint): void {
  sql.exec('UPDATE thread SET acknowledged_seq = ?, acknowledged_version = ?', seq, version);
}

/**
 * The places in D1 of the next removed messages above the `seq` `after`, and up to which `seq` they go. Null when none is
 * left: then the object forgets them.
 */
export function readRemovedMessages(sql: SqlStorage, after: number): { places: string[]; upto: number } | null {
  if (!hasTable(sql, 'removed_messages')) return null;
  const rows = sql.exec<{ seq: number; place: string }>(
    'SELECT seq, place FROM removed_messages WHERE seq > ? ORDER BY seq LIMIT ?',
    after,
    MESSAGES_ON_A_PAGE,
  );
  const messages = rows.toArray();
  const last = messages.at(-1);
  if (last !== undefined) return { places: messages.map(({ place }) => place), upto: last.seq };
  sql.exec('DROP TABLE removed_messages');
  return null;
}
