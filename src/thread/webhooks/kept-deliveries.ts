import { hasTable } from '../../platform/sqlite.ts';
import type { MessageDelivery } from '../../resources/message-delivery.ts';
import { firstUuidAt } from '../../resources/uuid.ts';
import type { Attempt } from '../../rpc/lane.ts';
import { readAddedMessage } from '../store/changed-messages.ts';
import { presentBody, type Telling } from './delivery-bodies.ts';

/**
 * The body that a delivery sends (null: it was purged, or its message deleted) and its attempts, oldest first. Null when the
 * thread has no such delivery.
 */
export function readDelivery(sql: SqlStorage, id: string): { body: string | null; attempts: Attempt[] } | null {
  const row = sql
    .exec<Telling & { body: string; content: number; first_attempt: string | null }>(
      'SELECT receiver, seq, event_type, channel, body, content, first_attempt FROM deliveries WHERE id = ?',
      id,
    )
    .toArray()[0];
  if (row === undefined) return null;
  const later = sql.exec<{ attempt: string }>('SELECT attempt FROM attempts WHERE delivery_id = ? ORDER BY number', id);
  const attempts = [row.first_attempt, ...Array.from(later, ({ attempt }) => attempt)];
  return {
    body: presentBody(sql, row),
    attempts: attempts.flatMap((attempt) => (attempt === null ? [] : [JSON.parse(attempt) as Attempt])),
  };
}

/**
 * The webhook of a message for a channel: of several the one that was made last. Null when there is none, or it is no longer
 * kept.
 */
export function readChannelDelivery(sql: SqlStorage, messageId: string): MessageDelivery | null {
  const event = readAddedMessage(sql, messageId);
  if (event === null || !hasTable(sql, 'deliveries')) return null;
  // Ids begin with the time of the event.
  const rows = sql.exec<Omit<MessageDelivery, 'is_replay'> & { is_replay: number }>(
    `SELECT id, receiver, status, skip_reason, is_replay, attempt_count, due_at, last_attempt_at, last_status, last_error
     FROM deliveries WHERE id >= ? AND id < ? AND seq = ? AND receiver LIKE 'channel/%' ORDER BY id DESC LIMIT 1`,
    firstUuidAt(event.at),
    firstUuidAt(event.at + 1),
    event.seq,
  );
  const row = rows.toArray()[0];
  return row === undefined ? null : { ...row, is_replay: row.is_replay === 1 };
}

/** A delivery may be deleted when it is finished and D1 knows that. Otherwise D1 would show it as pending forever. */
const IS_OVER = `status <> 'pending' AND version <= ?`;

/**
 * Deletes finished deliveries with ids below `beforeId`, at most `limit`, with their attempts and resources. The counts
 * of the lanes stay. Must run inside a transaction.
 */
export function pruneDeliveries(sql: SqlStorage, beforeId: string, acknowledgedVersion: number, limit: number): void {
  const old = `SELECT id FROM deliveries WHERE id < ? AND ${IS_OVER} ORDER BY id LIMIT ?`;
  sql.exec(`DELETE FROM attempts WHERE delivery_id IN (${old})`, beforeId, acknowledgedVersion, limit);
  const { rowsWritten } = sql.exec(`DELETE FROM deliveries WHERE id IN (${old})`, beforeId, acknowledgedVersion, limit);
  if (rowsWritten === 0) return;
  // Ids have the order of events, so no remaining delivery belongs to an earlier event than the oldest one.
  sql.exec('DELETE FROM webhook_contents WHERE seq < coalesce((SELECT seq FROM deliveries ORDER BY id LIMIT 1), 9e15)');
}

/** The id of the oldest delivery that may be deleted; null for none. */
export function oldestFinishedDelivery(sql: SqlStorage, acknowledgedVersion: number): string | null {
  const rows = sql.exec<{ id: string }>(
    `SELECT id FROM deliveries WHERE ${IS_OVER} ORDER BY id LIMIT 1`,
    acknowledgedVersion,
  );
  return rows.toArray()[0]?.id ?? null;
}
