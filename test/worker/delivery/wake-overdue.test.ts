import { env } from 'cloudflare:workers';
import { beforeEach, expect, test } from 'vitest';
import { noCost } from '../../../src/db/cost.ts';
import { wakeOverdueThreads } from '../../../src/delivery/wake-overdue.ts';
import { threadName } from '../../../src/domain/address.ts';
import { firstDatabase } from '../../support/worker/first-database.ts';

const NOON = Date.UTC(2026, 10, 21, 12);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

beforeEach(async () => {
  await env.DB.exec('DELETE FROM chats');
});

/**
 * Overdue chats of this many threads, each with an hour. Waking does not end them, because D1 may be older than the
 * threads.
 */
async function insert(count: number, hourOf: (place: number) => number): Promise<string[]> {
  const threads = Array.from({ length: count }, (_, place) =>
    threadName({ kind: 'chat', id: `018f0000-0000-7000-8000-${String(place).padStart(12, '0')}` }),
  );
  const rows = threads.map((thread, place) => [`chat ${place}`, thread, hourOf(place)]);
  await env.DB.prepare(
    `INSERT INTO chats (id, thread, seq, organization_id, chat_type, is_ended, is_waiting, is_pending, updated_at,
       overdue_after, facts)
     SELECT value ->> 0, value ->> 1, 1, 'o', 'visitor', 0, 0, 0, 0, value ->> 2, '{}' FROM json_each(?)`,
  )
    .bind(JSON.stringify(rows))
    .run();
  return threads;
}

/** The threads that this many runs of the watchdog wake, five minutes apart. */
async function wokenIn(runs: number, from: number): Promise<{ woken: Set<string>; rowsRead: number }> {
  const woken = new Set<string>();
  let rowsRead = 0;
  for (let run = 0; run < runs; run++) {
    const cost = noCost();
    const stubOf = (thread: string) => ({ wake: async () => void woken.add(thread) });
    await wakeOverdueThreads(firstDatabase(cost), stubOf, from + run * 5 * MINUTE);
    rowsRead = Math.max(rowsRead, cost.d1.rowsRead);
  }
  return { woken, rowsRead };
}

test('chats of one hour are all woken in some run, even if there are more than a run reads', async () => {
  const threads = await insert(2500, () => NOON);
  const { woken, rowsRead } = await wokenIn(40, NOON + HOUR);
  expect(threads.filter((thread) => !woken.has(thread))).toEqual([]);
  expect(rowsRead).toBeLessThan(4000);
});

test('many chats of one hour do not hide those of another', async () => {
  const threads = await insert(3010, (place) => NOON + (place < 3000 ? 0 : (place % 3) + 1) * HOUR);
  const { woken } = await wokenIn(40, NOON + 4 * HOUR);
  expect(threads.slice(3000).filter((thread) => !woken.has(thread))).toEqual([]);
});
