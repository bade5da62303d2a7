import type { DeliveryLog } from '../db/database.ts';
import { type DeliveryStatus, type Flag, LANE_SUMS, type LaneSums } from '../db/rows.ts';
import type { Receiver } from '../resources/receiver.ts';
import { firstUuidAt } from '../resources/uuid.ts';

/** A track with pending deliveries; `is_replay` is 1 for the replay track. */
export type PendingTrack = { thread: string; is_replay: Flag };

/**
 * Tracks of a receiver with pending deliveries, ordered by (thread, is_replay), after the given one (null: from the
 * first). `webhookId`: only tracks whose head belongs to this webhook of an app. The order of ids is the order of a
 * lane.
 */
export function listPendingTracks(
  log: DeliveryLog,
  organizationId: string,
  receiver: Receiver,
  webhookId: string | null,
  after: PendingTrack | null,
  limit: number,
): Promise<PendingTrack[]> {
  return log.all<PendingTrack>(
    `SELECT thread, is_replay FROM (
       SELECT thread, is_replay, webhook_id, min(id) FROM deliveries INDEXED BY deliveries_undelivered
       WHERE receiver = ?1 AND status = 'pending' AND status <> 'delivered' AND organization_id = ?2
         AND (thread, is_replay) > (?4, ?5)
       GROUP BY thread, is_replay)
     WHERE ?3 IS NULL OR webhook_id = ?3
     ORDER BY thread, is_replay LIMIT ?6`,
    receiver,
    organizationId,
    webhookId,
    after?.thread ?? '',
    after?.is_replay ?? 0,
    limit,
  );
}

export type FinishedStatus = Exclude<DeliveryStatus, 'pending'>;

/** Which finished deliveries of a receiver. A null bound is open; `from` and `to` in ms, `to` exclusive. */
export type FinishedFilter = { status: FinishedStatus | null; from: number | null; to: number | null };

/** Where finished deliveries are found: undelivered ones by an index, the others among all of the receiver's. */
const FINISHED: { readonly [Status in FinishedStatus | 'all']: string } = {
  all: "deliveries WHERE status <> 'pending'",
  delivered: "deliveries WHERE status = 'delivered'",
  exhausted: "deliveries INDEXED BY deliveries_undelivered WHERE status = 'exhausted' AND status <> 'delivered'",
  skipped: "deliveries INDEXED BY deliveries_undelivered WHERE status = 'skipped' AND status <> 'delivered'",
};

/**
 * Names of the threads with deliveries that the filter selects, in order, after `after`. Ids sort by time, so they
 * bound the range.
 */
export async function listFinishedThreads(
  log: DeliveryLog,
  organizationId: string,
  receiver: Receiver,
  filter: FinishedFilter,
  after: string,
  limit: number,
): Promise<string[]> {
  const rows = await log.all<{ thread: string }>(
    `SELECT DISTINCT thread FROM ${FINISHED[filter.status ?? 'all']}
       AND receiver = ?1 AND id >= ?2 AND id < ?3 AND organization_id = ?4 AND thread > ?5
     ORDER BY thread LIMIT ?6`,
    receiver,
    firstUuidAt(filter.from ?? 0),
    filter.to === null ? 'g' : firstUuidAt(filter.to),
    organizationId,
    after,
    limit,
  );
  return rows.map((row) => row.thread);
}

/** The sums of a receiver's lanes. `accepted` is counted apart from the rest (docs/architecture.md, invariant 4). */
export async function sumLanes(log: DeliveryLog, organizationId: string, receiver: Receiver): Promise<LaneSums> {
  const row = await log.first<LaneSums>(
    `SELECT ${LANE_SUMS.map((sum) => `coalesce(sum(${sum}), 0) AS ${sum}`).join(', ')}
     FROM lanes WHERE receiver = ? AND organization_id = ?`,
    receiver,
    organizationId,
  );
  if (row === null) throw new Error('a sum has no row');
  return row;
}
