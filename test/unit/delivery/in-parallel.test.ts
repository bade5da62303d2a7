import { describe, expect, it } from 'vitest';
import { inParallel } from '../../../src/delivery/in-parallel.ts';

describe('inParallel', () => {
  it('answers in order and works on at most `width` items at a time', async () => {
    let running = 0;
    let most = 0;
    const double = async (item: number) => {
      running += 1;
      most = Math.max(most, running);
      for (let turn = 0; turn < 10 - item; turn++) await Promise.resolve();
      running -= 1;
      return item * 2;
    };
    expect(await inParallel([1, 2, 3, 4, 5, 6, 7, 8], 3, double)).toEqual([2, 4, 6, 8, 10, 12, 14, 16]);
    expect(most).toBe(3);
    expect(await inParallel([], 3, double)).toEqual([]);
  });

  it('rejects with the first failure', async () => {
    const failing = async (item: number) => {
      if (item === 2) throw new Error('second');
    };
    await expect(inParallel([1, 2, 3], 2, failing)).rejects.toThrow('second');
  });
});
