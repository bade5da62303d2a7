import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, test } from 'vitest';
import { noCost } from '../../../src/db/cost.ts';
import { type DeliveryLog, deliveryLog } from '../../../src/db/database.ts';
import type { Keyset } from '../../../src/db/keyset.ts';
import { LANE_SUMS } from '../../../src/db/rows.ts';
import { listDeliveries } from '../../../src/delivery/delivery-log.ts';
import { listPending, listReplayCandidates, readLedger } from '../../../src/delivery/lanes-of-receiver.ts';
import { MAX_DELIVERIES_PER_CALL, replayLanes } from '../../../src/delivery/replay-lanes.ts';
import { drainLanes } from '../../../src/delivery/wake-lanes.ts';
import { firstUuidAt, newUuid } from '../../../src/resources/uuid.ts';
import type { ReplicaBatch } from '../../../src/rpc/projector.ts';
import { projectorStub } from '../../../src/rpc/projector.ts';
import { testEnv } from '../../support/worker/requests.ts';

const NOW = Date.UTC(2026, 10, 21, 12);
const THREAD = '0000000000000000001';
const RECEIVER = 'channel/c' as const;
const FIRST: Keyset = { key: null, direction: 'next', limit: 51 };

const log = deliveryLog(testEnv, noCost());

beforeEach(async () => {
  await env.DB.exec('DELETE FROM deliveries');
  await env.DB.exec('DELETE FROM lanes');
  await env.DB.exec('DELETE FROM ledgers');
});

/** A batch with one image of a delivery, and perhaps of its lane. */
function batchOf(id: string, version: number, status: string, withLane = false): ReplicaBatch {
  const delivery = [RECEIVER, id, version, 'o', THREAD, 't', 'chat', 1, 'message_created', null, null, null, status];
  const rest = [null, 0, 1, NOW, status === 'pending' ? null : NOW, 200, null, NOW];
  const lane = [RECEIVER, THREAD, version, 'o', ...LANE_SUMS.map((sum) => (sum === 'accepted' ? version : 0))];
  const rows = {
    deliveries: [JSON.stringify([...delivery, ...rest])],
    ...(withLane ? { lanes: [JSON.stringify(lane)] } : {}),
  };
  return { v: 4, thread: THREAD, rows, size: 200 };
}

async function costOf(batch: ReplicaBatch): Promise<{ trips: number; rowsWritten: number }> {
  const [written] = await projectorStub(env, 'DB', THREAD).write('DB', [batch]);
  if (written?.ok !== true) throw new Error('not written');
  return { trips: written.share.trips, rowsWritten: written.share.rowsWritten };
}

describe('a delivery costs the log', () => {
  test('one row when it is delivered before it is copied; three while it is pending, and one more when it is delivered later', async () => {
    const id = newUuid(NOW);
    expect(await costOf(batchOf(newUuid(NOW), 1, 'delivered'))).toEqual({ trips: 1, rowsWritten: 1 });
    expect(await costOf(batchOf(newUuid(NOW), 1, 'skipped'))).toEqual({ trips: 1, rowsWritten: 2 });
    expect(await costOf(batchOf(id, 1, 'pending'))).toEqual({ trips: 1, rowsWritten: 3 });
    const delivered = await costOf(batchOf(id, 2, 'delivered'));
    expect(delivered).toEqual({ trips: 1, rowsWritten: 1 });
    // Late and repeated images cost nothing.
    for (const late of [batchOf(id, 1, 'pending'), batchOf(id, 2, 'delivered')]) {
      expect(await costOf(late)).toEqual({ trips: 1, rowsWritten: 0 });
    }
  });

  test('another trip only when the batch has rows of the replica too', async () => {
    const visitor = { visitors: [JSON.stringify([newUuid(1), newUuid(2), newUuid(3), 1])] };
    const both = batchOf(newUuid(NOW), 1, 'delivered', true);
    const copyOnly: ReplicaBatch = { v: 4, thread: THREAD, rows: visitor, size: 100 };
    expect((await costOf(copyOnly)).trips).toBe(1);
    // The delivery, its lane and the receiver's sums.
    expect(await costOf(both)).toEqual({ trips: 1, rowsWritten: 3 });
    const mixed = { ...batchOf(newUuid(NOW), 1, 'delivered'), rows: { ...both.rows, ...visitor } };
    expect((await costOf(mixed)).trips).toBe(2);
  });
});

/**
 * Deliveries written directly into the log: every tenth is exhausted, in a thread of its own; every hundredth is
 * pending.
 */
async function fill(count: number): Promise<void> {
  await env.DB.prepare(
    `WITH RECURSIVE place (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM place WHERE n + 1 < ?1)
     INSERT INTO deliveries (receiver, id, version, organization_id, thread, thread_id, chat_id, seq, event_type, status, is_replay,
       attempt_count, due_at, created_at)
     SELECT ?2, ?3 || printf('-%012x', n), 1, 'o', iif(n % 10 = 5, 'rare', 'usual'), iif(n % 10 = 5, 'rare', 'usual'), 'c', n,
       'message_created', iif(n % 100 = 0, 'pending', iif(n % 10 = 5, 'exhausted', 'delivered')), 0, 1, 0, 0 FROM place`,
  )
    .bind(count, RECEIVER, firstUuidAt(NOW).slice(0, 23))
    .run();
}

/** The log, and its queries. */
function recorded(): { log: DeliveryLog; asked: { sql: string; parameters: unknown[] }[] } {
  const asked: { sql: string; parameters: unknown[] }[] = [];
  const all: DeliveryLog['all'] = (sql, ...parameters) => {
    asked.push({ sql, parameters });
    return log.all(sql, ...parameters);
  };
  return { log: { ...log, all }, asked };
}

async function plansOf(read: (log: DeliveryLog) => Promise<unknown>): Promise<string[]> {
  const spied = recorded();
  await read(spied.log);
  const plans: string[] = [];
  for (const { sql, parameters } of spied.asked) {
    const steps = await log.all<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, ...parameters);
    plans.push(...steps.map(({ detail }) => detail).filter((detail) => detail.includes('deliveries')));
  }
  return plans;
}

const noBounds = { from: null, to: null };

describe('the log of a receiver', () => {
  const BY_KEY = 'USING PRIMARY KEY (receiver=?';
  const BY_STATUS = 'USING INDEX deliveries_undelivered (receiver=? AND status=?';
  test.each([
    ['all', BY_KEY, (own: DeliveryLog) => listDeliveries(own, 'o', RECEIVER, {}, FIRST)],
    [
      'delivered ones',
      BY_KEY,
      (own: DeliveryLog) => listDeliveries(own, 'o', RECEIVER, { status: 'delivered' }, FIRST),
    ],
    [
      'deliveries of a thread',
      BY_KEY,
      (own: DeliveryLog) => listDeliveries(own, 'o', RECEIVER, { thread_id: 't' }, FIRST),
    ],
    [
      'exhausted ones',
      BY_STATUS,
      (own: DeliveryLog) => listDeliveries(own, 'o', RECEIVER, { status: 'exhausted' }, FIRST),
    ],
    [
      'the pending ones of a thread',
      BY_STATUS,
      (own: DeliveryLog) => listDeliveries(own, 'o', RECEIVER, { status: 'pending', thread_id: 't' }, FIRST),
    ],
    ['deliveries to drain', BY_STATUS, (own: DeliveryLog) => listPending(own, 'o', RECEIVER, '', 10)],
    [
      'exhausted deliveries to replay',
      BY_STATUS,
      (own: DeliveryLog) => listReplayCandidates(own, 'o', RECEIVER, { status: 'exhausted', ...noBounds }, '', 10),
    ],
    [
      'deliveries to replay',
      BY_KEY,
      (own: DeliveryLog) => listReplayCandidates(own, 'o', RECEIVER, { status: null, ...noBounds }, '', 10),
    ],
  ] as const)('finds %s by a key or an index', async (_, expected, read) => {
    const plans = await plansOf(read);
    expect(plans.length).toBeGreaterThan(0);
    for (const plan of plans) expect(plan).toContain(expected);
  });

  test('reads a limited number of rows for a page, whatever the filter, and all pages together contain all rows', async () => {
    await fill(3_000);
    for (const [filter, count] of [
      [{}, 3_000],
      [{ status: 'exhausted' }, 300],
      [{ status: 'pending' }, 30],
      [{ status: 'delivered' }, 2_670],
      [{ thread_id: 'rare' }, 300],
      [{ thread_id: 'nowhere' }, 0],
      [{ status: 'exhausted', event_type: 'nothing' }, 0],
    ] as const) {
      const ids: string[] = [];
      for (let key: readonly string[] | null = null; ; ) {
        const cost = noCost();
        const keyset: Keyset = { ...FIRST, key };
        const page = await listDeliveries(deliveryLog(testEnv, cost), 'o', RECEIVER, filter, keyset);
        expect(cost.d1.rowsRead).toBeLessThanOrEqual(1_000);
        const shown = page.rows.slice(0, 50);
        ids.push(...shown.map(({ id }) => id));
        const next: string | null = page.rows.length > 50 ? (shown.at(-1)?.id ?? null) : page.cut_at;
        if (next === null) break;
        key = [next];
      }
      expect([filter, ids.length]).toEqual([filter, count]);
      expect(ids).toEqual(ids.toSorted().toReversed());
      expect(new Set(ids).size).toBe(count);
    }
    expect(await listDeliveries(log, 'another', RECEIVER, {}, FIRST)).toEqual({ rows: [], cut_at: null });
  });
});

describe('a bulk replay', () => {
  const NUMBERED = 12_000;

  /** Replays call by call. Answers how often each range found each finished delivery of D1, and the calls. */
  async function replayAll(status: 'exhausted' | 'delivered' | null) {
    const finished = await log.all<{ id: string; thread: string; status: string }>(
      "SELECT id, thread, status FROM deliveries WHERE status <> 'pending'",
    );
    const found = new Map<string, number>();
    const calls: { lanes: number; rowsRead: number }[] = [];
    for (let after: string | null = ''; after !== null; ) {
      const cost = noCost();
      const filter = { status, ...noBounds };
      const done = await replayLanes(
        deliveryLog(testEnv, cost),
        'o',
        RECEIVER,
        filter,
        after,
        async (thread, range) => {
          const ids = finished.filter(
            (row) =>
              row.thread === thread &&
              row.id > range.after &&
              row.id <= range.upto &&
              row.status === (status ?? row.status),
          );
          for (const { id } of ids) found.set(id, (found.get(id) ?? 0) + 1);
          return ids.length;
        },
      );
      calls.push({ lanes: done.lanes, rowsRead: cost.d1.rowsRead });
      after = done.after;
    }
    return { found, calls };
  }

  test.each([
    ['of a time', null, NUMBERED * 0.99, 3],
    ['of delivered ones', 'delivered', NUMBERED * 0.89, 3],
    ['of exhausted ones', 'exhausted', NUMBERED / 10, 1],
  ] as const)(
    '%s reads a limited number of rows in a call, and puts each delivery back once',
    async (_, status, count, least) => {
      await fill(NUMBERED);
      const { found, calls } = await replayAll(status);
      expect([found.size, [...found.values()].every((times) => times === 1)]).toEqual([count, true]);
      expect(calls.length).toBeGreaterThanOrEqual(least);
      for (const { rowsRead } of calls) expect(rowsRead).toBeLessThanOrEqual(MAX_DELIVERIES_PER_CALL);
    },
  );

  test('of more than a thousand threads goes on with the next one', async () => {
    await fill(2_500);
    await env.DB.exec("UPDATE deliveries SET thread = 't' || (seq % 1250), status = 'delivered'");
    const { found, calls } = await replayAll(null);
    expect([found.size, [...found.values()].every((times) => times === 1)]).toEqual([2_500, true]);
    expect(calls.map(({ lanes }) => lanes)).toEqual([1000, 1000, 500]);
  });
});

test('a drain reads each pending delivery once, in portions, and wakes each lane once', async () => {
  await fill(7_000);
  await env.DB.exec(
    "UPDATE deliveries SET thread = 't' || (seq % 50), status = 'pending', webhook_id = 'w' || (seq % 100 >= 50)",
  );
  const drain = async (webhookId: string | null) => {
    const sent: string[] = [];
    const sendBatch = async (messages: { body: { thread: string } }[]) =>
      sent.push(...messages.map(({ body }) => body.thread));
    const cost = noCost();
    const count = await drainLanes(deliveryLog(testEnv, cost), { sendBatch }, 'o', RECEIVER, webhookId);
    expect([count, new Set(sent).size]).toEqual([sent.length, sent.length]);
    return { count, rowsRead: cost.d1.rowsRead, trips: cost.d1.trips };
  };
  expect(await drain(null)).toEqual({ count: 50, rowsRead: expect.any(Number), trips: 2 });
  expect((await drain(null)).rowsRead).toBeLessThanOrEqual(14_010);
  // The head of each lane belongs to the first webhook.
  expect((await drain('w0')).count).toBe(50);
  expect((await drain('w1')).count).toBe(0);
});

describe('the ledger of a receiver', () => {
  const NAMES = ['accepted', 'delivered', 'pending', 'exhausted', 'skipped_disabled'];

  /** A batch with an image of a thread's lane at a version. */
  function laneBatch(thread: string, version: number, sums: readonly number[], receiver = RECEIVER): ReplicaBatch {
    const lane = JSON.stringify([
      receiver,
      thread,
      version,
      'o',
      ...sums,
      ...Array(LANE_SUMS.length - sums.length).fill(0),
    ]);
    return { v: 4, thread, rows: { lanes: [lane] }, size: 100 };
  }

  const write = (batches: ReplicaBatch[]) => projectorStub(env, 'DB', THREAD).write('DB', batches);

  async function summed() {
    const sums = NAMES.map((name) => `coalesce(sum(${name}), 0) AS ${name}`).join(', ');
    return await log.first(`SELECT ${sums} FROM lanes WHERE receiver = ?`, RECEIVER);
  }

  test('is the sum of its lanes, whatever order images come in, how often, and how many at once', async () => {
    expect(await readLedger(log, 'o', RECEIVER)).toMatchObject({ accepted: 0, pending: 0 });
    const images = [1, 2, 3].flatMap((version) =>
      ['a', 'b', 'c'].map((thread) => laneBatch(thread, version, [3 * version, version, version, version - 1, 1])),
    );
    const other = laneBatch('a', 9, [100, 100], 'channel/d' as typeof RECEIVER);
    // Of the first version but with other sums, as a rebuild sends it.
    const mended = laneBatch('a', 3, [10, 4, 3, 2, 1]);
    for (const batches of [images.slice(0, 2), [...images.toReversed(), other], [mended, mended], images]) {
      expect((await write(batches)).every(({ ok }) => ok)).toBe(true);
      expect(await readLedger(log, 'o', RECEIVER)).toMatchObject((await summed()) ?? {});
    }
    // The late images of version 3 have mended the lane back.
    expect(await readLedger(log, 'o', RECEIVER)).toMatchObject({
      accepted: 27,
      delivered: 9,
      pending: 9,
      exhausted: 6,
    });
    expect(await readLedger(log, 'another', RECEIVER)).toMatchObject({ accepted: 0, delivered: 0 });
  });

  test('is one row, however many threads the receiver has', async () => {
    await write(Array.from({ length: 300 }, (_, place) => laneBatch(`t${place}`, 1, [2, 2])));
    const cost = noCost();
    expect(await readLedger(deliveryLog(testEnv, cost), 'o', RECEIVER)).toMatchObject({
      accepted: 600,
      delivered: 600,
    });
    expect(cost.d1.rowsRead).toBe(1);
  });
});
