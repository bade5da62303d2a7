import { afterEach, describe, expect, test, vi } from 'vitest';
import type { ChangePresence } from '../../../src/domain/commands.ts';
import { eventually } from '../../support/eventually.ts';
import { type Ring, testAlarm } from '../../support/worker/alarm.ts';
import { newChatId, passSeconds, UNWATCHED, User, WATCHED } from '../../support/worker/user.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** A present user with one client of 60 s, watched by `chats` chats that know of the presence. */
async function presentUser(chats: number, ring?: Ring): Promise<{ user: User; clientId: string; chatIds: string[] }> {
  const user = await User.create(ring);
  const clientId = await user.addClient(60);
  const chatIds = Array.from({ length: chats }, newChatId);
  for (const chatId of chatIds) expect(await user.watch(chatId, true)).toEqual({ is_present: true });
  expect(user.takeTold()).toEqual([]);
  return { user, clientId, chatIds };
}

/** Whether only the weekly check is scheduled. */
const ringsLater = async (user: User) => ((await user.alarmAt()) ?? 0) > Date.now() + 6 * 24 * 3_600_000;

const refused = (reason: 'chat_not_found' | 'thread_not_found' | 'thread_full' | 'newer_version') => ({
  ok: false as const,
  refusal: { reason },
});

describe('chats that watch a user', () => {
  testAlarm('are notified 30 s after the presence expired, and at once when the user returns', async (ring) => {
    const { user, clientId, chatIds } = await presentUser(1, ring);
    const [chat_id = ''] = chatIds;
    expect(await user.alarmAt()).toBeLessThanOrEqual(Date.now() + 90_000);
    passSeconds(89);
    await user.ring();
    expect(user.takeTold()).toEqual([]);
    expect(await user.isPresent()).toBe(false);
    passSeconds(1);
    await user.ring();
    expect(user.takeTold()).toEqual([{ chat_id, is_present: false }]);
    await user.ring();
    expect(user.takeTold()).toEqual([]);
    await user.renew(clientId, 60);
    expect(user.takeTold()).toEqual([{ chat_id, is_present: true }]);
    // Renewing the client of a present user changes nothing for the chats.
    await user.renew(clientId, 60);
    expect(user.takeTold()).toEqual([]);
  });

  test('are notified by an alarm that rings by itself', async () => {
    const user = await User.create();
    const chat_id = newChatId();
    let isAway = true;
    user.answer = () => {
      if (isAway) throw new Error('network connection lost');
      return WATCHED;
    };
    await user.watch(chat_id, true);
    await eventually(() => expect(user.takeTold()).toEqual([{ chat_id, is_present: false }]));
    isAway = false;
    await eventually(() => expect(user.told).toEqual([{ chat_id, is_present: false }]));
  });

  testAlarm('are not notified while another client is signed on', async (ring) => {
    const { user, chatIds } = await presentUser(1, ring);
    await user.addClient(90);
    passSeconds(91);
    await user.ring();
    expect(user.takeTold()).toEqual([]);
    expect(await user.alarmAt()).toBeLessThanOrEqual(Date.now() + 30_000);
    passSeconds(30);
    await user.ring();
    expect(user.takeTold()).toEqual([{ chat_id: chatIds[0], is_present: false }]);
  });

  test('are corrected when they know an outdated presence', async () => {
    const user = await User.create();
    const [one, other] = [newChatId(), newChatId()];
    expect(await user.watch(one, true)).toEqual({ is_present: false });
    await eventually(() => expect(user.takeTold()).toEqual([{ chat_id: one, is_present: false }]));
    await user.addClient(60);
    expect(user.takeTold()).toEqual([{ chat_id: one, is_present: true }]);
    expect(await user.watch(other, false)).toEqual({ is_present: true });
    await eventually(() => expect(user.takeTold()).toEqual([{ chat_id: other, is_present: true }]));
  });

  testAlarm('are notified once more when a watch arrives during a report', async (ring) => {
    const { user, chatIds } = await presentUser(1, ring);
    const [chat_id = ''] = chatIds;
    let isReleased = false;
    user.answer = async () => {
      while (!isReleased) await scheduler.wait(5);
      return UNWATCHED;
    };
    passSeconds(91);
    const ringing = user.ring();
    await eventually(() => expect(user.takeTold()).toHaveLength(1));
    // The user joins again while the chat still answers that they are no member.
    user.answer = () => WATCHED;
    await user.watch(chat_id, false);
    isReleased = true;
    await ringing;
    await eventually(() => expect(user.takeTold()).toEqual([{ chat_id, is_present: false }]));
    expect(await user.stub.presence({ v: 1 })).toEqual({ is_present: false, current_chat_count: 1 });
  });

  testAlarm('are notified until they stop watching', async (ring) => {
    const { user, chatIds } = await presentUser(3, ring);
    const [first = '', second = ''] = chatIds;
    expect(await user.stub.presence({ v: 1 })).toEqual({ is_present: true, current_chat_count: 3 });
    await user.watch(first, true);
    await user.stub.unwatch({ v: 1, chat_id: second });
    await user.stub.unwatch({ v: 1, chat_id: newChatId() });
    expect(await user.stub.presence({ v: 1 })).toEqual({ is_present: true, current_chat_count: 2 });
    passSeconds(91);
    await user.ring();
    expect(user.takeTold().map(({ chat_id }) => chat_id)).not.toContain(second);
  });

  for (const [name, answer] of [
    ['is_watched false', UNWATCHED],
    ['chat_not_found', refused('chat_not_found')],
    ['thread_not_found', refused('thread_not_found')],
  ] as const) {
    testAlarm(`are dropped when they answer ${name}`, async (ring) => {
      const { user } = await presentUser(1, ring);
      user.answer = () => answer;
      passSeconds(91);
      await user.ring();
      expect(user.takeTold()).toHaveLength(1);
      expect(await user.stub.presence({ v: 1 })).toEqual({ is_present: false, current_chat_count: 0 });
      await eventually(async () => expect((await user.copy()).current_chat_count).toBe(0));
    });
  }

  test('with impossible ids are dropped without a call', async () => {
    const user = await User.create();
    await user.watch(crypto.randomUUID(), true);
    await eventually(async () => expect((await user.stub.presence({ v: 1 })).current_chat_count).toBe(0));
    expect(user.told).toEqual([]);
  });

  testAlarm('are notified again until they accept the report, each on its own', async (ring) => {
    const { user, chatIds } = await presentUser(20, ring);
    const [bad = '', full = ''] = chatIds;
    let isAway = true;
    user.answer = async ({ chat_id }: ChangePresence) => {
      if (isAway && chat_id === bad) throw new Error('network connection lost');
      return isAway && chat_id === full ? refused('thread_full') : WATCHED;
    };
    passSeconds(91);
    await user.ring();
    expect(user.takeTold()).toHaveLength(20);
    const outdated = async () =>
      (await user.rows<{ chat_id: string }>('SELECT chat_id FROM chats WHERE told = 1')).length;
    expect(await outdated()).toBe(2);
    // Each chat has its own wait, of at least half the time.
    for (const pause of [1, 2, 4]) {
      const retryAt = (await user.alarmAt()) ?? 0;
      expect(retryAt - Date.now()).toBeGreaterThanOrEqual(pause * 500);
      expect(retryAt - Date.now()).toBeLessThanOrEqual(pause * 1000);
      passSeconds(pause);
      await user.ring();
      expect(user.takeTold().map(({ chat_id }) => chat_id)).toEqual([bad, full].sort());
    }
    isAway = false;
    passSeconds(8);
    await user.ring();
    expect(user.takeTold()).toHaveLength(2);
    expect([await outdated(), await ringsLater(user)]).toEqual([0, true]);
  });

  testAlarm('are called six at a time', async (ring) => {
    const { user, chatIds } = await presentUser(50, ring);
    user.answer = async () => {
      await scheduler.wait(5);
      return WATCHED;
    };
    passSeconds(91);
    await user.ring();
    expect(user.mostCalls).toBe(6);
    expect(user.told.map(({ chat_id }) => chat_id).sort()).toEqual([...chatIds].sort());
    expect(await ringsLater(user)).toBe(true);
  });

  testAlarm('are notified 400 at a time when there are many, the others with the next alarms', async (ring) => {
    const { user } = await presentUser(0, ring);
    await user.inside((_, state) => {
      for (let chat = 0; chat < 1000; chat++) {
        state.storage.sql.exec('INSERT INTO chats (chat_id, told) VALUES (?, 1)', newChatId());
      }
    });
    passSeconds(91);
    const told: number[] = [];
    for (let round = 0; round < 3; round++) {
      await user.ring();
      told.push(user.takeTold().length);
      if (round < 2) expect(await user.alarmAt()).toBe(Date.now() + 1000);
    }
    expect(told).toEqual([400, 400, 200]);
    expect(await user.stub.presence({ v: 1 })).toEqual({ is_present: false, current_chat_count: 1000 });
    expect(await ringsLater(user)).toBe(true);
  });

  testAlarm(
    'are asked once a week whether they still watch, even if the user’s presence does not change',
    async (ring) => {
      const user = await User.create(ring);
      await user.addClient(30 * 24 * 3600);
      const [kept = '', lost = ''] = [newChatId(), newChatId()];
      await user.watch(kept, true);
      await user.watch(lost, true);
      passSeconds(7 * 24 * 3600 - 60);
      await user.ring();
      expect(user.takeTold()).toEqual([]);
      passSeconds(60);
      user.answer = ({ chat_id }) => (chat_id === lost ? UNWATCHED : WATCHED);
      await user.ring();
      expect(user.takeTold().map(({ chat_id }) => chat_id)).toEqual([kept, lost].sort());
      expect(await user.stub.presence({ v: 1 })).toEqual({ is_present: true, current_chat_count: 1 });
      await eventually(async () => expect((await user.copy()).current_chat_count).toBe(1));
      await user.ring();
      expect(user.takeTold()).toEqual([]);
    },
  );

  testAlarm('are notified although the object crashes before it has reported to them', async (ring) => {
    const { user, clientId, chatIds } = await presentUser(2, ring);
    passSeconds(91);
    await user.ring();
    expect(user.takeTold()).toHaveLength(2);
    user.answer = async () => {
      await scheduler.wait(20);
      user.crash();
      throw new Error('crash');
    };
    const outcome = await user.renew(clientId, 60).then(
      () => 'answered',
      (error: unknown) => String(error),
    );
    expect(outcome).toContain('crash');
    user.takeTold();
    user.answer = () => WATCHED;
    await user.meet();
    expect(await user.isPresent()).toBe(true);
    expect(await user.alarmAt()).toBeLessThanOrEqual(Date.now() + 30_000);
    await user.ring();
    const told = user.takeTold().map(({ chat_id, is_present }) => `${chat_id} ${is_present}`);
    expect(told.sort()).toEqual(chatIds.map((chatId) => `${chatId} true`).sort());
  });

  testAlarm('are notified although the object crashes before it has stored their answers', async (ring) => {
    const { user, chatIds } = await presentUser(3, ring);
    passSeconds(91);
    user.answer = async () => {
      user.crash();
      return WATCHED;
    };
    await user.ring().catch(() => false);
    expect(user.takeTold().length).toBeGreaterThan(0);
    user.answer = () => WATCHED;
    await user.meet();
    await user.ring();
    expect(new Set(user.takeTold().map(({ chat_id }) => chat_id))).toEqual(new Set(chatIds));
    expect(await user.rows('SELECT chat_id FROM chats WHERE told IS NOT 0')).toEqual([]);
  });

  testAlarm('are still watched after an eviction', async (ring) => {
    const { user, chatIds } = await presentUser(1, ring);
    await user.evict();
    expect(await user.alarmAt()).not.toBeNull();
    passSeconds(91);
    await user.ring();
    expect(user.takeTold()).toEqual([{ chat_id: chatIds[0], is_present: false }]);
  });
});
