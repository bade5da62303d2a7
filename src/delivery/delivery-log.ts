import type { Database } from '../db/database.ts';
import { type Keyset, keysetClauses } from '../db/keyset.ts';
import type { DeliveryRow, DeliveryStatus } from '../db/rows.ts';
import type { Receiver } from './lane.ts';

export type DeliveryFilter = {
  status?: DeliveryStatus | undefined;
  thread_id?: string | undefined;
  event_type?: string | undefined;
};

/** Deliveries of a receiver from D1's log, newest first. A key holds the id, which sorts by time. */
export function listDeliveries(
  database: Database,
  organizationId: string,
  receiver: Receiver,
  filter: DeliveryFilter,
  keyset: Keyset,
): Promise<DeliveryRow[]> {
  const { where, orderBy, parameters } = keysetClauses({ columns: ['id'], descending: true }, keyset);
  const equal = (['status', 'thread_id', 'event_type'] as const).flatMap((column) => {
    const value = filter[column];
    return value === undefined ? [] : [{ column, value }];
  });
  return database.all<DeliveryRow>(
    `SELECT * FROM deliveries
     WHERE receiver = ? AND organization_id = ?${equal.map(({ column }) => ` AND ${column} = ?`).join('')} AND ${where}
     ORDER BY ${orderBy}`,
    receiver,
    organizationId,
    ...equal.map(({ value }) => value),
    ...parameters,
  );
}

/** One delivery of a receiver. */
export function findDelivery(
  database: Database,
  organizationId: string,
  receiver: Receiver,
  deliveryId: string,
): Promise<DeliveryRow | null> {
  return database.first<DeliveryRow>(
    'SELECT * FROM deliveries WHERE id = ? AND receiver = ? AND organization_id = ?',
    deliveryId,
    receiver,
    organizationId,
  );
}
