import type { DeliveryStatus } from '../../db/rows.ts';
import { announce, type DeliveryState, finish, type LaneContext, STATE } from './outbox.ts';

/** Most deliveries that one transaction looks at for a purge. */
const PURGED_AT_ONCE = 300;

/** The webhooks of a chat up to a `seq`. `after`: the delivery up to which they are purged. */
export type PurgedRange = { chat_id: string; upto: number; after: string };

/**
 * Deletes what the next deliveries of a range tell, and what was answered. Those that are pending end as skipped: what
 * is purged is not sent any more. Answers the last delivery that was looked at; null when none was left.
 */
export function purgeDeliveries(sql: SqlStorage, range: PurgedRange, context: LaneContext): string | null {
  const rows = sql
    .exec<DeliveryState & { chat_id: string; status: DeliveryStatus }>(
      `SELECT ${STATE}, chat_id, status FROM deliveries WHERE id > ? ORDER BY id LIMIT ?`,
      range.after,
      PURGED_AT_ONCE,
    )
    .toArray();
  for (const row of rows) {
    if (row.chat_id !== range.chat_id || row.seq > range.upto) continue;
    announce(sql, row, context);
    if (row.status === 'pending') finish(sql, row, 'skipped', 'purged', context);
    sql.exec('DELETE FROM attempts WHERE delivery_id = ?', row.id);
    sql.exec('DELETE FROM webhook_contents WHERE seq = ?', row.seq);
    sql.exec(
      `UPDATE deliveries SET version = ?, body = '', content = 0, first_attempt = NULL, last_error = NULL WHERE id = ?`,
      context.nextVersion(),
      row.id,
    );
  }
  const last = rows.at(-1);
  // Ids have the order of events.
  return last === undefined || last.seq > range.upto ? null : last.id;
}
