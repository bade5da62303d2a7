import type { Database } from '../db/database.ts';
import { firstUuidAt } from '../resources/uuid.ts';
import type { Pointer, Receiver } from './lane.ts';

/** A pending delivery is overdue this long after its due time: its pointer and its thread's alarm should have come. ms. */
const OVERDUE_AFTER = 90_000;
/** Lanes that one run offers, and log rows that it deletes. The next run goes on. */
const LANES_IN_A_RUN = 500;
const ROWS_DELETED_IN_A_RUN = 1000;
/** The log of finished deliveries is kept for 30 days. ms. */
const KEEP_DELIVERIES = 30 * 24 * 3_600_000;

type OverdueLane = { thread: string; receiver: Receiver; is_replay: 0 | 1 };

/**
 * The cron sweep (ENGINE 2): offers lanes whose delivery is overdue in D1, in case a queue message was lost and the
 * platform forgot the thread's alarm, and deletes old rows of the log. `now` in ms. Answers how many lanes it offered.
 */
export async function sweepDeliveries(
  database: Database,
  send: (pointer: Pointer) => Promise<void>,
  now: number,
): Promise<number> {
  const lanes = await overdueLanes(database, now - OVERDUE_AFTER);
  for (const { thread, receiver, is_replay } of lanes) {
    await send({ v: 1, thread, receiver, track: is_replay === 1 ? 'replay' : 'lane', drain: false });
  }
  await deleteOldDeliveries(database, firstUuidAt(now - KEEP_DELIVERIES));
  return lanes.length;
}

/** Crosses organizations: only the sweep may do so. */
function overdueLanes(database: Database, dueBefore: number): Promise<OverdueLane[]> {
  return database.all<OverdueLane>(
    `SELECT DISTINCT thread, receiver, is_replay FROM deliveries WHERE status = 'pending' AND due_at < ?
     ORDER BY due_at LIMIT ?`,
    dueBefore,
    LANES_IN_A_RUN,
  );
}

function deleteOldDeliveries(database: Database, beforeId: string): Promise<{ changes: number }> {
  return database.run(
    `DELETE FROM deliveries WHERE id IN (
       SELECT id FROM deliveries WHERE id < ? AND status <> 'pending' ORDER BY id LIMIT ?)`,
    beforeId,
    ROWS_DELETED_IN_A_RUN,
  );
}
