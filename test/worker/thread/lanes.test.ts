import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { deliverLane } from '../../../src/delivery/deliver-lane.ts';
import { onFault } from '../../../src/platform/faults.ts';
import { type Ring, testAlarm } from '../../support/worker/alarm.ts';
import { passTime } from '../../support/worker/clock.ts';
import { type LaneReceiver, threadWithReplies } from '../../support/worker/lane-receiver.ts';
import { type Channel, nameOf, objectOf } from '../../support/worker/threads.ts';
import { recordWakeUps } from '../../support/worker/wake-ups.ts';

afterEach(() => {
  onFault(null);
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const texts = (receiver: LaneReceiver) => receiver.got.map(({ text }) => text);

/** The receiver's sums as D1 has them when the thread's replication is done: those of its only lane. */
async function ledgerOf(ring: Ring, channel: Channel) {
  passTime(301_000);
  await ring(objectOf(channel));
  const row = await env.DB.prepare('SELECT * FROM ledgers WHERE receiver = ?').bind(channel.receiver).first<{
    accepted: number;
    delivered: number;
    pending: number;
    exhausted: number;
    skipped_disabled: number;
    skipped_channel_deleted: number;
  }>();
  if (row === null) throw new Error('D1 has no such receiver');
  const { accepted, delivered, pending, exhausted, skipped_disabled, skipped_channel_deleted } = row;
  expect(accepted).toBe(delivered + pending + exhausted + skipped_disabled + skipped_channel_deleted);
  return { accepted, delivered, pending, exhausted, skipped: skipped_disabled + skipped_channel_deleted };
}

describe('a lane', () => {
  testAlarm('delivers in order of seq, each naming the one before it', async (ring) => {
    const { channel, answer, receiver } = await threadWithReplies(3);
    await receiver.play();
    expect(texts(receiver)).toEqual(['reply 1', 'reply 2', 'reply 3']);
    expect(receiver.got.map(({ seq }) => seq)).toEqual(answer.seqs);
    expect(receiver.got.map(({ prev_seq }) => prev_seq)).toEqual([null, answer.seqs[0], answer.seqs[1]]);
    expect(await ledgerOf(ring, channel)).toEqual({ accepted: 3, delivered: 3, pending: 0, exhausted: 0, skipped: 0 });
  });

  test('holds the next delivery back until a failing one is delivered, under one webhook-id', async () => {
    const { receiver } = await threadWithReplies(2);
    receiver.answers = [500, 404];
    await receiver.play();
    expect(texts(receiver)).toEqual(['reply 1', 'reply 1', 'reply 1', 'reply 2']);
    expect(new Set(receiver.got.slice(0, 3).map(({ id }) => id)).size).toBe(1);
  });

  testAlarm(
    'continues after max_retry_count, and a replay delivers the exhausted delivery without counting it again',
    async (ring) => {
      const { channel, receiver, stub } = await threadWithReplies(2);
      receiver.answers = [500, 410, 500, 503];
      await receiver.play();
      expect(texts(receiver)).toEqual(['reply 1', 'reply 1', 'reply 1', 'reply 1', 'reply 2']);
      const filter = { status: ['exhausted' as const], from: null, to: null };
      expect(await stub.replay({ v: 1, receiver: channel.receiver, filter })).toEqual({ replayed: 1 });
      await receiver.play({ track: 'replay' });
      expect(texts(receiver).slice(5)).toEqual(['reply 1']);
      expect(await ledgerOf(ring, channel)).toEqual({
        accepted: 2,
        delivered: 1,
        pending: 0,
        exhausted: 1,
        skipped: 0,
      });
    },
  );

  testAlarm('skips while it is switched off, and a replay delivers what was skipped', async (ring) => {
    const { channel, receiver, stub } = await threadWithReplies(2);
    const open = receiver.endpoint;
    receiver.endpoint = { kind: 'disabled' };
    await receiver.play();
    expect(receiver.got).toEqual([]);
    expect(await ledgerOf(ring, channel)).toEqual({ accepted: 2, delivered: 0, pending: 0, exhausted: 0, skipped: 2 });
    receiver.endpoint = open;
    const filter = { status: ['skipped' as const], from: null, to: null };
    const { results } = await env.DB.prepare('SELECT id FROM deliveries WHERE receiver = ? ORDER BY id')
      .bind(channel.receiver)
      .all<{ id: string }>();
    const [first = '', second = ''] = results.map(({ id }) => id);
    for (const [ids, replayed] of [
      [{ after: second, upto: 'g' }, 0],
      [{ after: first, upto: second }, 1],
    ] as const) {
      const ranged = { ...filter, ids };
      expect(await stub.replay({ v: 1, receiver: channel.receiver, filter: ranged })).toEqual({ replayed });
    }
    expect(await stub.replay({ v: 1, receiver: channel.receiver, filter })).toEqual({ replayed: 1 });
    await receiver.play({ track: 'replay' });
    expect(texts(receiver)).toEqual(['reply 1', 'reply 2']);
  });

  testAlarm('a drain delivers a waiting row before its time', async (ring) => {
    const { channel, receiver } = await threadWithReplies(1);
    receiver.answers = [500];
    await deliverLane(receiver.deps(), receiver.wakeUp());
    receiver.queue.length = 0;
    receiver.endpoint = { kind: 'channel_deleted' };
    await deliverLane(receiver.deps(), receiver.wakeUp());
    expect((await ledgerOf(ring, channel)).pending).toBe(1);
    await deliverLane(receiver.deps(), receiver.wakeUp({ drain: true }));
    expect((await ledgerOf(ring, channel)).skipped).toBe(1);
  });
});

describe('a queue that drops, repeats and reorders', () => {
  testAlarm('repeated and parallel wake-ups deliver each row once', async (ring) => {
    const { channel, receiver } = await threadWithReplies(5);
    const wakeUps = Array.from({ length: 10 }, () => deliverLane(receiver.deps(), receiver.wakeUp()));
    await Promise.all(wakeUps);
    await receiver.play();
    await receiver.play();
    expect(texts(receiver)).toEqual(['reply 1', 'reply 2', 'reply 3', 'reply 4', 'reply 5']);
    expect(await ledgerOf(ring, channel)).toEqual({ accepted: 5, delivered: 5, pending: 0, exhausted: 0, skipped: 0 });
  });

  test('a wake-up that arrives before its time does not advance the retry', async () => {
    const { receiver } = await threadWithReplies(1);
    receiver.answers = [500];
    await deliverLane(receiver.deps(), receiver.wakeUp());
    await deliverLane(receiver.deps(), receiver.wakeUp());
    expect(receiver.got).toHaveLength(1);
    await receiver.play();
    expect(receiver.got).toHaveLength(2);
  });

  testAlarm('when every wake-up is lost, the alarm wakes the lane', async (ring) => {
    const { channel } = await threadWithReplies(1);
    const object = objectOf(channel);
    const wakeUps = recordWakeUps(nameOf(channel));
    await ring(object);
    expect(wakeUps).toEqual([]);
    passTime(31_000);
    await ring(object);
    expect(wakeUps).toEqual([
      { v: 1, thread: nameOf(channel), receiver: channel.receiver, track: 'lane', drain: false },
    ]);
    await ring(object);
    expect(wakeUps).toHaveLength(1);
    passTime(31_000);
    await ring(object);
    expect(wakeUps).toHaveLength(2);
  });
});

describe('a crash around a delivery', () => {
  for (const step of ['after claim', 'after the receiver answered', 'after report'] as const) {
    testAlarm(`${step}: at most one delivery is repeated, with the same id, and none is lost`, async (ring) => {
      const { channel, receiver } = await threadWithReplies(2);
      const crashing = { ...receiver.deps() };
      crashing.fault = (at) => {
        if (at === step) throw new Error('the consumer is gone');
      };
      await expect(deliverLane(crashing, receiver.wakeUp())).rejects.toThrow('the consumer is gone');
      // The lease expires. The alarm then wakes the lane again.
      passTime(60_000);
      await receiver.play();
      await receiver.play();
      const ids = receiver.got.map(({ id }) => id);
      expect([...new Set(texts(receiver))]).toEqual(['reply 1', 'reply 2']);
      expect(new Set(ids).size).toBe(2);
      expect(ids.length).toBeLessThanOrEqual(3);
      expect(await ledgerOf(ring, channel)).toEqual({
        accepted: 2,
        delivered: 2,
        pending: 0,
        exhausted: 0,
        skipped: 0,
      });
    });
  }

  test('the report of an expired lease changes nothing', async () => {
    const { receiver, stub } = await threadWithReplies(1);
    const request = { v: 1 as const, receiver: receiver.wakeUp().receiver, track: 'lane' as const, drain: false };
    const first = await stub.claim({ ...request, lease_milliseconds: 1000 });
    passTime(2000);
    const second = await stub.claim({ ...request, lease_milliseconds: 1000 });
    if (first.kind !== 'head' || second.kind !== 'head') throw new Error('no lease was given');
    const attempt = { at: Date.now(), duration: 1, status: 200, response: '', error: null };
    const outcome = { kind: 'delivered' as const, attempt };
    const stale = await stub.report({ v: 1, lease_token: first.lease_token, outcome, next: null });
    expect(stale.is_stale).toBe(true);
    const valid = await stub.report({ v: 1, lease_token: second.lease_token, outcome, next: null });
    expect(valid).toEqual({ is_stale: false, next: null, offer_in: null });
  });

  test('the answer to a report is `is_exhausted` only after the last failure', async () => {
    const { receiver, stub } = await threadWithReplies(1);
    const request = { v: 1 as const, receiver: receiver.wakeUp().receiver, track: 'lane' as const, drain: false };
    const attempt = { at: Date.now(), duration: 1, status: 500, response: '', error: null };
    const outcome = { kind: 'failed' as const, attempt, max_retry_count: 1, retry_after: null };
    const fail = async () => {
      const head = await stub.claim({ ...request, drain: true, lease_milliseconds: 1000 });
      if (head.kind !== 'head') throw new Error('no lease was given');
      return await stub.report({ v: 1, lease_token: head.lease_token, outcome, next: null });
    };
    expect((await fail()).is_exhausted).toBeUndefined();
    expect(await fail()).toEqual({ is_stale: false, is_exhausted: true, next: null, offer_in: null });
  });
});
