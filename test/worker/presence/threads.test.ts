import { evictDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { threadNameOfChat } from '../../../src/domain/address.ts';
import { userStub } from '../../../src/rpc/user.ts';
import { eventually } from '../../eventually.ts';
import { testAlarm } from '../alarm.ts';
import type { Person } from '../http/hub.ts';
import { ask, Desk, type Json, unique } from '../umi/desk.ts';
import { passSeconds } from './user.ts';

afterEach(() => {
  vi.useRealTimers();
});

const clientsOf = (person: Person) => `/users/${person.user_id}/clients`;
const objectOf = (person: Person) => env.USERS.getByName(person.user_id);
const presenceOf = (person: Person) => userStub(env, person.user_id).presence({ v: 1 });

describe('a chat of a real thread', () => {
  let desk: Desk;

  beforeEach(async () => {
    desk = await Desk.open();
  });

  /** A chat with a waiting visitor, taken by the agent, who has a client of 60 s. */
  async function takenChat(): Promise<{ chatId: string; client: string; thread: string }> {
    const { id } = (await ask(desk.agent, 'POST', clientsOf(desk.agent), { presence_expires_in: 60 })).json;
    const thread = unique('thread');
    const { chatId } = await desk.say(thread, 'help');
    const path = `/users/${desk.agent.user_id}/routed_chats/${chatId}/memberships`;
    const joined = await ask(desk.agent, 'POST', path, { is_participating: true, composing_status: 'idle' });
    expect(joined.status).toBe(201);
    await watched(1);
    return { chatId, client: `${clientsOf(desk.agent)}/${id}`, thread };
  }

  /** Waits until the thread has asked the agent's object for reports. */
  async function watched(count: number): Promise<void> {
    await eventually(async () => expect((await presenceOf(desk.agent)).current_chat_count).toBe(count));
  }

  async function stateOf(chatId: string): Promise<Json> {
    const { is_waiting, is_pending, present_user_participant_count } = await desk.chat(chatId);
    const member = (await desk.memberships(chatId)).find((one) => one['member_id'] === desk.agent.user_id);
    return { is_waiting, is_pending, count: present_user_participant_count, is_present: member?.['is_present'] };
  }

  const taken = { is_waiting: true, is_pending: false, count: 1, is_present: true };
  const pending = { is_waiting: true, is_pending: true, count: 0, is_present: false };

  testAlarm('is pending again when the user’s presence expires, and not when they come back', async (ring) => {
    const { chatId, client, thread } = await takenChat();
    expect(await stateOf(chatId)).toEqual(taken);
    passSeconds(91);
    await ring(objectOf(desk.agent));
    expect(await stateOf(chatId)).toEqual(pending);
    expect((await ask(desk.agent, 'PATCH', client, {})).status).toBe(201);
    expect(await stateOf(chatId)).toEqual(taken);
    // Not right after the chat has learned of an arrival.
    expect((await ask(desk.agent, 'DELETE', client)).status).toBe(204);
    expect(await stateOf(chatId)).toEqual(taken);
    passSeconds(30);
    await ring(objectOf(desk.agent));
    expect(await stateOf(chatId)).toEqual(pending);
    await desk.close(thread);
    await watched(0);
  });

  it('is pending again at once when the user signs off', async () => {
    const { chatId, client, thread } = await takenChat();
    expect((await ask(desk.agent, 'DELETE', client)).status).toBe(204);
    expect(await stateOf(chatId)).toEqual(pending);
    await desk.close(thread);
    await watched(0);
  });

  testAlarm('gets reports after both objects were evicted', async (ring) => {
    const { chatId, client, thread } = await takenChat();
    passSeconds(91);
    await ring(objectOf(desk.agent));
    expect(await stateOf(chatId)).toEqual(pending);
    await evictDurableObject(objectOf(desk.agent));
    await evictDurableObject(env.THREADS.getByName(threadNameOfChat(chatId) ?? ''));
    expect((await ask(desk.agent, 'PUT', client, { presence_expires_in: 60 })).status).toBe(201);
    expect(await stateOf(chatId)).toEqual(taken);
    await desk.close(thread);
    await watched(0);
  });

  it('gets none of a user who has left', async () => {
    const { chatId, client } = await takenChat();
    const path = `/users/${desk.agent.user_id}/chat_memberships/${chatId}`;
    expect((await ask(desk.agent, 'PATCH', path, { is_participating: false })).status).toBe(200);
    await watched(0);
    await ask(desk.agent, 'DELETE', client);
    expect(await stateOf(chatId)).toEqual(pending);
  });

  it('ends the reports after its own object was evicted', async () => {
    const { chatId, thread } = await takenChat();
    await evictDurableObject(env.THREADS.getByName(threadNameOfChat(chatId) ?? ''));
    await desk.close(thread);
    await watched(0);
  });

  it('ends the reports when the user leaves after its own object was evicted', async () => {
    const { chatId } = await takenChat();
    await evictDurableObject(env.THREADS.getByName(threadNameOfChat(chatId) ?? ''));
    const path = `/users/${desk.agent.user_id}/chat_memberships/${chatId}`;
    expect((await ask(desk.agent, 'PATCH', path, { is_participating: false })).status).toBe(200);
    await watched(0);
  });
});
