import { afterEach, expect, test, vi } from 'vitest';
import { newChatId, passSeconds, User } from '../../support/worker/user.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** Whether the user takes this chat, of at most `capacity`. */
async function takes(user: User, chat_id: string, capacity: number): Promise<boolean> {
  const place = { owner: user.owner, chat_id };
  return (await user.stub.presence({ v: 1, capacity, place })).is_full === false;
}

async function isFull(user: User, capacity: number): Promise<boolean | undefined> {
  return (await user.stub.presence({ v: 1, capacity })).is_full;
}

test('only one of two chats gets the last place', async () => {
  const user = await User.create();
  const chats = [newChatId(), newChatId(), newChatId()];
  const taken = await Promise.all(chats.map((chatId) => takes(user, chatId, 2)));
  expect(taken).toEqual([true, true, false]);
  expect([await isFull(user, 2), await isFull(user, 3)]).toEqual([true, false]);
});

test('a capacity of none takes nothing, and a request without a capacity says nothing', async () => {
  const user = await User.create();
  expect(await takes(user, newChatId(), 0)).toBe(false);
  expect(await user.stub.presence({ v: 1 })).toEqual({ is_present: false, current_chat_count: 0 });
});

test('a place is kept once for a chat, through a restart, and becomes the chat that watches', async () => {
  const user = await User.create();
  const [one, other] = [newChatId(), newChatId()];
  expect([await takes(user, one, 1), await takes(user, one, 1)]).toEqual([true, true]);
  await user.evict();
  expect([await takes(user, other, 1), await takes(user, one, 1)]).toEqual([false, true]);
  await user.watch(one, true);
  expect(await user.rows('SELECT chat_id FROM places')).toEqual([]);
  expect([await takes(user, other, 1), await takes(user, one, 1)]).toEqual([false, true]);
  expect((await user.stub.presence({ v: 1 })).current_chat_count).toBe(1);
  await user.stub.unwatch({ v: 1, chat_id: one });
  expect(await takes(user, other, 1)).toBe(true);
});

test('a place that is given back, or not used for half a minute, is free again', async () => {
  const user = await User.create();
  const [one, other, third] = [newChatId(), newChatId(), newChatId()];
  await takes(user, one, 1);
  await user.stub.givePlaceBack({ v: 1, chat_id: one });
  expect(await takes(user, other, 1)).toBe(true);
  passSeconds(29);
  expect(await takes(user, third, 1)).toBe(false);
  passSeconds(1);
  expect(await takes(user, third, 1)).toBe(true);
  expect(await user.rows('SELECT chat_id FROM places')).toEqual([{ chat_id: third }]);
});

test('giving back a place to nobody makes nothing', async () => {
  const user = await User.create();
  await user.stub.givePlaceBack({ v: 1, chat_id: newChatId() });
  expect(await user.rows("SELECT name FROM sqlite_master WHERE name = 'owner'")).toEqual([]);
});
