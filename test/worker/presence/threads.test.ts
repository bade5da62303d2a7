import { evictDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { threadNameOfChat } from '../../../src/domain/address.ts';
import { userStub } from '../../../src/rpc/user.ts';
import { eventually } from '../../support/eventually.ts';
import { testAlarm } from '../../support/worker/alarm.ts';
import { ask, type Json, TestOrganization, unique } from '../../support/worker/organization.ts';
import type { Person } from '../../support/worker/requests.ts';
import { passSeconds } from '../../support/worker/user.ts';

afterEach(() => {
  vi.useRealTimers();
});

const clientsOf = (person: Person) => `/users/${person.user_id}/clients`;
const objectOf = (person: Person) => env.USERS.getByName(person.user_id);
const presenceOf = (person: Person) => userStub(env, person.user_id).presence({ v: 1 });

describe('a chat of a real thread', () => {
  let org: TestOrganization;

  beforeEach(async () => {
    org = await TestOrganization.open();
  });

  /** A chat with a waiting visitor, taken by the agent, who has a client of 60 s. */
  async function takenChat(): Promise<{ chatId: string; client: string; thread: string }> {
    const { id } = (await ask(org.agent, 'POST', clientsOf(org.agent), { presence_expires_in: 60 })).json;
    const thread = unique('thread');
    const { chatId } = await org.say(thread, 'help');
    const path = `/users/${org.agent.user_id}/routed_chats/${chatId}/memberships`;
    const joined = await ask(org.agent, 'POST', path, { is_participating: true, composing_status: 'idle' });
    expect(joined.status).toBe(201);
    await watched(1);
    return { chatId, client: `${clientsOf(org.agent)}/${id}`, thread };
  }

  /** Waits until the thread has asked the agent's object for reports. */
  async function watched(count: number): Promise<void> {
    await eventually(async () => expect((await presenceOf(org.agent)).current_chat_count).toBe(count));
  }

  async function stateOf(chatId: string): Promise<Json> {
    const { is_waiting, is_pending, present_user_participant_count } = await org.chat(chatId);
    const member = (await org.memberships(chatId)).find((one) => one['member_id'] === org.agent.user_id);
    return { is_waiting, is_pending, count: present_user_participant_count, is_present: member?.['is_present'] };
  }

  const taken = { is_waiting: true, is_pending: false, count: 1, is_present: true };
  const pending = { is_waiting: true, is_pending: true, count: 0, is_present: false };

  testAlarm('is pending again when the user’s presence expires, and not when they return', async (ring) => {
    const { chatId, client, thread } = await takenChat();
    expect(await stateOf(chatId)).toEqual(taken);
    passSeconds(91);
    await ring(objectOf(org.agent));
    expect(await stateOf(chatId)).toEqual(pending);
    expect((await ask(org.agent, 'PATCH', client, {})).status).toBe(201);
    expect(await stateOf(chatId)).toEqual(taken);
    // Not right after the chat has learned of an arrival.
    expect((await ask(org.agent, 'DELETE', client)).status).toBe(204);
    expect(await stateOf(chatId)).toEqual(taken);
    passSeconds(30);
    await ring(objectOf(org.agent));
    expect(await stateOf(chatId)).toEqual(pending);
    await org.close(thread);
    await watched(0);
  });

  it('is pending again at once when the user signs off', async () => {
    const { chatId, client, thread } = await takenChat();
    expect((await ask(org.agent, 'DELETE', client)).status).toBe(204);
    expect(await stateOf(chatId)).toEqual(pending);
    await org.close(thread);
    await watched(0);
  });

  testAlarm('gets reports after both objects were evicted', async (ring) => {
    const { chatId, client, thread } = await takenChat();
    passSeconds(91);
    await ring(objectOf(org.agent));
    expect(await stateOf(chatId)).toEqual(pending);
    await evictDurableObject(objectOf(org.agent));
    await evictDurableObject(env.THREADS.getByName(threadNameOfChat(chatId) ?? ''));
    expect((await ask(org.agent, 'PUT', client, { presence_expires_in: 60 })).status).toBe(201);
    expect(await stateOf(chatId)).toEqual(taken);
    await org.close(thread);
    await watched(0);
  });

  it('gets no reports about a user who has left', async () => {
    const { chatId, client } = await takenChat();
    const path = `/users/${org.agent.user_id}/chat_memberships/${chatId}`;
    expect((await ask(org.agent, 'PATCH', path, { is_participating: false })).status).toBe(200);
    await watched(0);
    await ask(org.agent, 'DELETE', client);
    expect(await stateOf(chatId)).toEqual(pending);
  });

  it('ends the reports after its own object was evicted', async () => {
    const { chatId, thread } = await takenChat();
    await evictDurableObject(env.THREADS.getByName(threadNameOfChat(chatId) ?? ''));
    await org.close(thread);
    await watched(0);
  });

  it('ends the reports when the user leaves after its own object was evicted', async () => {
    const { chatId } = await takenChat();
    await evictDurableObject(env.THREADS.getByName(threadNameOfChat(chatId) ?? ''));
    const path = `/users/${org.agent.user_id}/chat_memberships/${chatId}`;
    expect((await ask(org.agent, 'PATCH', path, { is_participating: false })).status).toBe(200);
    await watched(0);
  });
});
