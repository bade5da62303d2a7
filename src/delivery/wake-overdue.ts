import type { OrganizationDatabase } from '../db/database.ts';
import { errorText, writeLog } from '../platform/log.ts';
import type { ThreadStub } from '../rpc/thread.ts';
import { inParallel } from './in-parallel.ts';
import { goldenPlaceAt, otherPlaceAt, threadNameAt } from './watchdog.ts';

/**
 * A chat is overdue this long (ms) after the hour in D1 at which its thread's alarm should have ended it, or forgotten the
 * key of an ended one.
 */
const OVERDUE_AFTER = 10 * 60_000;
/** Most threads that one run wakes, and how many at a time. The next run goes on. */
const THREADS_IN_A_RUN = 200;
const AT_ONCE = 6;
/** Most rows that each of the four ranges of a run reads. */
const ROWS_IN_A_RANGE = 500;

/**
 * Wakes threads whose open chat should have ended long ago, or the key of an ended one been forgotten, because the
 * platform may have dropped their alarm. `now` in ms. Answers how many it woke. A thread that cannot be woken is logged
 * and does not delay the others.
 *
 * Each run starts at a different hour, and within it at a different thread, as the sweep of deliveries does. So threads
 * that stay overdue for a reason of their own do not keep others from being woken, even if there are many in one hour.
 */
export async function wakeOverdueThreads(
  database: OrganizationDatabase,
  stubOf: (thread: string) => Pick<ThreadStub, 'wake'>,
  now: number,
): Promise<number> {
  const dueBefore = now - OVERDUE_AFTER;
  const oldest = await oldestOverdue(database, 0, dueBefore);
  if (oldest === null) return 0;
  const startDue = oldest + Math.floor(otherPlaceAt(now) * (dueBefore - oldest));
  const startHour = (await oldestOverdue(database, startDue, dueBefore)) ?? oldest;
  const threads = await overdueThreads(database, dueBefore, startHour, threadNameAt(goldenPlaceAt(now)));
  const woken = await inParallel(threads, AT_ONCE, async (thread) => {
    try {
      await stubOf(thread).wake({ v: 1 });
      return true;
    } catch (error) {
      writeLog('error', 'wake_failed', { thread, error: errorText(error) });
      return false;
    }
  });
  return woken.filter((isWoken) => isWoken).length;
}

const IS_DUE = 'overdue_after IS NOT NULL';

/**
 * The first hour in which something was due, from `from` to before `to` (ms); null for none. Reads across organizations,
 * which only the watchdog may do.
 */
async function oldestOverdue(database: OrganizationDatabase, from: number, to: number): Promise<number | null> {
  const sql = `SELECT overdue_after AS at FROM chats INDEXED BY chats_overdue
    WHERE ${IS_DUE} AND overdue_after >= ? AND overdue_after < ? ORDER BY overdue_after LIMIT 1`;
  return (await database.first<{ at: number }>(sql, from, to))?.at ?? null;
}

/**
 * Reads the index of what is due, in four ranges: the start hour from the start thread on, the rest of that hour, later
 * hours, and earlier hours.
 */
async function overdueThreads(
  database: OrganizationDatabase,
  dueBefore: number,
  startHour: number,
  startThread: string,
): Promise<string[]> {
  const rows = (place: string) =>
    `SELECT * FROM (SELECT thread FROM chats INDEXED BY chats_overdue WHERE ${IS_DUE} AND ${place}
       ORDER BY overdue_after, thread LIMIT ?4)`;
  const ranges = [
    'overdue_after = ?2 AND thread >= ?3',
    'overdue_after = ?2 AND thread < ?3',
    'overdue_after > ?2 AND overdue_after < ?1',
    'overdue_after < ?2',
  ];
  const found = await database.all<{ thread: string }>(
    `SELECT DISTINCT thread FROM (${ranges.map(rows).join(' UNION ALL ')}) ORDER BY thread < ?3, thread LIMIT ?5`,
    dueBefore,
    startHour,
    startThread,
    ROWS_IN_A_RANGE,
    THREADS_IN_A_RUN,
  );
  return found.map(({ thread }) => thread);
}
