import type { Database } from '../db/database.ts';
import type { DeliveryStatus, Flag } from '../db/rows.ts';
import { firstUuidAt } from '../resources/uuid.ts';
import type { Receiver } from './lane.ts';

/** A lane with pending rows; `is_replay` tells its track. */
export type PendingTrack = { thread: string; is_replay: Flag };

/**
 * Tracks of a receiver with pending deliveries, by (thread, is_replay) after the given one; null starts. `webhookId`: only those whose
 * head is of this webhook of an app; the order of ids is that of a lane.
 */
export function listPendingTracks(
  database: Database,
  organizationId: string,
  receiver: Receiver,
  webhookId: string | null,
  after: PendingTrack | null,
  limit: number,
): Promise<PendingTrack[]> {
  return database.all<PendingTrack>(
    `SELECT thread, is_replay FROM (
       SELECT thread, is_replay, webhook_id, min(id) FROM deliveries
       WHERE receiver = ?1 AND status = 'pending' AND organization_id = ?2 AND (thread, is_replay) > (?4, ?5)
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

/** Finished deliveries of a receiver. A null bound is open; `from` and `to` in ms, `to` exclusive. */
export type FinishedFilter = { status: FinishedStatus | null; from: number | null; to: number | null };

/** Threads with deliveries that the filter names, in the order of their names, after `after`. Ids sort by time, so they bound it. */
export async function listFinishedThreads(
  database: Database,
  organizationId: string,
  receiver: Receiver,
  filter: FinishedFilter,
  after: string,
  limit: number,
): Promise<string[]> {
  const statuses = filter.status === null ? ['delivered', 'exhausted', 'skipped'] : [filter.status];
  const rows = await database.all<{ thread: string }>(
    `SELECT DISTINCT thread FROM deliveries
     WHERE receiver = ? AND status IN (SELECT value FROM json_each(?)) AND id >= ? AND id < ? AND organization_id = ?
       AND thread > ?
     ORDER BY thread LIMIT ?`,
    receiver,
    JSON.stringify(statuses),
    firstUuidAt(filter.from ?? 0),
    filter.to === null ? 'g' : firstUuidAt(filter.to),
    organizationId,
    after,
    limit,
  );
  return rows.map((row) => row.thread);
}

export type LaneSums = {
  accepted: number;
  delivered: number;
  pending: number;
  exhausted: number;
  skipped_disabled: number;
  skipped_channel_deleted: number;
  skipped_webhook_deleted: number;
  skipped_uninstalled: number;
};

/** The sums of a receiver's lanes. `accepted` is counted apart from the rest (DESIGN.md, invariant 4). */
export async function sumLanes(database: Database, organizationId: string, receiver: Receiver): Promise<LaneSums> {
  const row = await database.first<LaneSums>(
    `SELECT coalesce(sum(accepted), 0) AS accepted, coalesce(sum(delivered), 0) AS delivered,
       coalesce(sum(pending), 0) AS pending, coalesce(sum(exhausted), 0) AS exhausted,
       coalesce(sum(skipped_disabled), 0) AS skipped_disabled,
       coalesce(sum(skipped_channel_deleted), 0) AS skipped_channel_deleted,
       coalesce(sum(skipped_webhook_deleted), 0) AS skipped_webhook_deleted,
       coalesce(sum(skipped_uninstalled), 0) AS skipped_uninstalled
     FROM lanes WHERE receiver = ? AND organization_id = ?`,
    receiver,
    organizationId,
  );
  if (row === null) throw new Error('a sum has no row');
  return row;
}
