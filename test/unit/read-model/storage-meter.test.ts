import { describe, expect, it } from 'vitest';
import { StorageMeter } from '../../../src/read-model/storage-meter.ts';

function meter(add: (organizationId: string, bytes: number) => Promise<void>) {
  const work: Promise<unknown>[] = [];
  const made = new StorageMeter({ add, background: (each) => work.push(each) });
  return { count: made.count.bind(made), settled: () => Promise.all(work) };
}

describe('the count of stored bytes', () => {
  it('is added in portions of 100,000 for each organization, and leaves nothing out', async () => {
    const added: [string, number][] = [];
    const { count, settled } = meter(async (...each) => void added.push(each));
    for (let place = 0; place < 250; place++) {
      count('a', 1000);
      count('b', 300);
    }
    count('b', 25_000);
    await settled();
    expect(added).toEqual([
      ['a', 100_000],
      ['a', 100_000],
      ['b', 100_000],
    ]);
  });

  it('keeps what could not be added', async () => {
    let isAway = true;
    const added: number[] = [];
    const { count, settled } = meter(async (_, bytes) => {
      if (isAway) throw new Error('D1_ERROR: network connection lost');
      added.push(bytes);
    });
    count('a', 150_000);
    await settled();
    isAway = false;
    count('a', 1);
    await settled();
    expect(added).toEqual([150_001]);
  });
});
