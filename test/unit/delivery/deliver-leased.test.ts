import { describe, expect, it } from 'vitest';
import { deliverLeased } from '../../../src/delivery/deliver-lane.ts';
import type { LeasedDelivery } from '../../../src/rpc/lane.ts';
import { DeliveryRun, WAKE_UP } from '../../support/delivery-run.ts';

/** Leases the head as a commit does. */
async function lease(run: DeliveryRun): Promise<LeasedDelivery> {
  const claim = await run.lane.claim({ track: 'lane', drain: false, lease_milliseconds: 15_000 });
  if (claim.kind !== 'head') throw new Error('nothing to lease');
  return claim;
}

describe('deliverLeased', () => {
  it('delivers what a commit leased and what follows in the lane, without a wake-up', async () => {
    const run = new DeliveryRun();
    run.lane.accept('a', 'b');
    await deliverLeased(run.deps, WAKE_UP.thread, [await lease(run)], run.now);
    expect(run.received).toEqual(['a', 'b']);
    expect(run.sent).toEqual([]);
  });

  it('sends the wake-up of a retry with its delay', async () => {
    const run = new DeliveryRun();
    run.lane.accept('a');
    run.answer = () => 500;
    await deliverLeased(run.deps, WAKE_UP.thread, [await lease(run)], run.now);
    expect(run.sent).toMatchObject([{ wakeUp: WAKE_UP, delay: 2 }]);
  });

  it('counts the lease from before the command, and makes no attempt with less than 6 s left', async () => {
    for (const [askedBefore, received] of [
      [9_000, ['a']],
      [9_001, []],
    ] as const) {
      const run = new DeliveryRun();
      run.lane.accept('a');
      const delivery = await lease(run);
      const askedAt = run.now;
      run.now += askedBefore;
      await deliverLeased(run.deps, WAKE_UP.thread, [delivery], askedAt);
      expect(run.received).toEqual(received);
    }
  });

  it('delivers each lane separately: one that breaks off is logged and delays no other', async () => {
    const run = new DeliveryRun();
    const other = new DeliveryRun('channel/c2');
    run.lane.accept('a');
    other.lane.accept('b');
    const leased = [await lease(run), await lease(other)];
    let passed = 0;
    run.deps.fault = (step) => {
      passed += step === 'before the first attempt' ? 1 : 0;
      if (step === 'before the first attempt' && passed === 1) throw new Error('with a secret inside');
    };
    run.deps.lane = () => other.lane;
    await deliverLeased(run.deps, WAKE_UP.thread, leased, run.now);
    expect(run.received).toEqual(['b']);
    expect(run.logged).toEqual([
      { event: 'delivery.run_failed', thread: WAKE_UP.thread, receiver: WAKE_UP.receiver, error: 'Error' },
    ]);
  });
});
