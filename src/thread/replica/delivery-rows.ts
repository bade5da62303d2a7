import { LANE_SUMS, type LaneSums } from '../../db/rows.ts';
import type { ThreadFacts } from '../../domain/state.ts';
import type { BatchBuilder } from './batch-builder.ts';

/** Most deliveries in one batch. */
export const DELIVERIES_IN_A_BATCH = 300;

/** The deliveries and lanes changed after a version, up to `latest`, and at most `limit` deliveries. */
export type Versions = { after: number; latest: number; limit: number };

type DeliveryImage = {
  id: string;
  version: number;
  receiver: string;
  chat_id: string;
  seq: number;
  event_type: string;
  webhook_id: string | null;
  channel: string | null;
  resource_id: string | null;
  organization_id: string | null;
  status: string;
  skip_reason: string | null;
  is_replay: number;
  attempt_count: number;
  due_at: number;
  last_attempt_at: number | null;
  last_status: number | null;
  last_error: string | null;
  created_at: number;
};

type LaneImage = LaneSums & { receiver: string; version: number; organization_id: string | null };

/** Pending webhooks are counted; the other sums are stored. */
const STORED_SUMS = LANE_SUMS.filter((sum) => sum !== 'pending');

/**
 * Adds the deliveries and lanes changed after version `after`. Answers the version up to which the batch has all of
 * them; that is `latest` when there are no more. Old deliveries are deleted, so no row may have the version `latest`. A
 * delivery under its first lease has version 0 and is left out, as is its change of the lane.
 */
export function addDeliveries(
  builder: BatchBuilder,
  sql: SqlStorage,
  name: string,
  thread: ThreadFacts,
  { after, latest, limit }: Versions,
): number {
  const deliveries = sql
    .exec<DeliveryImage>(
      `SELECT id, version, receiver, chat_id, seq, event_type, webhook_id, channel, resource_id, status, skip_reason,
         is_replay, attempt_count, due_at, last_attempt_at, last_status, last_error, created_at,
         (SELECT organization_id FROM lanes WHERE lanes.receiver = deliveries.receiver) AS organization_id
       FROM deliveries WHERE version > ? ORDER BY version LIMIT ?`,
      after,
      limit,
    )
    .toArray();
  const isLast = deliveries.length < limit;
  const end = isLast ? Number.MAX_SAFE_INTEGER : (deliveries.at(-1)?.version ?? after);
  const lanes = sql
    .exec<LaneImage>(
      `SELECT receiver, organization_id, version, ${STORED_SUMS.join(', ')},
         (SELECT count(*) FROM deliveries
          WHERE deliveries.receiver = lanes.receiver AND status = 'pending' AND is_replay = 0) AS pending
       FROM lanes WHERE version > ? AND version <= ?`,
      after,
      end,
    )
    .toArray();
  for (const row of deliveries) {
    builder.add('deliveries', [
      row.receiver,
      row.id,
      row.version,
      row.organization_id ?? thread.organization_id,
      name,
      thread.thread_id,
      row.chat_id,
      row.seq,
      row.event_type,
      row.webhook_id,
      row.channel,
      row.resource_id,
      row.status,
      row.skip_reason,
      row.is_replay,
      row.attempt_count,
      row.due_at,
      row.last_attempt_at,
      row.last_status,
      row.last_error,
      row.created_at,
    ]);
  }
  for (const row of lanes) {
    builder.add('lanes', [
      row.receiver,
      name,
      row.version,
      row.organization_id ?? thread.organization_id,
      ...LANE_SUMS.map((sum) => row[sum]),
    ]);
  }
  if (isLast) return latest;
  const versions = [...deliveries, ...lanes].map((row) => row.version);
  return Math.max(after, ...versions);
}
