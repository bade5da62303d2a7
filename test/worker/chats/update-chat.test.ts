import { beforeAll, describe, expect, it } from 'vitest';
import { CHAT_KEYS, keysOf } from '../../support/worker/chat-keys.ts';
import { ask, type Json, TestOrganization, TIME, unique } from '../../support/worker/organization.ts';

let org: TestOrganization;

beforeAll(async () => {
  org = await TestOrganization.open();
});

async function joinedChat(): Promise<{ thread: string; chatId: string }> {
  const thread = unique('thread');
  const { chatId } = await org.say(thread, 'help');
  await org.join(org.agent, chatId);
  return { thread, chatId };
}

const update = (method: string, chatId: string, body: unknown, person = org.agent) =>
  ask(person, method, `/users/${person.user_id}/chats/${chatId}`, body);

describe.each(['PUT', 'PATCH'])('%s of a chat', (method) => {
  it('ends it, and changes nothing the second time', async () => {
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
    expect(await org.chat(chatId)).toEqual(answer.json);
    expect((await org.close(thread)).json['message']).toBe('Chat session was already closed');
    expect((await org.say(thread, 'again')).json['is_new_session']).toBe(true);
    expect((await update(method, chatId, { is_ended: true })).json).toEqual(answer.json);
  });

  it('ends its waiting', async () => {
    const { thread, chatId } = await joinedChat();
    const before = await org.chat(chatId);
    const answer = await update(method, chatId, { is_waiting: false });
    expect([answer.status, answer.json]).toMatchObject([
      200,
      { is_waiting: false, is_ended: false, waiting_started_at: before['waiting_started_at'] },
    ]);
    const again = await update(method, chatId, { is_waiting: false });
    expect([again.status, again.json]).toEqual([200, answer.json]);
    await org.say(thread, 'and now?');
    expect((await org.chat(chatId))['is_waiting']).toBe(true);
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
    const before = await org.chat(chatId);
    const answer = await update(method, chatId, body);
    expect([answer.status, answer.json]).toEqual([400, { [field]: [expect.any(String)] }]);
    expect(await org.chat(chatId)).toEqual(before);
  });

  it('refuses to end the waiting of an ended chat', async () => {
    const { thread, chatId } = await joinedChat();
    await org.close(thread);
    const answer = await update(method, chatId, { is_waiting: false });
    expect([answer.status, answer.json]).toEqual([400, { is_waiting: ['The chat has already been ended.'] }]);
  });

  it('is 404 for a user who is not a member, and for unknown chats', async () => {
    const { chatId } = await joinedChat();
    const other = await TestOrganization.open();
    const foreign = (await other.say(unique('thread'), 'help')).chatId;
    expect((await update(method, chatId, { is_ended: true }, org.bot)).status).toBe(404);
    for (const id of [foreign, crypto.randomUUID(), '0190a000-0000-7000-8000-00000000dead', 'nonsense']) {
      const answer = await update(method, id, { is_ended: true });
      expect([answer.status, answer.json]).toEqual([404, { detail: expect.any(String) }]);
    }
    expect((await org.chat(chatId))['is_ended']).toBe(false);
    expect((await other.chat(foreign))['is_ended']).toBe(false);
  });
});
