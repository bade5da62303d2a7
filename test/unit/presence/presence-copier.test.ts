import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { PresenceCopy } from '../../../src/directory/record-presence.ts';
import { PresenceCopier } from '../../../src/presence/presence-copier.ts';
import { timersInMemory } from '../../support/timers-in-memory.ts';

/** A user's count of chats, and a D1 that answers when the test says so. */
class Copies {
  count = 1;
  copied: number | null = 0;
  version = 0;
  readonly timers = timersInMemory();
  readonly writes: { copy: PresenceCopy; answer: () => Promise<void>; fail: () => Promise<void> }[] = [];
  readonly copier: PresenceCopier;

  constructor() {
    this.copier = new PresenceCopier({
      dueAt: (now) => (this.copied === this.count ? null : now),
      begin: () => {
        this.version += 1;
        this.copied = null;
        return { version: this.version, present_until: null, current_chat_count: this.count };
      },
      write: (copy) => {
        const { promise, resolve, reject } = Promise.withResolvers<void>();
        const then = async (act: () => void) => {
          act();
          await vi.advanceTimersByTimeAsync(0);
        };
        this.writes.push({
          copy,
          answer: () => then(resolve),
          fail: () => then(() => reject(new Error('D1 is away'))),
        });
        return promise;
      },
      end: (copy) => {
        this.copied = copy.current_chat_count;
      },
      timers: this.timers,
      now: () => Date.now(),
    });
  }

  take() {
    const [write, ...more] = this.writes.splice(0);
    if (write === undefined || more.length > 0) throw new Error('not exactly one write');
    return write;
  }
}

beforeEach(() => {
  vi.useFakeTimers({ now: 1_772_000_000_000 });
  vi.spyOn(console, 'error').mockImplementation(() => {});
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('the copier', () => {
  test('has one write in flight and then writes the newest state only', async () => {
    const copies = new Copies();
    const run = copies.copier.run();
    const first = copies.take();
    for (copies.count = 2; copies.count < 10; copies.count++) void copies.copier.run();
    expect(copies.writes).toEqual([]);
    await first.answer();
    const second = copies.take();
    await second.answer();
    await run;
    expect([first.copy, second.copy]).toMatchObject([
      { version: 1, current_chat_count: 1 },
      { version: 2, current_chat_count: 10 },
    ]);
    expect(copies.copier.nextAt()).toBeNull();
  });

  test('tries again after 1 s, 2 s, 4 s …, with the state at that time', async () => {
    const copies = new Copies();
    for (const pause of [1000, 2000, 4000]) {
      const run = copies.copier.run();
      await copies.take().fail();
      await run;
      expect(copies.copier.nextAt()).toBe(Date.now() + pause);
      copies.count += 1;
      await copies.copier.run();
      expect(copies.writes).toEqual([]);
      vi.setSystemTime(copies.copier.nextAt() ?? 0);
    }
    const run = copies.copier.run();
    const last = copies.take();
    await last.answer();
    await run;
    expect([last.copy.current_chat_count, copies.copied, copies.copier.nextAt()]).toEqual([4, 4, null]);
    expect(copies.timers.names()).toEqual([]);
  });

  test('gives up a write that is not answered, and ignores its late answer', async () => {
    const copies = new Copies();
    const run = copies.copier.run();
    const lost = copies.take();
    await vi.advanceTimersByTimeAsync(10_000);
    await run;
    expect(copies.copier.nextAt()).toBe(Date.now() + 1000);
    await lost.answer();
    expect(copies.copied).toBeNull();
    vi.setSystemTime(Date.now() + 1000);
    const again = copies.copier.run();
    const { copy, answer } = copies.take();
    expect(copy.version).toBeGreaterThan(lost.copy.version);
    await answer();
    await again;
    expect(copies.copied).toBe(1);
  });

  test('lets the alarm check a write in flight', () => {
    const copies = new Copies();
    void copies.copier.run();
    expect(copies.copier.nextAt()).toBe(Date.now() + 30_000);
  });
});
