import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { Slice, Written } from '../../../src/projections/slice.ts';
import { HandOver } from '../../../src/thread/hand-over.ts';
import type { Mark } from '../../../src/thread/store/read-slice.ts';

const SHARE = { trips: 1, rowsRead: 4, rowsWritten: 3, milliseconds: 2 };
const DONE: Written = { ok: true, share: SHARE };

/** A log of `end` events handed over in slices of 10, to a projector whose answers the test gives. */
class Bench {
  end = 1;
  now = 1000;
  /** The marks up to which slices were sent. */
  readonly sent: number[] = [];
  readonly retries: number[] = [];
  readonly open: { resolve: (written: Written) => void; reject: (error: Error) => void }[] = [];
  readonly handOver = new HandOver(
    {
      read: (from) => this.#read(from),
      write: (slice) => this.#write(slice),
      now: () => this.now,
      failed: (retryAt) => this.retries.push(retryAt),
      crash: () => {},
    },
    { seq: 0, version: 0 },
  );

  reach(seq = this.end) {
    return this.handOver.reach({ seq, version: 0 });
  }

  /** Answers the slice that is under way. */
  async answer(written: Written | Error): Promise<void> {
    for (let turn = 0; turn < 20 && this.open.length === 0; turn++) await Promise.resolve();
    const next = this.open.shift();
    if (next === undefined) throw new Error('no slice is under way');
    if (written instanceof Error) next.reject(written);
    else next.resolve(written);
  }

  #read(from: Mark): { slice: Slice; upto: Mark } | null {
    if (from.seq >= this.end) return null;
    const upto = { seq: Math.min(from.seq + 10, this.end), version: 0 };
    return { slice: { v: 4, thread: 't', rows: {}, size: upto.seq }, upto };
  }

  #write(slice: Slice): Promise<Written> {
    this.sent.push(slice.size);
    return new Promise((resolve, reject) => this.open.push({ resolve, reject }));
  }
}

let bench: Bench;

beforeEach(() => {
  bench = new Bench();
  vi.spyOn(console, 'error').mockImplementation(() => {});
});

describe('a hand-over', () => {
  test('has one slice in flight; what came meanwhile goes as the next, and each waiter is answered by its own', async () => {
    const first = bench.reach();
    bench.end = 3;
    const second = bench.reach();
    const third = bench.reach();
    expect(bench.sent).toEqual([1]);
    await bench.answer(DONE);
    expect((await first).d1.trips).toBeCloseTo(1 / 3);
    await bench.answer(DONE);
    const costs = await Promise.all([second, third]);
    expect(bench.sent).toEqual([1, 3]);
    const trips = [await first, ...costs].reduce((sum, cost) => sum + cost.d1.trips, 0);
    expect(trips).toBeCloseTo(2);
    expect(bench.handOver.acknowledged.seq).toBe(3);
  });

  test('of a long log goes slice by slice', async () => {
    bench.end = 25;
    const reached = bench.reach();
    for (let slice = 0; slice < 3; slice++) await bench.answer(DONE);
    expect((await reached).d1.trips).toBe(3);
    expect(bench.sent).toEqual([10, 20, 25]);
  });

  test('that begins again sends everything, and an answer to what was in flight before moves nothing', async () => {
    bench.end = 15;
    const reached = bench.reach();
    await bench.answer(DONE);
    await vi.waitFor(() => expect(bench.sent).toEqual([10, 15]));
    bench.handOver.restart();
    await bench.answer(DONE);
    expect(bench.handOver.acknowledged.seq).toBe(0);
    await bench.answer(DONE);
    await bench.answer(DONE);
    await reached;
    expect(bench.sent).toEqual([10, 15, 10, 15]);
    expect(bench.handOver.acknowledged.seq).toBe(15);
  });

  test('that begins again while it is backing off does not wait', async () => {
    const failing = bench.reach();
    await bench.answer({ ok: false, reason: 'failed' });
    await failing;
    bench.handOver.restart();
    const reached = bench.reach();
    await bench.answer(DONE);
    expect((await reached).d1.trips).toBe(1);
  });

  test('of nothing new costs nothing', async () => {
    const reached = bench.reach();
    await bench.answer(DONE);
    await reached;
    expect((await bench.reach()).d1.trips).toBe(0);
    await bench.handOver.run();
    expect(bench.sent).toEqual([1]);
  });
});

describe('a hand-over that fails', () => {
  const failures: [string, Written | Error][] = [
    ['is refused', { ok: false, reason: 'rejected' }],
    ['finds D1 away', { ok: false, reason: 'failed' }],
    ['finds the projector busy', { ok: false, reason: 'busy' }],
    ['meets a projector of another version', { ok: false, reason: 'other_version' }],
    ['loses its answer', new Error('Network connection lost.')],
  ];

  for (const [name, failure] of failures) {
    test(`because it ${name}: answers its waiters, waits, and sends the same again`, async () => {
      const reached = bench.reach();
      await bench.answer(failure);
      expect((await reached).d1.trips).toBe(0);
      expect(bench.handOver.acknowledged.seq).toBe(0);
      expect(bench.retries).toEqual([2000]);
      await bench.reach();
      await bench.handOver.run();
      expect(bench.sent).toEqual([1]);
      bench.now = 2000;
      const again = bench.reach();
      await bench.answer(DONE);
      expect((await again).d1.trips).toBe(1);
      expect(bench.sent).toEqual([1, 1]);
      expect(bench.handOver.retryAt).toBeNull();
    });
  }

  test('backs off twice as long each time, up to five minutes, and starts anew after a success', async () => {
    const pauses: number[] = [];
    for (let failure = 0; failure < 12; failure++) {
      const reached = bench.reach();
      await bench.answer({ ok: false, reason: 'failed' });
      await reached;
      pauses.push((bench.retries.at(-1) ?? 0) - bench.now);
      bench.now = bench.retries.at(-1) ?? 0;
    }
    expect(pauses.slice(0, 4)).toEqual([1000, 2000, 4000, 8000]);
    expect(pauses.slice(-2)).toEqual([300_000, 300_000]);
    const reached = bench.reach();
    await bench.answer(DONE);
    await reached;
    bench.end = 2;
    const failing = bench.reach();
    await bench.answer({ ok: false, reason: 'failed' });
    await failing;
    expect((bench.retries.at(-1) ?? 0) - bench.now).toBe(1000);
  });

  test('in its reading is no lost rejection and no wedge', async () => {
    const read = vi.fn(() => {
      throw new Error('the log cannot be read');
    });
    const retries: number[] = [];
    const handOver = new HandOver(
      { read, write: async () => DONE, now: () => bench.now, failed: (at) => retries.push(at), crash: () => {} },
      { seq: 0, version: 0 },
    );
    expect((await handOver.reach({ seq: 1, version: 0 })).d1.trips).toBe(0);
    bench.now = 2000;
    await handOver.run();
    expect(read).toHaveBeenCalledTimes(2);
    expect(retries).toEqual([2000, 4000]);
  });

  test('in its second slice keeps the first', async () => {
    bench.end = 15;
    const reached = bench.reach();
    await bench.answer(DONE);
    await bench.answer({ ok: false, reason: 'failed' });
    await reached;
    expect(bench.handOver.acknowledged.seq).toBe(10);
    bench.now = 3000;
    const again = bench.reach();
    await bench.answer(DONE);
    await again;
    expect(bench.sent).toEqual([10, 15, 15]);
  });
});
