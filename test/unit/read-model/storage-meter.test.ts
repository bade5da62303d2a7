import { describe, expect, it } from 'vitest';
import { StorageMeter } from '../../../src/read-model/storage-meter.ts';

const PORTION = 100_000;

function meter(add: (organizationId: string, bytes: number) => Promise<void>, random: () => number = () => 0) {
  const work: Promise<unknown>[] = [];
  const made = new StorageMeter({ add, random, background: (each) => work.push(each) });
  return { count: made.count.bind(made), settled: () => Promise.all(work) };
}

/** The same numbers in [0, 1) at each run (mulberry32). */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What is added for one organization in lives of a projector, each with the sizes of its batches. */
async function addedIn(lives: Iterable<readonly number[]>, random: () => number): Promise<number> {
  let sum = 0;
  for (const sizes of lives) {
    const { count, settled } = meter(async (_, bytes) => {
      sum += bytes;
    }, random);
    for (const size of sizes) count('a', size);
    await settled();
  }
  return sum;
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
    count('c', 250_000);
    await settled();
    expect(added).toEqual([
      ['a', PORTION],
      ['a', PORTION],
      ['b', PORTION],
      ['c', 2 * PORTION],
    ]);
  });

  it.each([
    ['one message', [2500]],
    ['ten', Array<number>(10).fill(2500)],
    ['a large one', [250_000]],
    ['many sizes', [90_000, 12_500, 500, 73_250]],
  ])('is right on average when memory is lost after %s', async (_, sizes) => {
    const starts = Array.from({ length: 400 }, (_, place) => (place + 0.5) / 400);
    let sum = 0;
    for (const start of starts) sum += await addedIn([sizes], () => start);
    expect(sum / starts.length).toBe(sizes.reduce((total, size) => total + size, 0));
  });

  it('of an organization that never writes twice in a life is as close as documented', async () => {
    const stored = 10_000_000;
    const lives = Array.from({ length: stored / 2500 }, () => [2500]);
    const random = seededRandom(1);
    let squares = 0;
    for (let day = 0; day < 30; day++) squares += ((await addedIn(lives, random)) - stored) ** 2;
    const deviation = Math.sqrt(squares / 30);
    // docs/limits.md: the square root of 100,000 times the bytes, which is 1,000,000 here.
    expect(deviation).toBeGreaterThan(700_000);
    expect(deviation).toBeLessThan(1_300_000);
  });

  it('of an organization that always writes is at most a portion away', async () => {
    const sizes = Array.from({ length: 1000 }, (_, place) => 1500 + (place % 7) * 400);
    const stored = sizes.reduce((total, size) => total + size, 0);
    const random = seededRandom(2);
    for (let life = 0; life < 20; life++) {
      expect(Math.abs((await addedIn([sizes], random)) - stored)).toBeLessThan(PORTION);
    }
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
    count('a', 50_000);
    await settled();
    expect(added).toEqual([2 * PORTION]);
  });
});
