import type { Database } from '../db/database.ts';
import { errorText, writeLog } from '../log.ts';
import type { ThreadStub } from '../stubs.ts';
import { inParallel } from './in-parallel.ts';
import { goldenPlaceAt, otherPlaceAt, threadNameAt } from './sweep-place.ts';

/** An open chat is overdue this long (ms) after the hour that D1 has for its end: its thread's alarm should have rung. */
const OVERDUE_AFTER = 10 * 60_000;
/** Threads that one run wakes, and how many at a time. The next run goes on. */
const THREADS_IN_A_RUN = 200;
const AT_ONCE = 6;
/** Rows that each of the two ranges of a run reads at most. */
const ROWS_IN_A_RANGE = 1000;

/**
 * Wakes threads whose open chat should have ended long ago, in case the platform forgot their alarm (ENGINE 2). `now` in ms.
 * Answers how many it woke. A thread that cannot be woken is logged and keeps no other waiting.
 *
 * Each run begins at another hour and at another thread of what it reads, as the sweep of the deliveries does: threads that
 * stay overdue for a reason of their own take nobody's place for long.
 */
export async function wakeOverdueThreads(
  database: Database,
  stubOf: (thread: string) => Pick<ThreadStub, 'wake'>,
  now: number,
): Promise<number> {
  const dueBefore = now - OVERDUE_AFTER;
  const oldest = await oldestOverdue(database);
  if (oldest === null || oldest >= dueBefore) return 0;
  const startDue = oldest + Math.floor(otherPlaceAt(now) * (dueBefore - oldest));
  const threads = await overdueThreads(database, dueBefore, startDue, threadNameAt(goldenPlaceAt(now)));
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

const IS_OPEN = 'is_ended = 0 AND overdue_after IS NOT NULL';

/** Crosses organizations, as everything here: only the sweep may do so. */
async function oldestOverdue(database: Database): Promise<number | null> {
  const sql = `SELECT min(overdue_after) AS at FROM chats WHERE ${IS_OPEN}`;
  return (await database.first<{ at: number | null }>(sql))?.at ?? null;
}

/** Walks the index of open chats that end by themselves, from the start and from the oldest, and cuts both ranges off. */
async function overdueThreads(
  database: Database,
  dueBefore: number,
  startDue: number,
  startThread: string,
): Promise<string[]> {
  const rows = (due: string) =>
    `SELECT * FROM (SELECT thread FROM chats WHERE ${IS_OPEN} AND ${due} ORDER BY overdue_after LIMIT ?4)`;
  const found = await database.all<{ thread: string }>(
    `SELECT DISTINCT thread FROM (
       ${rows('overdue_after >= ?2 AND overdue_after < ?1')} UNION ALL ${rows('overdue_after < ?2')})
     ORDER BY thread < ?3, thread LIMIT ?5`,
    dueBefore,
    startDue,
    startThread,
    ROWS_IN_A_RANGE,
    THREADS_IN_A_RUN,
  );
  return found.map(({ thread }) => thread);
}
