import type { DeliveryLog } from '../db/database.ts';
import { type DeliveryRow, type DeliveryStatus, LANE_SUMS, type LaneSums } from '../db/rows.ts';
import type { Receiver } from '../resources/receiver.ts';
import { firstUuidAt } from '../resources/uuid.ts';

/** A pending delivery: its id, its track, and for an app the webhook that it belongs to. */
export type PendingDelivery = Pick<DeliveryRow, 'id' | 'thread' | 'is_replay' | 'webhook_id'>;

/** Pending deliveries of a receiver by their ids, after an id. The order of ids is the order of a lane. */
export function listPending(
  log: DeliveryLog,
  organizationId: string,
  receiver: Receiver,
  after: string,
  limit: number,
): Promise<PendingDelivery[]> {
  return log.all<PendingDelivery>(
    `SELECT id, thread, is_replay, webhook_id FROM deliveries INDEXED BY deliveries_undelivered
     WHERE receiver = ? AND status = 'pending' AND status <> 'delivered' AND id > ? AND organization_id = ?
     ORDER BY id LIMIT ?`,
    receiver,
    after,
    organizationId,
    limit,
  );
}

export type FinishedStatus = Exclude<DeliveryStatus, 'pending'>;

/** Which finished deliveries of a receiver. A null bound is open; `from` and `to` in ms, `to` exclusive. */
export type FinishedFilter = { status: FinishedStatus | null; from: number | null; to: number | null };

/** Where deliveries with a status are found: undelivered ones by an index, the others among all of the receiver's. */
const FOUND_IN: { readonly [Status in FinishedStatus | 'all']: string } = {
  all: 'deliveries WHERE TRUE',
  delivered: 'deliveries WHERE TRUE',
  exhausted: "deliveries INDEXED BY deliveries_undelivered WHERE status = 'exhausted' AND status <> 'delivered'",
  skipped: "deliveries INDEXED BY deliveries_undelivered WHERE status = 'skipped' AND status <> 'delivered'",
};

/** A delivery that a replay may be about. */
export type ReplayCandidate = Pick<DeliveryRow, 'id' | 'thread' | 'status'>;

/**
 * Deliveries of a receiver in a filter's time by their ids, after an id. Ids sort by time, so they bound the range. No
 * index finds delivered ones: with the status `delivered` or none, those with other statuses are here too.
 */
export function listReplayCandidates(
  log: DeliveryLog,
  organizationId: string,
  receiver: Receiver,
  { status, from, to }: FinishedFilter,
  after: string,
  limit: number,
): Promise<ReplayCandidate[]> {
  // One lower bound: SQLite seeks by one, and would read everything that only the other one leaves out.
  const justBelow = firstUuidAt(from ?? 0).slice(0, -1);
  return log.all<ReplayCandidate>(
    `SELECT id, thread, status FROM ${FOUND_IN[status ?? 'all']}
       AND receiver = ? AND id > ? AND id < ? AND organization_id = ? ORDER BY id LIMIT ?`,
    receiver,
    after > justBelow ? after : justBelow,
    to === null ? 'g' : firstUuidAt(to),
    organizationId,
    limit,
  );
}

/**
 * The sums of a receiver's lanes, which D1 keeps with each change of a lane. `accepted` is counted apart from the rest
 * (docs/architecture.md, invariant 4).
 */
export async function readLedger(log: DeliveryLog, organizationId: string, receiver: Receiver): Promise<LaneSums> {
  const row = await log.first<LaneSums>(
    `SELECT ${LANE_SUMS.join(', ')} FROM ledgers WHERE receiver = ? AND organization_id = ?`,
    receiver,
    organizationId,
  );
  return row ?? (Object.fromEntries(LANE_SUMS.map((sum) => [sum, 0])) as LaneSums);
}
