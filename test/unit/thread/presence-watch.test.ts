import { describe, expect, test } from 'vitest';
import type { ChatState, ThreadState } from '../../../src/domain/state.ts';
import type { ChatFacts } from '../../../src/resources/chat.ts';
import type { MemberFacts } from '../../../src/resources/membership.ts';
import { followedChat, PresenceWatch } from '../../../src/thread/presence-watch.ts';
import { timersInMemory } from '../../support/timers-in-memory.ts';

type Person = Partial<MemberFacts> & { member_id: string };

function chatOf(people: Person[], chat: Partial<ChatFacts> = {}): ChatState {
  const members = people.map((person) => {
    const facts = { member_type: 'user', organization_id: 'o', is_participating: true, is_present: true, ...person };
    return [person.member_id, { seq: 1, facts: facts as MemberFacts }] as const;
  });
  return {
    facts: { id: 'chat', ended_at: null, ...chat } as ChatFacts,
    members: new Map(members),
  } as unknown as ChatState;
}

/** A watch whose calls are answered by the test. */
class Bench {
  now = 1000;
  chat: ChatState | null = null;
  readonly calls: string[] = [];
  readonly owners: string[] = [];
  readonly failures: unknown[] = [];
  readonly #open: { resolve: (answer: { is_present: boolean }) => void; reject: (error: Error) => void }[] = [];
  /** Rows, which survive the watch. */
  readonly rows = new Map<string, string>();
  readonly timers = timersInMemory(() => this.now);
  isEndable = true;
  watch = this.restarted();

  restarted(): PresenceWatch {
    return new PresenceWatch({
      watch: ({ user_id, organization_id, chat_id, is_present }) => {
        this.owners.push(organization_id);
        this.calls.push(`watch ${user_id} ${chat_id} ${is_present}`);
        return new Promise((resolve, reject) => this.#open.push({ resolve, reject }));
      },
      unwatch: async (userId, chatId) => {
        this.calls.push(`unwatch ${userId} ${chatId}`);
        if (!this.isEndable) throw new Error('away');
      },
      read: () => new Map(this.rows),
      write: (userId, chatId) => this.rows.set(userId, chatId),
      delete: (userId) => this.rows.delete(userId),
      recorded: (userId, chatId) =>
        this.chat?.facts.id === chatId ? (this.chat.members.get(userId)?.facts.is_present ?? null) : null,
      correct: async (userId, chatId, isPresent) => void this.calls.push(`correct ${userId} ${chatId} ${isPresent}`),
      timers: this.timers,
      background: () => {},
      failed: (error) => this.failures.push(error),
    });
  }

  follow(chat: ChatState | null, before: ChatState | null = null): void {
    this.chat = chat;
    this.watch.follow(chat, before);
  }

  /** Answers the oldest call to a user's object. */
  async answer(answer: boolean | Error): Promise<void> {
    for (let turn = 0; turn < 10 && this.#open.length === 0; turn++) await Promise.resolve();
    const call = this.#open.shift();
    if (call === undefined) throw new Error('nobody was asked');
    if (answer instanceof Error) call.reject(answer);
    else call.resolve({ is_present: answer });
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  }
}

describe('the presence watch', () => {
  test('is started for each participating member of the open chat, once', async () => {
    const bench = new Bench();
    const chat = chatOf([{ member_id: 'a' }, { member_id: 'b', is_participating: false }]);
    bench.follow(chat);
    bench.follow(chat);
    expect(bench.watch.isSettled(chat)).toBe(false);
    await bench.answer(true);
    bench.follow(chat);
    expect(bench.calls).toEqual(['watch a chat true']);
    expect(bench.watch.isSettled(chat)).toBe(true);
  });

  test('is started for a visitor, with the chat’s organization, but not for a channel’s', async () => {
    const visitor = { member_id: 'v', member_type: 'visitor' as const, organization_id: null };
    const chat = chatOf([{ member_id: 'a' }, visitor], { organization_id: 'room owner' });
    const stateOf = (channel_id: string | null) =>
      ({ thread: { channel_id, current_chat_id: 'chat' }, chats: new Map([['chat', chat]]) }) as unknown as ThreadState;
    const own = new Bench();
    own.follow(followedChat(stateOf(null)));
    await own.answer(true);
    await own.answer(true);
    expect(own.calls).toEqual(['watch a chat true', 'watch v chat true']);
    expect(own.owners).toEqual(['o', 'room owner']);
    const channels = new Bench();
    channels.follow(followedChat(stateOf('channel')));
    await channels.answer(true);
    expect(channels.calls).toEqual(['watch a chat true']);
  });

  test('ends when the user leaves, when the chat ends and when another chat follows it', async () => {
    const bench = new Bench();
    bench.follow(chatOf([{ member_id: 'a' }, { member_id: 'b' }]));
    await bench.answer(true);
    await bench.answer(true);
    bench.follow(chatOf([{ member_id: 'a' }, { member_id: 'b', is_participating: false }]));
    expect(bench.calls.slice(2)).toEqual(['unwatch b chat']);
    bench.follow(chatOf([{ member_id: 'a' }], { id: 'next' }));
    await bench.answer(true);
    expect(bench.calls.slice(3)).toEqual(['unwatch a chat', 'watch a next true']);
    bench.follow(null);
    expect(bench.calls.slice(5)).toEqual(['unwatch a next']);
    await settle();
    expect(bench.watch.isSettled(null)).toBe(true);
    expect(bench.rows.size).toBe(0);
  });

  test('that an earlier instance began ends too, once', async () => {
    const bench = new Bench();
    const before = chatOf([{ member_id: 'a' }, { member_id: 'b' }]);
    bench.follow(chatOf([{ member_id: 'a' }, { member_id: 'b', is_participating: false }]), before);
    await Promise.resolve();
    expect(bench.calls).toEqual(['unwatch b chat', 'watch a chat true']);
    // A watch that is being started ends with its answer.
    bench.follow(null, chatOf([{ member_id: 'a' }]));
    expect(bench.calls).toHaveLength(2);
    await bench.answer(true);
    expect(bench.calls.slice(2)).toEqual(['unwatch a chat']);
  });

  test('of a user who left before the answer ends with the answer', async () => {
    const bench = new Bench();
    bench.follow(chatOf([{ member_id: 'a' }]));
    bench.follow(chatOf([{ member_id: 'a', is_participating: false }]));
    await bench.answer(false);
    expect(bench.calls).toEqual(['watch a chat true', 'unwatch a chat']);
  });

  test('corrects a presence that was recorded wrongly, unless the user’s object has reported meanwhile', async () => {
    const bench = new Bench();
    bench.follow(chatOf([{ member_id: 'a', is_present: true }]));
    await bench.answer(false);
    expect(bench.calls.at(-1)).toBe('correct a chat false');

    const told = new Bench();
    told.follow(chatOf([{ member_id: 'a', is_present: false }]));
    told.watch.noteReport('a');
    told.chat = chatOf([{ member_id: 'a', is_present: true }]);
    await told.answer(false);
    expect(told.calls).toEqual(['watch a chat false']);
  });

  test('that is confirmed is known to the next instance, which starts only what is missing', async () => {
    const bench = new Bench();
    bench.follow(chatOf([{ member_id: 'a' }]));
    await bench.answer(true);
    const both = chatOf([{ member_id: 'a' }, { member_id: 'b' }]);
    bench.watch = bench.restarted();
    bench.follow(both);
    await bench.answer(true);
    expect(bench.calls).toEqual(['watch a chat true', 'watch b chat true']);
    bench.watch = bench.restarted();
    expect(bench.watch.isSettled(both)).toBe(true);
    bench.follow(null);
    await settle();
    expect(bench.calls.slice(2).sort()).toEqual(['unwatch a chat', 'unwatch b chat']);
  });

  test('that could not be ended is ended later, even by the next instance', async () => {
    const bench = new Bench();
    bench.follow(chatOf([{ member_id: 'a' }]));
    await bench.answer(true);
    bench.isEndable = false;
    bench.follow(null);
    await settle();
    expect(bench.watch.isSettled(null)).toBe(false);
    expect(bench.timers.next()).toBe(bench.now + 30_000);
    bench.isEndable = true;
    bench.watch = bench.restarted();
    bench.follow(null);
    await settle();
    expect(bench.calls).toEqual(['watch a chat true', 'unwatch a chat', 'unwatch a chat']);
    expect(bench.rows.size).toBe(0);
  });

  test('of a user who returns while it is being ended is started again', async () => {
    const bench = new Bench();
    const chat = chatOf([{ member_id: 'a' }]);
    bench.follow(chat);
    await bench.answer(true);
    bench.follow(null);
    bench.follow(chat);
    await bench.answer(true);
    expect(bench.calls).toEqual(['watch a chat true', 'unwatch a chat', 'watch a chat true']);
    expect(bench.watch.isSettled(chat)).toBe(true);
  });

  test('that fails is tried again at growing intervals of up to five minutes, by new instances too', async () => {
    const bench = new Bench();
    const chat = chatOf([{ member_id: 'a' }, { member_id: 'b' }]);
    const pauses: number[] = [];
    for (let failure = 0; failure < 6; failure++) {
      bench.watch = bench.restarted();
      bench.follow(chat);
      await bench.answer(new Error('away'));
      await bench.answer(new Error('away'));
      pauses.push((bench.timers.next() ?? 0) - bench.now);
      bench.now = bench.timers.next() ?? 0;
    }
    expect(pauses).toEqual([30_000, 60_000, 120_000, 240_000, 300_000, 300_000]);
    expect(bench.failures).toHaveLength(12);
    bench.follow(chat);
    await bench.answer(true);
    await bench.answer(true);
    bench.follow(chat);
    expect(bench.watch.isSettled(chat)).toBe(true);
    expect(bench.timers.next()).toBeNull();
  });
});

/** Lets calls that are answered at once finish. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}
