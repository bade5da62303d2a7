import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';
import { BACKOFF, backoffAfter, Timers } from '../../../src/platform/timers.ts';

/** Runs with the storage of an unused object and a fixed clock. */
async function inObject(run: (make: () => Timers, clock: { now: number }, armed: number[]) => void): Promise<void> {
  const stub = env.THREADS.get(env.THREADS.newUniqueId());
  await runInDurableObject(stub, (_, state) => {
    const clock = { now: 1_000_000 };
    const armed: number[] = [];
    const make = () =>
      new Timers({
        sql: state.storage.sql,
        now: () => clock.now,
        random: () => 1,
        armBy: (at) => armed.push(at),
      });
    run(make, clock, armed);
  });
}

describe('the timers of an object', () => {
  test('are rows: the next instance has them', async () => {
    await inObject((make, clock) => {
      const before = make();
      before.set('end', clock.now + 5000);
      before.fail('copy');
      before.fail('copy');
      const after = make();
      expect(after.dueAt('end')).toBe(clock.now + 5000);
      expect(after.failures('copy')).toBe(2);
      expect(after.dueAt('copy')).toBe(clock.now + 2000);
      expect(after.isBackingOff('copy')).toBe(true);
      expect(after.next()).toBe(clock.now + 2000);
    });
  });

  test('return what is due, the longest overdue first, and set the alarm', async () => {
    await inObject((make, clock, armed) => {
      const timers = make();
      timers.set('late', clock.now + 10);
      timers.set('early', clock.now + 5);
      timers.set('never yet', clock.now + 1000);
      expect(armed).toEqual([clock.now + 10, clock.now + 5, clock.now + 1000]);
      expect(timers.due()).toEqual([]);
      clock.now += 10;
      expect(timers.due()).toEqual(['early', 'late']);
    });
  });

  test('delete finished work with its failures', async () => {
    await inObject((make, clock) => {
      const timers = make();
      timers.fail('copy');
      timers.clear('copy');
      expect([timers.dueAt('copy'), timers.failures('copy'), timers.next()]).toEqual([null, 0, null]);
      expect(make().names()).toEqual([]);
      timers.fail('copy');
      expect(timers.dueAt('copy')).toBe(clock.now + 1000);
    });
  });

  test('store nothing when nothing was ever due', async () => {
    const stub = env.THREADS.get(env.THREADS.newUniqueId());
    await runInDurableObject(stub, (_, { storage: { sql } }) => {
      const timers = new Timers({ sql, now: () => 0, random: () => 0, armBy: () => {} });
      timers.clear('copy');
      expect([timers.next(), timers.due()]).toEqual([null, []]);
      expect(sql.exec(`SELECT 1 FROM sqlite_master WHERE name = 'timers'`).toArray()).toEqual([]);
    });
  });
});

test('a back-off doubles up to five minutes, and at least three quarters of it pass', () => {
  const waits = (random: number) => [1, 2, 3, 9, 10, 50].map((failures) => backoffAfter(failures, BACKOFF, random));
  expect(waits(1)).toEqual([1000, 2000, 4000, 256_000, 300_000, 300_000]);
  expect(waits(0)).toEqual([750, 1500, 3000, 192_000, 225_000, 225_000]);
});
