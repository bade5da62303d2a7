import type { DeliveryStatus } from '../../db/rows.ts';
import { announce, type DeliveryState, finish, type LaneContext, STATE } from './outbox.ts';

/** Most deliveries that one transaction looks at for a purge, and those that it purges. */
const LOOKED_AT_ONCE = 2000;
const PURGED_AT_ONCE = 300;

/**
 * The webhooks of a chat up to a `seq`. `late`: up to which `seq` some of the events after it are purged too, and which.
 * `after`: the delivery up to which they are purged.
 */
export type PurgedRange = {
  chat_id: string;
  upto: number;
  late: { upto: number; isCovered: (seq: number) => boolean };
  after: string;
};

type Place = Pick<DeliveryState, 'id' | 'seq'> & { chat_id: string };

/**
 * Deletes what the next deliveries of a range tell, and what was answered. Those that are pending end as skipped: what
 * is purged is not sent any more. Answers the last delivery that was looked at; null when none was left.
 */
export function purgeDeliveries(sql: SqlStorage, range: PurgedRange, context: LaneContext): string | null {
  const looked = sql
    .exec<Place>(
      'SELECT id, seq, chat_id FROM deliveries WHERE id > ? ORDER BY id LIMIT ?',
      range.after,
      LOOKED_AT_ONCE,
    )
    .toArray();
  const { upto, late } = range;
  const isCovered = (seq: number) => seq <= upto || (seq <= late.upto && late.isCovered(seq));
  const covered = looked.filter(({ chat_id, seq }) => chat_id === range.chat_id && isCovered(seq));
  for (const { id } of covered.slice(0, PURGED_AT_ONCE)) {
    const row = sql
      .exec<DeliveryState & { status: DeliveryStatus }>(`SELECT ${STATE}, status FROM deliveries WHERE id = ?`, id)
      .one();
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
  const last = covered[PURGED_AT_ONCE - 1] ?? looked.at(-1);
  // Ids have the order of events.
  return last === undefined || last.seq > range.late.upto ? null : last.id;
}
