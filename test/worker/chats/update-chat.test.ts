import { beforeAll, describe, expect, it } from 'vitest';
import { ask, Desk, type Json, TIME, unique } from '../umi/desk.ts';
import { CHAT_KEYS, keysOf } from './documented-keys.ts';

let desk: Desk;

beforeAll(async () => {
  desk = await Desk.open();
});

async function joinedChat(): Promise<{ thread: string; chatId: string }> {
  const thread = unique('thread');
  const { chatId } = await desk.say(thread, 'help');
  await desk.join(desk.agent, chatId);
  return { thread, chatId };
}

const update = (method: string, chatId: string, body: unknown, person = desk.agent) =>
  ask(person, method, `/users/${person.user_id}/chats/${chatId}`, body);

describe.each(['PUT', 'PATCH'])('%s of a chat', (method) => {
  it('ends it, and a second time changes nothing', async () => {
    const { thread, chatId } = await joinedChat();
    const answer = await update(method, chatId, { is_ended: true });
    expect(answer.status).toBe(200);
    expect(keysOf(answer.json)).toEqual(CHAT_KEYS);
    expect(answer.json).toMatchObject({
      id: chatId,
      is_ended: true,
      ended_at: TIME,
      is_waiting: false,
      is_pending: false,
      present_participant_count: 0,
      duration: 0,
      active_duration: 0,
    });
    const again = await update(method, chatId, { is_ended: true });
    expect([again.status, again.json]).toEqual([200, answer.json]);
    expect(await desk.chat(chatId)).toEqual(answer.json);
    expect((await desk.close(thread)).json['message']).toBe('Chat session was already closed');
    expect((await desk.say(thread, 'again')).json['is_new_session']).toBe(true);
    expect((await update(method, chatId, { is_ended: true })).json).toEqual(answer.json);
  });

  it('ends its waiting', async () => {
    const { thread, chatId } = await joinedChat();
    const before = await desk.chat(chatId);
    const answer = await update(method, chatId, { is_waiting: false });
    expect([answer.status, answer.json]).toMatchObject([
      200,
      { is_waiting: false, is_ended: false, waiting_started_at: before['waiting_started_at'] },
    ]);
    const again = await update(method, chatId, { is_waiting: false });
    expect([again.status, again.json]).toEqual([200, answer.json]);
    await desk.say(thread, 'and now?');
    expect((await desk.chat(chatId))['is_waiting']).toBe(true);
    const both = await update(method, chatId, { is_waiting: false, is_ended: true, room_name: 'ignored' });
    expect(both.json).toMatchObject({ is_waiting: false, is_ended: true, room_name: 'Support' });
  });

  it.each<[Json, string]>([
    [{}, 'is_ended'],
    [{ is_ended: false }, 'is_ended'],
    [{ is_ended: 'true' }, 'is_ended'],
    [{ is_ended: null }, 'is_ended'],
    [{ is_waiting: true }, 'is_waiting'],
    [{ is_waiting: 0 }, 'is_waiting'],
  ])('refuses %j', async (body, field) => {
    const { chatId } = await joinedChat();
    const before = await desk.chat(chatId);
    const answer = await update(method, chatId, body);
    expect([answer.status, answer.json]).toEqual([400, { [field]: [expect.any(String)] }]);
    expect(await desk.chat(chatId)).toEqual(before);
  });

  it('refuses to end the waiting of an ended chat', async () => {
    const { thread, chatId } = await joinedChat();
    await desk.close(thread);
    const answer = await update(method, chatId, { is_waiting: false });
    expect([answer.status, answer.json]).toEqual([400, { is_waiting: ['The chat has already been ended.'] }]);
  });

  it('is 404 for whoever is no member, and for chats that are not there', async () => {
    const { chatId } = await joinedChat();
    const other = await Desk.open();
    const foreign = (await other.say(unique('thread'), 'help')).chatId;
    expect((await update(method, chatId, { is_ended: true }, desk.bot)).status).toBe(404);
    for (const id of [foreign, crypto.randomUUID(), '0190a000-0000-7000-8000-00000000dead', 'nonsense']) {
      const answer = await update(method, id, { is_ended: true });
      expect([answer.status, answer.json]).toEqual([404, { detail: expect.any(String) }]);
    }
    expect((await desk.chat(chatId))['is_ended']).toBe(false);
    expect((await other.chat(foreign))['is_ended']).toBe(false);
  });
});
