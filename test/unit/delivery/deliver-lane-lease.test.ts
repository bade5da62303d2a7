import { describe, expect, it } from 'vitest';
import { queueDelay } from '../../../src/delivery/wake-lanes.ts';
import { DeliveryRun, OPEN, WAKE_UP } from '../../support/delivery-run.ts';

describe('deliverLane near the end of a lease', () => {
  it('does not send what another consumer delivered while the endpoint was read', async () => {
    const run = new DeliveryRun();
    run.lane.accept('d1', 'd2');
    const read = run.deps.endpoint;
    run.deps.endpoint = async (...who) => {
      run.deps.endpoint = read;
      run.now += 16_000;
      await run.deliver();
      return await read(...who);
    };
    await run.deliver();
    expect(run.received).toEqual(['d1', 'd2']);
    expect(run.lane.statuses()).toEqual(['delivered', 'delivered']);
    expect(run.events()).toEqual(['delivery.lease_short', 'delivery.stale_report']);
  });

  /** A run with one delivery whose first `call` takes this long (ms). */
  async function slowRun(call: 'claim' | 'endpoint', milliseconds: number) {
    const run = new DeliveryRun();
    run.lane.accept('a');
    const claim = run.lane.claim.bind(run.lane);
    run.lane.claim = async (request) => {
      const answer = await claim(request);
      run.now += call === 'claim' ? milliseconds : 0;
      return answer;
    };
    run.endpoint = () => {
      run.now += call === 'endpoint' ? milliseconds : 0;
      return OPEN;
    };
    await run.deliver();
    return run;
  }

  it.each(['claim', 'endpoint'] as const)('attempts while 6 s of the lease are left after a slow %s', async (call) => {
    const run = await slowRun(call, 9_000);
    expect(run.received).toEqual(['a']);
    expect(run.logged).toEqual([]);
  });

  it.each(['claim', 'endpoint'] as const)('makes no attempt with less than 6 s left after a slow %s', async (call) => {
    const run = await slowRun(call, 9_001);
    expect(run.received).toEqual([]);
    expect(run.lane.outcomes).toEqual([{ kind: 'later' }]);
    expect(run.lane.leases.size).toBe(0);
    expect(run.lane.row('a')).toMatchObject({ status: 'pending', attempts: 0 });
    expect(run.sent).toMatchObject([{ delay: 10, wakeUp: WAKE_UP }]);
    expect(run.logged).toEqual([
      { event: 'delivery.lease_short', receiver: WAKE_UP.receiver, delivery_id: 'a', late_milliseconds: 1 },
    ]);
  });

  it('still skips deliveries of a disabled receiver, since no attempt is made', async () => {
    const run = new DeliveryRun();
    run.lane.accept('a');
    run.endpoint = () => {
      run.now += 16_000;
      return { kind: 'disabled' };
    };
    await run.deliver();
    expect(run.lane.statuses()).toEqual(['skipped']);
  });

  it('counts the lease of the next delivery from the report that returned it', async () => {
    const run = new DeliveryRun();
    run.lane.accept('a', 'b', 'c');
    const slowness = [4_000, 9_000];
    const report = run.lane.report.bind(run.lane);
    run.lane.report = async (request) => {
      const answer = await report(request);
      run.now += slowness.shift() ?? 0;
      return answer;
    };
    run.endpoint = () => {
      run.now += run.received.length === 2 ? 1 : 0;
      return OPEN;
    };
    await run.deliver();
    expect(run.received).toEqual(['a', 'b']);
    expect(run.lane.outcomes.map(({ kind }) => kind)).toEqual(['delivered', 'delivered', 'later']);
    run.endpoint = () => OPEN;
    await run.drainQueue();
    expect(run.received).toEqual(['a', 'b', 'c']);
  });
});

describe('deliverLane and a Retry-After longer than the queue’s limit', () => {
  it('answers `wait` to the wake-up after 12 h, and delivers when the lane is woken at the due time', async () => {
    const run = new DeliveryRun();
    run.lane.accept('a', 'b');
    run.retryAfter = 24 * 3600;
    run.answer = () => (run.received.length === 1 ? 503 : 200);
    const { send } = run.deps;
    run.deps.send = (wakeUp, delay) => send(wakeUp, queueDelay(delay));
    await run.deliver();
    expect(run.sent).toMatchObject([{ delay: 43_200, wakeUp: WAKE_UP }]);
    const dueAt = run.lane.row('a').due_at;
    expect(dueAt).toBe(run.now + 86_400_000);
    expect(await run.drainQueue()).toBe(1);
    expect(run.now).toBe(dueAt - 43_200_000);
    expect(run.received).toEqual(['a']);
    expect(run.lane.row('a')).toMatchObject({ status: 'pending', attempts: 1, due_at: dueAt });
    expect(run.lane.leases.size).toBe(0);
    run.now = dueAt + 30_000;
    await run.deliver();
    expect(run.received).toEqual(['a', 'a', 'b']);
    expect(run.lane.statuses()).toEqual(['delivered', 'delivered']);
  });
});
