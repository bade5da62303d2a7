import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { PresenceBroadcaster, type SendResult } from '../../../src/presence/presence-broadcaster.ts';
import { timersInMemory } from '../../support/timers-in-memory.ts';

type Call = {
  chatId: string;
  isPresent: boolean;
  answer: (known: SendResult) => Promise<void>;
  fail: () => Promise<void>;
};

/** Rows of a user in memory, and threads that answer when the test says so. */
class Chats {
  readonly known = new Map<string, boolean | null>();
  readonly calls: Call[] = [];
  readonly timers = timersInMemory();
  isPresent = true;
  readonly broadcaster: PresenceBroadcaster;

  constructor(count: number) {
    for (let place = 0; place < count; place++) this.known.set(`chat-${place}`, false);
    this.broadcaster = new PresenceBroadcaster({
      outdated: (limit) => [...this.known.keys()].filter((chatId) => this.isOutdated(chatId)).slice(0, limit),
      isOutdated: (chatId) => this.isOutdated(chatId),
      isPresent: () => this.isPresent,
      send: (chatId, isPresent) => {
        const { promise, resolve, reject } = Promise.withResolvers<SendResult>();
        const settled = (act: () => void) => async () => {
          act();
          await vi.advanceTimersByTimeAsync(0);
        };
        this.calls.push({
          chatId,
          isPresent,
          answer: (known) => settled(() => resolve(known))(),
          fail: settled(() => reject(new Error('the thread is away'))),
        });
        return promise;
      },
      record: (chatId, isPresent, known) => {
        if (known === 'unwatched') this.known.delete(chatId);
        else if (this.known.has(chatId)) this.known.set(chatId, isPresent);
      },
      timers: this.timers,
      now: () => Date.now(),
    });
  }

  isOutdated(chatId: string): boolean {
    const known = this.known.get(chatId);
    return known !== undefined && known !== this.isPresent;
  }

  /** The calls since the last look. */
  take(): Call[] {
    return this.calls.splice(0);
  }

  take1(): Call {
    const [call, ...more] = this.take();
    if (call === undefined || more.length > 0) throw new Error('not exactly one call');
    return call;
  }
}

const chatsOf = (calls: Call[]) => calls.map(({ chatId }) => chatId);

beforeEach(() => {
  vi.useFakeTimers({ now: 1_772_000_000_000 });
  vi.spyOn(console, 'error').mockImplementation(() => {});
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('the presence broadcaster', () => {
  test('calls six chats at a time, all of them in the end, and then rests', async () => {
    const chats = new Chats(20);
    const run = chats.broadcaster.run();
    const seen = new Set<string>();
    let most = 0;
    for (let open = chats.take(); open.length > 0; open = chats.take()) {
      most = Math.max(most, open.length);
      for (const call of open) {
        seen.add(call.chatId);
        await call.answer('received');
      }
    }
    await run;
    expect([most, seen.size]).toEqual([6, 20]);
    expect([...chats.known.values()].every((known) => known === true)).toBe(true);
    expect(chats.broadcaster.nextAt()).toBeNull();
    await chats.broadcaster.run();
    expect(chats.take()).toEqual([]);
  });

  test('calls a failing chat again after 1 s, 2 s, 4 s … 5 min, and the others at once', async () => {
    const chats = new Chats(2);
    const run = chats.broadcaster.run();
    const [bad, good] = chats.take();
    await good?.answer('received');
    await bad?.fail();
    await run;
    expect(chats.known.get('chat-1')).toBe(true);
    const pauses: number[] = [];
    for (let attempt = 0; attempt < 11; attempt++) {
      await chats.broadcaster.run();
      expect(chats.take()).toEqual([]);
      pauses.push((chats.broadcaster.nextAt() ?? 0) - Date.now());
      vi.setSystemTime(chats.broadcaster.nextAt() ?? 0);
      const again = chats.broadcaster.run();
      await chats.take1().fail();
      await again;
    }
    expect(pauses.slice(0, 4)).toEqual([1000, 2000, 4000, 8000]);
    expect(pauses.at(-1)).toBe(300_000);
    vi.setSystemTime(chats.broadcaster.nextAt() ?? 0);
    const last = chats.broadcaster.run();
    await chats.take1().answer('received');
    await last;
    expect(chats.known.get('chat-0')).toBe(true);
    expect(chats.timers.names()).toEqual([]);
  });

  test('forgets that a chat failed when there is nothing to report any more', async () => {
    const chats = new Chats(1);
    const run = chats.broadcaster.run();
    await chats.take1().fail();
    await run;
    chats.isPresent = false;
    vi.setSystemTime(Date.now() + 1000);
    await chats.broadcaster.run();
    expect([chats.take(), chats.timers.names(), chats.broadcaster.nextAt()]).toEqual([[], [], null]);
  });

  test('rests after 400 chats and leaves the others to the alarm, even behind chats that fail', async () => {
    const chats = new Chats(900);
    const stretch = async (fails: boolean) => {
      const run = chats.broadcaster.run();
      let calls = 0;
      for (let open = chats.take(); open.length > 0; open = chats.take()) {
        calls += open.length;
        for (const call of open) await (fails ? call.fail() : call.answer('received'));
      }
      await run;
      return calls;
    };
    expect(await stretch(true)).toBe(400);
    expect(chats.broadcaster.nextAt()).toBe(Date.now());
    expect(await stretch(false)).toBe(400);
    expect(await stretch(false)).toBe(100);
    expect(chats.broadcaster.nextAt()).toBe(Date.now() + 1000);
    vi.setSystemTime(Date.now() + 1000);
    expect(await stretch(false)).toBe(400);
    expect(chats.broadcaster.nextAt()).toBeNull();
  });

  test('is not delayed by threads that hang, which counts as a failure', async () => {
    const chats = new Chats(8);
    const run = chats.broadcaster.run();
    const hanging = chats.take();
    expect(hanging).toHaveLength(6);
    await vi.advanceTimersByTimeAsync(10_000);
    for (const call of chats.take()) await call.answer('received');
    await run;
    expect(chatsOf(hanging).map((chatId) => chats.timers.failures(`chat/${chatId}`))).toEqual([1, 1, 1, 1, 1, 1]);
    expect([...chats.known.values()].filter((known) => known === true)).toHaveLength(2);
    vi.setSystemTime(Date.now() + 60_000);
    // No second call to a chat while one is in flight, however late its answer is.
    await chats.broadcaster.run();
    expect(chats.take()).toEqual([]);
    for (const call of hanging) await call.answer('received');
    expect([...chats.known.values()].every((known) => known === true)).toBe(true);
    expect(chats.timers.names()).toEqual([]);
  });

  test('reports the newest state after a call during which it changed, never two at a time', async () => {
    const chats = new Chats(1);
    const run = chats.broadcaster.run();
    const first = chats.take1();
    chats.isPresent = false;
    void chats.broadcaster.run();
    expect(chats.take()).toEqual([]);
    await first.answer('received');
    const second = chats.take1();
    expect([first.isPresent, second.isPresent]).toEqual([true, false]);
    await second.answer('received');
    await run;
    expect(chats.known.get('chat-0')).toBe(false);
  });

  test('skips a chat whose state has changed back while it waited in the queue', async () => {
    const chats = new Chats(7);
    const run = chats.broadcaster.run();
    const open = chats.take();
    chats.known.set('chat-6', true);
    for (const call of open) await call.answer('received');
    await run;
    expect(chatsOf(chats.take())).toEqual([]);
  });

  test('forgets a chat that wants no further reports', async () => {
    const chats = new Chats(1);
    const run = chats.broadcaster.run();
    await chats.take1().answer('unwatched');
    await run;
    expect([...chats.known.keys()]).toEqual([]);
  });

  test('ignores the result of a call during which the thread called itself', async () => {
    const chats = new Chats(1);
    const run = chats.broadcaster.run();
    const stale = chats.take1();
    chats.known.set('chat-0', null);
    chats.broadcaster.invalidate('chat-0');
    await stale.answer('unwatched');
    expect(chats.known.get('chat-0')).toBeNull();
    await chats.take1().answer('received');
    await run;
    expect(chats.known.get('chat-0')).toBe(true);
  });
});
