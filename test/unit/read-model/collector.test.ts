import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { HandedBatch } from '../../../src/rpc/projector.ts';

// The collector lives as long as its isolate, so each test gets one of its own.
async function newCollector() {
  vi.resetModules();
  return await import('../../../src/read-model/collector.ts');
}

vi.mock('cloudflare:workers', () => ({ waitUntil: (promise: Promise<unknown>) => void promise }));

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('scheduler', { wait: (ms: number) => new Promise((resolve) => setTimeout(resolve, ms)) });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** A projector that finishes its writes when the test says so, in any order. */
function slowProjector() {
  const writes: { threads: string[]; finish: () => void }[] = [];
  const write = (_: string, batches: { thread: string }[]) =>
    new Promise((resolve) => {
      const finish = () => resolve(batches.map(() => ({ ok: true })));
      writes.push({ threads: batches.map(({ thread }) => thread), finish });
    });
  const env = {
    PROJECTOR_COUNT: '1',
    PROJECTORS: { getByName: () => ({ write }) },
    THREADS: { getByName: () => ({ acknowledge: async () => undefined }) },
  };
  return { env: env as unknown as Env, writes };
}

const batch = (thread: string): HandedBatch => ({
  database: 'DB',
  slice: { v: 4, thread, rows: {}, size: 100 },
  range: { generation: 1, after: { seq: 0, version: 0 }, upto: { seq: 1, version: 1 } },
});

/** Whether a promise settles within this many milliseconds. */
async function isDoneAfter(promise: Promise<unknown>, milliseconds: number): Promise<boolean> {
  let isDone = false;
  void promise.then(() => {
    isDone = true;
  });
  await vi.advanceTimersByTimeAsync(milliseconds);
  return isDone;
}

describe('a reader of D1', () => {
  it('writes what its isolate has collected, and waits for it', async () => {
    const { collectBatch, writeCollected } = await newCollector();
    const { env, writes } = slowProjector();
    collectBatch(env, batch('a'));
    const reading = writeCollected(env);
    expect(writes.map(({ threads }) => threads)).toEqual([['a']]);
    expect(await isDoneAfter(reading, 2000)).toBe(false);
    writes[0]?.finish();
    expect(await isDoneAfter(reading, 10)).toBe(true);
  });

  it('waits for a write that began before it, and for none that began later', async () => {
    const { collectBatch, writeCollected } = await newCollector();
    const { env, writes } = slowProjector();
    collectBatch(env, batch('before'));
    await vi.advanceTimersByTimeAsync(25);
    const reading = writeCollected(env);
    collectBatch(env, batch('later'));
    await vi.advanceTimersByTimeAsync(400);
    expect(writes.map(({ threads }) => threads)).toEqual([['before'], ['later']]);
    expect(await isDoneAfter(reading, 100)).toBe(false);
    writes[0]?.finish();
    expect(await isDoneAfter(reading, 10)).toBe(true);
  });

  it('waits five seconds at most', async () => {
    const { collectBatch, writeCollected } = await newCollector();
    const { env } = slowProjector();
    collectBatch(env, batch('a'));
    const reading = writeCollected(env);
    expect(await isDoneAfter(reading, 4900)).toBe(false);
    expect(await isDoneAfter(reading, 200)).toBe(true);
    // A write that the projector never answers counts as lost after a while, and delays nobody any more.
    vi.spyOn(console, 'error').mockImplementation(() => {});
    await vi.advanceTimersByTimeAsync(20_000);
    expect(await isDoneAfter(writeCollected(env), 0)).toBe(true);
  });
});
