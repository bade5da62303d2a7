import { beforeEach, describe, expect, it } from 'vitest';
import { Loader } from '../../../src/console-app/replica/loader.ts';
import { ManualClock } from '../../support/manual-clock.ts';

let clock: ManualClock;
let loader: Loader;
let begun: PromiseWithResolvers<boolean>[];
let faults: unknown[];

beforeEach(() => {
  clock = new ManualClock();
  faults = [];
  loader = new Loader(clock, (fault) => faults.push(fault));
  begun = [];
});

const work = () => {
  const next = Promise.withResolvers<boolean>();
  begun.push(next);
  return next.promise;
};
const settle = async (act: (last: PromiseWithResolvers<boolean> | undefined) => void) => {
  act(begun.at(-1));
  await new Promise((resolve) => setImmediate(resolve));
};

describe('a loader', () => {
  it('reads a name once at a time, and once more when it was asked meanwhile', async () => {
    loader.ask('a', work);
    loader.ask('a', work);
    loader.ask('a', work);
    expect(begun).toHaveLength(1);
    await settle((last) => last?.resolve(true));
    expect(begun).toHaveLength(2);
    await settle((last) => last?.resolve(true));
    expect([begun.length, loader.has('a')]).toEqual([2, false]);
  });

  it('waits before it reads once more, if who asked meanwhile can wait', async () => {
    loader.ask('a', work);
    loader.ask('a', work, 1_000);
    await settle((last) => last?.resolve(true));
    expect(begun).toHaveLength(1);
    clock.pass(1_000);
    expect(begun).toHaveLength(2);
    loader.ask('a', work, 1_000);
    loader.ask('a', work);
    await settle((last) => last?.resolve(true));
    expect(begun).toHaveLength(3);
  });

  it('tries again after 1 s, 2 s, 4 s, and at once when it is hurried', async () => {
    loader.ask('a', work);
    for (const wait of [1000, 2000, 4000]) {
      await settle((last) => last?.resolve(false));
      const before = begun.length;
      clock.pass(wait - 1);
      expect(begun).toHaveLength(before);
      clock.pass(1);
      expect(begun).toHaveLength(before + 1);
    }
    await settle((last) => last?.resolve(false));
    loader.hurry();
    expect(begun).toHaveLength(5);
  });

  it('reads once what is asked for within a delay', () => {
    loader.ask('a', work, 2000);
    clock.pass(1000);
    loader.ask('a', work, 2000);
    clock.pass(999);
    expect(begun).toHaveLength(0);
    clock.pass(1);
    expect(begun).toHaveLength(1);
  });

  it('forgets a name, whose answer then changes nothing', async () => {
    loader.ask('a', work);
    loader.forget('a');
    await settle((last) => last?.resolve(false));
    clock.pass(60_000);
    expect(begun).toHaveLength(1);
  });

  it('reports a fault, and is ready for the next time', async () => {
    loader.ask('a', work);
    await settle((last) => last?.reject('fault'));
    expect([faults, loader.has('a')]).toEqual([['fault'], false]);
  });
});
