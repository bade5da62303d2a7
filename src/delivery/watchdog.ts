import type { DeliveryLog } from '../db/database.ts';
import { deleteInPortions } from '../db/delete-in-portions.ts';
import { errorText, writeLog } from '../platform/log.ts';
import type { Receiver } from '../resources/receiver.ts';
import { firstUuidAt } from '../resources/uuid.ts';
import type { LaneWakeUp } from '../rpc/lane.ts';
import { sendWakeUps, type WakeUpQueue } from './wake-lanes.ts';

/**
 * A pending delivery is overdue this long (ms) after its due time. Its wake-up or its thread's alarm should have come.
 */
const OVERDUE_AFTER = 90_000;
/** Most lanes that one run wakes. The next run goes on. */
const LANES_IN_A_RUN = 500;
/**
 * Most pending rows in each of the three ranges of a run: overdue after its start, overdue before it, and not overdue.
 */
export const ROWS_IN_A_RANGE = 20_000;
/** Finished deliveries are logged for 30 days (ms). */
const KEEP_DELIVERIES = 30 * 24 * 3_600_000;
/** Most rows of the log that one run deletes: 58 million a day, more than a database can take in. */
const ROWS_DELETED_IN_A_RUN = 200_000;

type OverdueLane = { thread: string; receiver: Receiver; is_replay: 0 | 1 };

/** A sweep of the watchdog at `now` (ms) over the named database. Answers how much it did, for the log. */
export type Sweep = { database: string; name: string; run: (now: number) => Promise<number> };

/**
 * Runs each sweep on its own: a failed one is logged and does not stop the others. Rejects at the end if any has
 * failed, so that the platform shows the run as failed. `now` in ms.
 */
export async function runSweeps(sweeps: readonly Sweep[], now: number): Promise<void> {
  const failures: unknown[] = [];
  const done: Record<string, Record<string, number>> = {};
  for (const { database, name, run } of sweeps) {
    try {
      done[database] = { ...done[database], [name]: await run(now) };
    } catch (error) {
      writeLog('error', 'watchdog_failed', { database, sweep: name, error: errorText(error) });
      failures.push(error);
    }
  }
  for (const [database, counts] of Object.entries(done)) writeLog('info', 'watchdog', { database, ...counts });
  if (failures.length > 0) throw new AggregateError(failures, 'the watchdog failed');
}

/**
 * Wakes lanes whose head is overdue in D1, because a queue message may be lost and the platform may have dropped the
 * thread's alarm. `now` in ms. Answers how many lanes it woke.
 *
 * Deliveries behind a head that waits for its retry are not overdue, however old they are. So receivers that are down
 * for long do not use up the run. Nothing is stored between runs: the start of each follows from its time, among the
 * lanes, of which it wakes 500, and among the due times, of which it reads a limited number. Successive starts fill
 * both evenly, so each overdue lane is woken in some run, whatever else is overdue.
 */
export async function sweepDeliveries(log: DeliveryLog, queue: WakeUpQueue, now: number): Promise<number> {
  const dueBefore = now - OVERDUE_AFTER;
  const oldest = await oldestDueTime(log);
  const lanes = oldest === null || oldest >= dueBefore ? [] : await overdueLanes(log, rangeOf(now, oldest, dueBefore));
  await sendWakeUps(queue, lanes.map(wakeUpOf));
  return lanes.length;
}

/**
 * Deletes finished deliveries from the log 30 days after they were accepted. Goes from receiver to receiver along the
 * key, which costs two rows for each. `now` in ms. Answers how many are deleted.
 */
export function deleteOldDeliveries(log: DeliveryLog, now: number): Promise<number> {
  const before = firstUuidAt(now - KEEP_DELIVERIES);
  const sql = `DELETE FROM deliveries WHERE (receiver, id) IN (
    WITH RECURSIVE step (receiver) AS (
      SELECT min(receiver) FROM deliveries
      UNION ALL
      SELECT (SELECT min(receiver) FROM deliveries WHERE receiver > step.receiver) FROM step WHERE receiver IS NOT NULL)
    SELECT old.receiver, old.id FROM step CROSS JOIN deliveries AS old
    WHERE old.receiver = step.receiver AND old.id < ? AND old.status <> 'pending' LIMIT ?)`;
  return deleteInPortions((limit) => log.run(sql, before, limit), ROWS_DELETED_IN_A_RUN);
}

/**
 * The scope of a run: rows due before `due_before` (ms), from `start_due` (ms) and from the thread `start_thread` on.
 */
type Range = { due_before: number; start_due: number; start_thread: string };

function rangeOf(now: number, oldest: number, dueBefore: number): Range {
  return {
    due_before: dueBefore,
    start_due: oldest + Math.floor(otherPlaceAt(now) * (dueBefore - oldest)),
    start_thread: threadNameAt(goldenPlaceAt(now)),
  };
}

function wakeUpOf({ thread, receiver, is_replay }: OverdueLane): LaneWakeUp {
  return { v: 1, thread, receiver, track: is_replay === 1 ? 'replay' : 'lane', drain: false };
}

/**
 * The earliest due time of a pending delivery; null for none. Reads across organizations, which only the watchdog may
 * do.
 */
async function oldestDueTime(log: DeliveryLog): Promise<number | null> {
  const sql = `SELECT min(due_at) AS due_at FROM deliveries WHERE status = 'pending'`;
  return (await log.first<{ due_at: number | null }>(sql))?.due_at ?? null;
}

/**
 * Tracks whose first pending delivery, by `seq`, is overdue. Each range is read along the index of pending rows up to a
 * limit, so the cost of a run is limited. If the limit hides a waiting head, its lane is woken in vain and answers
 * `wait`.
 */
function overdueLanes(log: DeliveryLog, range: Range): Promise<OverdueLane[]> {
  const columns = 'thread, receiver, is_replay, seq, due_at';
  const rows = (due: string) =>
    `SELECT * FROM (SELECT ${columns} FROM deliveries WHERE status = 'pending' AND ${due} ORDER BY due_at LIMIT ?4)`;
  return log.all<OverdueLane>(
    `SELECT thread, receiver, is_replay FROM (
       ${rows('due_at >= ?2 AND due_at < ?1')} UNION ALL ${rows('due_at < ?2')} UNION ALL ${rows('due_at >= ?1')})
     GROUP BY thread, receiver, is_replay
     HAVING min(CASE WHEN due_at < ?1 THEN seq END) < ifnull(min(CASE WHEN due_at >= ?1 THEN seq END), 9e15)
     ORDER BY thread < ?3, thread, receiver, is_replay LIMIT ?5`,
    range.due_before,
    range.start_due,
    range.start_thread,
    ROWS_IN_A_RANGE,
    LANES_IN_A_RUN,
  );
}

/** The multiples of such a number, modulo 1, fill the interval evenly. The two have no common measure. */
const GOLDEN_RATIO = 0.618033988749895;
const ROOT_OF_TWO = 0.414213562373095;

/** Where a run starts: a number in [0, 1) that changes each minute (`now` in ms), so that nothing has to be stored. */
export function goldenPlaceAt(now: number): number {
  return placeAt(now, GOLDEN_RATIO);
}

/** A second such number, independent of the first. */
export function otherPlaceAt(now: number): number {
  return placeAt(now, ROOT_OF_TWO);
}

/**
 * The beginning of the name of a thread at this position among all names: 12 bits, then 62 bits that start with a small
 * digit.
 */
export function threadNameAt(place: number): string {
  const high12 = Math.floor(place * 2 ** 12);
  const next30 = Math.floor(((place * 2 ** 12) % 1) * 2 ** 30);
  return high12.toString(16).padStart(3, '0') + next30.toString(16).padStart(8, '0');
}

function placeAt(now: number, step: number): number {
  return (Math.floor(now / 60_000) * step) % 1;
}
