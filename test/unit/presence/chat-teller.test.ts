import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { PresenceBroadcaster, type TellResult } from '../../../src/presence/chat-teller.ts';
import { timersInMemory } from '../platform/timers-in-memory.ts';

type Call = {
  chatId: string;
  isPresent: boolean;
  answer: (told: TellResult) => Promise<void>;
  fail: () => Promise<void>;
};

/** Rows of a user in memory, and threads that answer when the test says so. */
class Chats {
  readonly told = new Map<string, boolean | null>();
  readonly calls: Call[] = [];
  readonly timers = timersInMemory();
  isPresent = true;
  readonly teller: PresenceBroadcaster;

  constructor(count: number) {
    for (let place = 0; place < count; place++) this.told.set(`chat-${place}`, false);
    this.teller = new PresenceBroadcaster({
      untold: (limit) => [...this.told.keys()].filter((chatId) => this.isUntold(chatId)).slice(0, limit),
      isUntold: (chatId) => this.isUntold(chatId),
      isPresent: () => this.isPresent,
      tell: (chatId, isPresent) => {
        const { promise, resolve, reject } = Promise.withResolvers<TellResult>();
        const settled = (act: () => void) => async () => {
          act();
          await vi.advanceTimersByTimeAsync(0);
        };
        this.calls.push({
          chatId,
          isPresent,
          answer: (told) => settled(() => resolve(told))(),
          fail: settled(() => reject(new Error('the thread is away'))),
        });
        return promise;
      },
      settle: (chatId, isPresent, told) => {
        if (told === 'unwatched') this.told.delete(chatId);
        else if (this.told.has(chatId)) this.told.set(chatId, isPresent);
      },
      timers: this.timers,
      now: () => Date.now(),
    });
  }

  isUntold(chatId: string): boolean {
    const told = this.told.get(chatId);
    return told !== undefined && told !== this.isPresent;
  }

  /** The calls that were made, without those that were looked at before. */
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

describe('the teller', () => {
  test('tells six chats at a time, all of them in the end, and then rests', async () => {
    const chats = new Chats(20);
    const run = chats.teller.run();
    const seen = new Set<string>();
    let most = 0;
    for (let open = chats.take(); open.length > 0; open = chats.take()) {
      most = Math.max(most, open.length);
      for (const call of open) {
        seen.add(call.chatId);
        await call.answer('told');
      }
    }
    await run;
    expect([most, seen.size]).toEqual([6, 20]);
    expect([...chats.told.values()].every((told) => told === true)).toBe(true);
    expect(chats.teller.nextAt()).toBeNull();
    await chats.teller.run();
    expect(chats.take()).toEqual([]);
  });

  test('tells a failing chat again after 1 s, 2 s, 4 s … 5 min, and the others at once', async () => {
    const chats = new Chats(2);
    const run = chats.teller.run();
    const [bad, good] = chats.take();
    await good?.answer('told');
    await bad?.fail();
    await run;
    expect(chats.told.get('chat-1')).toBe(true);
    const pauses: number[] = [];
    for (let attempt = 0; attempt < 11; attempt++) {
      await chats.teller.run();
      expect(chats.take()).toEqual([]);
      pauses.push((chats.teller.nextAt() ?? 0) - Date.now());
      vi.setSystemTime(chats.teller.nextAt() ?? 0);
      const again = chats.teller.run();
      await chats.take1().fail();
      await again;
    }
    expect(pauses.slice(0, 4)).toEqual([1000, 2000, 4000, 8000]);
    expect(pauses.at(-1)).toBe(300_000);
    vi.setSystemTime(chats.teller.nextAt() ?? 0);
    const last = chats.teller.run();
    await chats.take1().answer('told');
    await last;
    expect(chats.told.get('chat-0')).toBe(true);
    expect(chats.timers.names()).toEqual([]);
  });

  test('forgets that a chat failed when there is nothing to tell it any more', async () => {
    const chats = new Chats(1);
    const run = chats.teller.run();
    await chats.take1().fail();
    await run;
    chats.isPresent = false;
    vi.setSystemTime(Date.now() + 1000);
    await chats.teller.run();
    expect([chats.take(), chats.timers.names(), chats.teller.nextAt()]).toEqual([[], [], null]);
  });

  test('rests after 400 chats and leaves the others to the alarm, also behind chats that fail', async () => {
    const chats = new Chats(900);
    const stretch = async (fails: boolean) => {
      const run = chats.teller.run();
      let calls = 0;
      for (let open = chats.take(); open.length > 0; open = chats.take()) {
        calls += open.length;
        for (const call of open) await (fails ? call.fail() : call.answer('told'));
      }
      await run;
      return calls;
    };
    expect(await stretch(true)).toBe(400);
    expect(chats.teller.nextAt()).toBe(Date.now());
    expect(await stretch(false)).toBe(400);
    expect(await stretch(false)).toBe(100);
    expect(chats.teller.nextAt()).toBe(Date.now() + 1000);
    vi.setSystemTime(Date.now() + 1000);
    expect(await stretch(false)).toBe(400);
    expect(chats.teller.nextAt()).toBeNull();
  });

  test('is not held up by threads that hang, which is a failure of theirs', async () => {
    const chats = new Chats(8);
    const run = chats.teller.run();
    const hanging = chats.take();
    expect(hanging).toHaveLength(6);
    await vi.advanceTimersByTimeAsync(10_000);
    for (const call of chats.take()) await call.answer('told');
    await run;
    expect(chatsOf(hanging).map((chatId) => chats.timers.failures(`chat/${chatId}`))).toEqual([1, 1, 1, 1, 1, 1]);
    expect([...chats.told.values()].filter((told) => told === true)).toHaveLength(2);
    vi.setSystemTime(Date.now() + 60_000);
    // No second call to a chat of which one is still under way, however late its answer comes.
    await chats.teller.run();
    expect(chats.take()).toEqual([]);
    for (const call of hanging) await call.answer('told');
    expect([...chats.told.values()].every((told) => told === true)).toBe(true);
    expect(chats.timers.names()).toEqual([]);
  });

  test('tells the newest state after a call during which it changed, never two at a time', async () => {
    const chats = new Chats(1);
    const run = chats.teller.run();
    const first = chats.take1();
    chats.isPresent = false;
    void chats.teller.run();
    expect(chats.take()).toEqual([]);
    await first.answer('told');
    const second = chats.take1();
    expect([first.isPresent, second.isPresent]).toEqual([true, false]);
    await second.answer('told');
    await run;
    expect(chats.told.get('chat-0')).toBe(false);
  });

  test('skips what has changed back while it waited in the queue', async () => {
    const chats = new Chats(7);
    const run = chats.teller.run();
    const open = chats.take();
    chats.told.set('chat-6', true);
    for (const call of open) await call.answer('told');
    await run;
    expect(chatsOf(chats.take())).toEqual([]);
  });

  test('forgets a chat that wants to hear no more', async () => {
    const chats = new Chats(1);
    const run = chats.teller.run();
    await chats.take1().answer('unwatched');
    await run;
    expect([...chats.told.keys()]).toEqual([]);
  });

  test('does not trust a call during which the thread spoke for itself', async () => {
    const chats = new Chats(1);
    const run = chats.teller.run();
    const stale = chats.take1();
    chats.told.set('chat-0', null);
    chats.teller.disown('chat-0');
    await stale.answer('unwatched');
    expect(chats.told.get('chat-0')).toBeNull();
    await chats.take1().answer('told');
    await run;
    expect(chats.told.get('chat-0')).toBe(true);
  });
});
