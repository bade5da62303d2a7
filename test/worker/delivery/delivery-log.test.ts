import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, test } from 'vitest';
import { noCost } from '../../../src/db/cost.ts';
import { type DeliveryLog, deliveryLog } from '../../../src/db/database.ts';
import type { Keyset } from '../../../src/db/keyset.ts';
import { listDeliveries } from '../../../src/delivery/delivery-log.ts';
import { listFinishedThreads, listPendingTracks } from '../../../src/delivery/lanes-of-receiver.ts';
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
});

/** A batch with one image of a delivery, and perhaps of its lane. */
function batchOf(id: string, version: number, status: string, withLane = false): ReplicaBatch {
  const delivery = [RECEIVER, id, version, 'o', THREAD, 't', 'chat', 1, 'message_created', null, null, null, status];
  const rest = [null, 0, 1, NOW, status === 'pending' ? null : NOW, 200, null, NOW];
  const lane = [RECEIVER, THREAD, version, 'o', version, 0, 0, 0, 0, 0, 0, 0];
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
    expect(await costOf(both)).toEqual({ trips: 1, rowsWritten: 2 });
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

describe('the log of a receiver', () => {
  const BY_KEY = 'USING PRIMARY KEY (receiver=?';
  const BY_STATUS = 'USING INDEX deliveries_undelivered (receiver=? AND status=?';
  const noBounds = { from: null, to: null };

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
    ['lanes to drain', BY_STATUS, (own: DeliveryLog) => listPendingTracks(own, 'o', RECEIVER, null, null, 10)],
    [
      'lanes with exhausted deliveries to replay',
      BY_STATUS,
      (own: DeliveryLog) => listFinishedThreads(own, 'o', RECEIVER, { status: 'exhausted', ...noBounds }, '', 10),
    ],
    [
      'lanes with deliveries to replay',
      BY_KEY,
      (own: DeliveryLog) => listFinishedThreads(own, 'o', RECEIVER, { status: null, ...noBounds }, '', 10),
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
    expect((await listFinishedThreads(log, 'o', RECEIVER, { status: null, ...noBounds }, '', 10)).sort()).toEqual([
      'rare',
      'usual',
    ]);
    const skipped = { status: 'skipped' as const, ...noBounds };
    expect(await listFinishedThreads(log, 'o', RECEIVER, skipped, '', 10)).toEqual([]);
    const pending = await listPendingTracks(log, 'o', RECEIVER, null, null, 10);
    expect(pending).toEqual([{ thread: 'usual', is_replay: 0 }]);
    expect(await listDeliveries(log, 'another', RECEIVER, {}, FIRST)).toEqual({ rows: [], cut_at: null });
  });
});
