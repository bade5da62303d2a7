import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { noCost } from '../../../src/db/cost.ts';
import { type DeliveryLog, deliveryLog } from '../../../src/db/database.ts';
import { deleteOldDeliveries, ROWS_IN_A_RANGE, sweepDeliveries } from '../../../src/delivery/watchdog.ts';
import worker from '../../../src/index.ts';
import { firstUuidAt } from '../../../src/resources/uuid.ts';
import type { LaneWakeUp } from '../../../src/rpc/lane.ts';
import { brokenDatabase, testEnv } from '../../support/worker/requests.ts';

const NOW = Date.UTC(2026, 10, 21, 12);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const log = deliveryLog(testEnv, noCost());

beforeEach(async () => {
  await env.DB.exec('DELETE FROM deliveries');
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** The queue of the watchdog: the messages of each call. */
class Queue {
  readonly batches: LaneWakeUp[][] = [];
  async sendBatch(messages: { body: LaneWakeUp }[]): Promise<void> {
    this.batches.push(messages.map(({ body }) => body));
  }
  threads(): string[] {
    return this.batches.flat().map(({ thread }) => thread);
  }
}

type Row = { thread: string; seq: number; due_at: number; is_replay?: 0 | 1; status?: string; receiver?: string };

let made = 0;

/** Rows of D1's log, several at once: `copies` of a row, each with the next `seq`. */
async function insert(rows: Row[], copies = 1, createdAt = NOW): Promise<void> {
  const given = rows.map((row) => ({ is_replay: 0, status: 'pending', receiver: 'channel/c', ...row }));
  const prefix = firstUuidAt(createdAt).slice(0, 23);
  await env.DB.prepare(
    `WITH RECURSIVE copy(place) AS (SELECT 0 UNION ALL SELECT place + 1 FROM copy WHERE place + 1 < ?3)
     INSERT INTO deliveries (id, version, organization_id, receiver, thread, thread_id, chat_id, seq, event_type, status,
       skip_reason, is_replay, attempt_count, due_at, last_attempt_at, last_status, last_error, created_at)
     SELECT ?4 || printf('-%012x', ?2 + row.key * ?3 + place), 1, 'o', row.value ->> 'receiver', row.value ->> 'thread', 't', 'c',
       (row.value ->> 'seq') + place, 'message_created', row.value ->> 'status', NULL, row.value ->> 'is_replay', 0,
       row.value ->> 'due_at', NULL, NULL, NULL, 0
     FROM json_each(?1) AS row, copy`,
  )
    .bind(JSON.stringify(given), made, copies, prefix)
    .run();
  made += rows.length * copies;
}

/** The name of a thread, spread over all names like those of real threads. */
function threadAt(place: number, of: number): string {
  return Math.floor((place / of) * 4096)
    .toString(16)
    .padStart(3, '0')
    .concat(place.toString(16).padStart(16, '0'));
}

async function sweep(now = NOW): Promise<Queue> {
  const queue = new Queue();
  expect(await sweepDeliveries(log, queue, now)).toBe(queue.threads().length);
  return queue;
}

describe('the watchdog wakes', () => {
  test('only lanes and replays that are overdue by 90 s, once', async () => {
    const at = NOW - 90_000;
    await insert([
      { thread: 'overdue', seq: 1, due_at: at - 1 },
      { thread: 'overdue', seq: 2, due_at: at - 1 },
      { thread: 'overdue', seq: 3, due_at: NOW },
      { thread: 'due', seq: 1, due_at: at },
      { thread: 'over', seq: 1, due_at: at - 1, status: 'delivered' },
      { thread: 'both', seq: 1, due_at: at - 1, is_replay: 1 },
      { thread: 'both', seq: 2, due_at: at - 1 },
      { thread: 'both', seq: 3, due_at: at - 1, receiver: 'channel/other' },
    ]);
    const wakeUps = (await sweep()).batches.flat();
    const named = wakeUps.map(({ thread, receiver, track }) => `${thread} ${receiver} ${track}`);
    expect(named.sort()).toEqual([
      'both channel/c lane',
      'both channel/c replay',
      'both channel/other lane',
      'overdue channel/c lane',
    ]);
    expect(wakeUps[0]).toMatchObject({ v: 1, drain: false });
  });

  test('no delivery behind a waiting head, so that receivers that are down do not delay others', async () => {
    const dead = Array.from({ length: 600 }, (_, place) => `dead ${place}`);
    await insert(dead.map((thread) => ({ thread, seq: 1, due_at: NOW + HOUR })));
    await insert(
      dead.map((thread) => ({ thread, seq: 2, due_at: NOW - DAY })),
      3,
    );
    // A replay does not wait for the lane, and a head counts by its own time.
    await insert([
      { thread: 'dead 1', seq: 9, due_at: NOW - HOUR, is_replay: 1 },
      { thread: 'forgotten', seq: 4, due_at: NOW - HOUR },
      { thread: 'forgotten', seq: 5, due_at: NOW + HOUR },
    ]);
    expect((await sweep()).threads().sort()).toEqual(['dead 1', 'forgotten']);
  });

  test('500 lanes in a run, a hundred in a message to the queue, and each of many within a few runs', async () => {
    const threads = Array.from({ length: 2000 }, (_, place) => threadAt(place, 2000));
    await insert(threads.map((thread) => ({ thread, seq: 1, due_at: NOW - HOUR })));
    const wakeUps = new Set<string>();
    for (let run = 0; run < 12; run++) {
      const queue = await sweep(NOW + run * 5 * MINUTE);
      expect(queue.batches.map((batch) => batch.length)).toEqual([100, 100, 100, 100, 100]);
      expect(new Set(queue.threads()).size).toBe(500);
      for (const thread of queue.threads()) wakeUps.add(thread);
    }
    expect(wakeUps.size).toBe(2000);
  });

  test('a lane in the middle of more rows than a run reads, in some run', async () => {
    // Three groups of rows, each larger than a run reads, with a lane between the second and the third.
    const start = NOW - 4 * HOUR;
    for (const place of [0, 1, 2]) {
      await insert([{ thread: 'flood', seq: 1 + place * 100_000, due_at: start + place * HOUR }], ROWS_IN_A_RANGE);
    }
    await insert([{ thread: 'lone', seq: 1, due_at: start + 1.5 * HOUR }]);
    const seen: boolean[] = [];
    for (let run = 0; run < 12; run++) {
      seen.push((await sweep(NOW + run * 5 * MINUTE)).threads().includes('lone'));
    }
    expect(new Set(seen)).toEqual(new Set([true, false]));
  });
});

describe('a run of the watchdog', () => {
  test('reads pending rows only along their index, and a limited number of them', async () => {
    await insert([{ thread: 'flood', seq: 1, due_at: NOW - HOUR }], 10);
    const asked: { sql: string; parameters: unknown[] }[] = [];
    const recorded: DeliveryLog = {
      ...log,
      all: (sql, ...parameters) => {
        asked.push({ sql, parameters });
        return log.all(sql, ...parameters);
      },
      first: (sql, ...parameters) => {
        asked.push({ sql, parameters });
        return log.first(sql, ...parameters);
      },
    };
    await sweepDeliveries(recorded, new Queue(), NOW);
    expect(asked).toHaveLength(2);
    const plans: string[] = [];
    for (const { sql, parameters } of asked) {
      const steps = await log.all<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, ...parameters);
      plans.push(...steps.map(({ detail }) => detail));
    }
    const accesses = plans.filter((detail) => detail.includes('deliveries'));
    expect(accesses).toHaveLength(4);
    for (const detail of accesses) expect(detail).toContain('INDEX deliveries_pending');
    for (const { sql } of asked.slice(1)) expect(sql.match(/ORDER BY due_at LIMIT/g)).toHaveLength(3);
  });

  test('has the same cost however many rows are pending', async () => {
    await insert([{ thread: 'flood', seq: 1, due_at: NOW - HOUR }], ROWS_IN_A_RANGE * 3);
    const cost = noCost();
    await sweepDeliveries(deliveryLog(testEnv, cost), new Queue(), NOW);
    expect(cost.d1.rowsRead).toBeLessThan(ROWS_IN_A_RANGE * 5);
  });

  test('deletes finished rows after 30 days and leaves pending ones', async () => {
    await insert(
      [
        { thread: 'old', seq: 1, due_at: 0, status: 'delivered' },
        { thread: 'old', seq: 2, due_at: NOW + HOUR },
      ],
      1,
      NOW - 31 * DAY,
    );
    await insert([{ thread: 'new', seq: 1, due_at: 0, status: 'delivered' }], 1, NOW - 29 * DAY);
    expect(await deleteOldDeliveries(log, NOW)).toBe(1);
    const { results } = await env.DB.prepare('SELECT thread, seq FROM deliveries ORDER BY id').all();
    expect(results).toEqual([
      { thread: 'old', seq: 2 },
      { thread: 'new', seq: 1 },
    ]);
  });

  test('deletes the old rows of every receiver, a limited number at a time, however many there are', async () => {
    const old = NOW - 31 * DAY;
    const done = { seq: 1, due_at: 0, status: 'delivered' };
    await insert([{ thread: 'many', receiver: 'channel/b', ...done }], 12_000, old);
    await insert([{ thread: 'few', receiver: 'channel/d', ...done }], 3, old);
    await insert([
      { thread: 'new', receiver: 'channel/a', ...done },
      { thread: 'new', receiver: 'channel/c', ...done },
    ]);
    const portions: number[] = [];
    const counted: DeliveryLog = {
      ...log,
      run: async (sql, ...parameters) => {
        const done = await log.run(sql, ...parameters);
        portions.push(done.changes);
        return done;
      },
    };
    expect(await deleteOldDeliveries(counted, NOW)).toBe(12_003);
    expect(portions).toEqual([5000, 5000, 2003]);
    const { results } = await env.DB.prepare('SELECT receiver FROM deliveries ORDER BY receiver').all();
    expect(results).toEqual([{ receiver: 'channel/a' }, { receiver: 'channel/c' }]);
  });

  test('reads two rows for each receiver without old rows', async () => {
    const done = { thread: 'new', seq: 1, due_at: 0, status: 'delivered' };
    await insert(
      [
        { ...done, receiver: 'channel/a' },
        { ...done, receiver: 'channel/b' },
      ],
      1000,
    );
    const cost = noCost();
    expect(await deleteOldDeliveries(deliveryLog(testEnv, cost), NOW)).toBe(0);
    expect(cost.d1.rowsRead).toBeLessThan(20);
  });

  test('sweeps every database although one is away, logs that one and fails at the end', async () => {
    await insert([{ thread: 'overdue', seq: 1, due_at: Date.now() - HOUR }]);
    const queue = new Queue();
    const lines: unknown[] = [];
    vi.spyOn(console, 'error').mockImplementation((line: string) => void lines.push(JSON.parse(line)));
    vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(JSON.parse(line)));
    const databases = { DB: env.DB, DB2: brokenDatabase, DELIVERY_LOG: env.DELIVERY_LOG };
    const run = worker.scheduled({} as ScheduledController, { ...databases, WEBHOOKS: queue } as unknown as Env);
    await expect(run).rejects.toThrow('the watchdog failed');
    expect(queue.threads()).toEqual(['overdue']);
    const done = { level: 'info', event: 'watchdog' };
    expect(lines).toEqual([
      ...[
        'woken',
        'members_removed',
        'unanswered_deleted',
        'visitors_deleted',
        'audit_deleted',
        'drafts_deleted',
        'mentions_deleted',
        'keys_deleted',
        'purged',
        'threads_removed',
      ].map((sweep) => ({
        level: 'error',
        event: 'watchdog_failed',
        database: 'DB2',
        sweep,
        error: expect.stringContaining('D1_ERROR'),
      })),
      { ...done, database: 'DELIVERY_LOG', offered: 1, deliveries_deleted: 0 },
      {
        ...done,
        database: 'DB',
        woken: 0,
        members_removed: 0,
        unanswered_deleted: 0,
        visitors_deleted: 0,
        audit_deleted: 0,
        drafts_deleted: 0,
        mentions_deleted: 0,
        keys_deleted: 0,
        purged: 0,
        chats_purged: 0,
        files_deleted: 0,
        threads_removed: 0,
        messages_deleted: 0,
      },
      { ...done, database: 'DB2', chats_purged: 0, files_deleted: 0, messages_deleted: 0 },
    ]);
  });
});
