import type { IdIndex } from '../chats/id-walk.ts';
import { idRange, type Scan, scanTable } from '../chats/scan.ts';
import type { DeliveryLog } from '../db/database.ts';
import type { Keyset } from '../db/keyset.ts';
import type { DeliveryRow, DeliveryStatus } from '../db/rows.ts';
import type { Receiver } from '../resources/receiver.ts';

export type DeliveryFilter = {
  status?: DeliveryStatus | undefined;
  thread_id?: string | undefined;
  event_type?: string | undefined;
};

/** The deliveries of a receiver in the order of their ids, which sort by time. The organization is ?4. */
const OF_RECEIVER = { table: 'deliveries', owner: 'receiver', id: 'id' };
/** True of all deliveries of a receiver, or of none. */
const OF_ORGANIZATION = 'organization_id = ?4';
export const ALL: IdIndex = { ...OF_RECEIVER, name: null, where: OF_ORGANIZATION };
/** Deliveries with another status than `delivered` have an index by status, which is ?5. */
export const UNDELIVERED: IdIndex = {
  ...OF_RECEIVER,
  name: 'deliveries_undelivered',
  where: `status = ?5 AND status <> 'delivered' AND ${OF_ORGANIZATION}`,
};

export const DELIVERY_COLUMNS = {
  version: true,
  organization_id: true,
  receiver: true,
  thread: true,
  thread_id: true,
  chat_id: true,
  seq: true,
  event_type: true,
  webhook_id: true,
  channel: true,
  resource_id: true,
  status: true,
  skip_reason: true,
  is_replay: true,
  attempt_count: true,
  due_at: true,
  last_attempt_at: true,
  last_status: true,
  last_error: true,
  created_at: true,
} as const satisfies { [Column in Exclude<keyof DeliveryRow, 'id'>]: true };

/**
 * Lists deliveries of a receiver, newest first. The keyset's key is the id. A filter without an index may end a page
 * early.
 */
export async function listDeliveries(
  log: DeliveryLog,
  organizationId: string,
  receiver: Receiver,
  filter: DeliveryFilter,
  keyset: Keyset,
): Promise<Scan<DeliveryRow>> {
  const isIndexed = filter.status !== undefined && filter.status !== 'delivered';
  // The status comes first: it is ?5 of the index.
  const chosen = (['status', 'thread_id', 'event_type'] as const).flatMap((column) => {
    const value = filter[column];
    return value === undefined ? [] : [{ column, value }];
  });
  const conditions = chosen.map(({ column }, place) => `walk.${column} = ?${5 + place}`).slice(isIndexed ? 1 : 0);
  return await scanTable<DeliveryRow>(
    log,
    {
      index: isIndexed ? UNDELIVERED : ALL,
      owner: receiver,
      columns: DELIVERY_COLUMNS,
      match: conditions.length === 0 ? null : conditions.join(' AND '),
      rowsOfId: 0,
      parameters: [organizationId, ...chosen.map(({ value }) => value)],
    },
    idRange(keyset, true),
    keyset.limit,
  );
}

/** A delivery of a receiver; null when there is none. */
export function findDelivery(
  log: DeliveryLog,
  organizationId: string,
  receiver: Receiver,
  deliveryId: string,
): Promise<DeliveryRow | null> {
  return log.first<DeliveryRow>(
    'SELECT * FROM deliveries WHERE receiver = ? AND id = ? AND organization_id = ?',
    receiver,
    deliveryId,
    organizationId,
  );
}
