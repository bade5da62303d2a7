import { hasTable } from '../platform/sqlite.ts';
import type { TicketName } from '../rpc/live-hub.ts';
import { isOver } from './limits.ts';
import { ownerId, type SocketOwner } from './socket-owner.ts';

/**
 * Tickets of a hub: each opens one socket. Browsers cannot set headers on a handshake, and what they can send may be
 * logged on its way, so it must be worth nothing afterwards. The table is made with the first ticket. Times are ms.
 */
const TABLE = `CREATE TABLE IF NOT EXISTS tickets (
  owner_id TEXT NOT NULL, digest TEXT NOT NULL, owner TEXT NOT NULL, expires_at INTEGER NOT NULL,
  PRIMARY KEY (owner_id, digest)) WITHOUT ROWID`;

/** Most tickets of one user or visitor that were neither used nor have expired. */
export const MOST_TICKETS = 20;

/** Stores a ticket. False when the owner has too many. */
export function putTicket(
  sql: SqlStorage,
  digest: string,
  owner: SocketOwner,
  expiresAt: number,
  now: number,
): boolean {
  sql.exec(TABLE);
  deleteExpired(sql, now);
  const id = ownerId(owner);
  const { count } = sql.exec<{ count: number }>('SELECT count(*) AS count FROM tickets WHERE owner_id = ?', id).one();
  if (count >= MOST_TICKETS) return false;
  const text = JSON.stringify(owner);
  sql.exec(
    'INSERT INTO tickets (owner_id, digest, owner, expires_at) VALUES (?, ?, ?, ?)',
    id,
    digest,
    text,
    expiresAt,
  );
  return true;
}

/** Whose socket a ticket opens. Null when it was used, has expired or never was, and when its owner's token has ended. */
export function findTicket(sql: SqlStorage, { owner_id, digest }: TicketName, now: number): SocketOwner | null {
  if (!hasTable(sql, 'tickets')) return null;
  const [row] = sql
    .exec<{ owner: string }>(
      'SELECT owner FROM tickets WHERE owner_id = ? AND digest = ? AND expires_at > ?',
      owner_id,
      digest,
      now,
    )
    .toArray();
  const owner = row === undefined ? null : (JSON.parse(row.owner) as SocketOwner);
  return owner === null || isOver(owner.expires_at, now) ? null : owner;
}

/** Uses a ticket up. False when another handshake has. */
export function takeTicket(sql: SqlStorage, { owner_id, digest }: TicketName): boolean {
  const deleted = sql.exec('DELETE FROM tickets WHERE owner_id = ? AND digest = ? RETURNING 1', owner_id, digest);
  return deleted.toArray().length > 0;
}

/** Deletes expired tickets. Answers when the next one expires; null when none is left. */
export function deleteExpiredTickets(sql: SqlStorage, now: number): number | null {
  if (!hasTable(sql, 'tickets')) return null;
  deleteExpired(sql, now);
  return sql.exec<{ next: number | null }>('SELECT min(expires_at) AS next FROM tickets').one().next;
}

function deleteExpired(sql: SqlStorage, now: number): void {
  sql.exec('DELETE FROM tickets WHERE expires_at <= ?', now);
}
