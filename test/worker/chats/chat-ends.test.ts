import { env } from 'cloudflare:workers';
import { afterEach, beforeAll, beforeEach, describe, expect, vi } from 'vitest';
import { threadNameOfChat } from '../../../src/domain/address.ts';
import { type Ring, testAlarm } from '../../support/worker/alarm.ts';
import { setClock } from '../../support/worker/clock.ts';
import { arrive, ask, type Json, TestOrganization } from '../../support/worker/organization.ts';
import { organizationD1 } from '../../support/worker/organization-database.ts';
import { own } from '../../support/worker/organization-setup.ts';
import { admin } from '../../support/worker/requests.ts';

let org: TestOrganization;
let visitors = 0;

const NOW = Date.now();

beforeAll(async () => {
  org = await TestOrganization.open();
  const path = `/organizations/${org.organizationId}/rooms/${org.gateway.roomId}`;
  const body = { visitor_chat_idle_ttl: 600, task_chat_ttl: 1800 };
  expect((await admin(path, { method: 'PATCH', body })).status).toBe(200);
});
beforeEach(async () => {
  setClock(NOW);
  await arrive(org.agent);
});
afterEach(() => vi.useRealTimers());

/** A visitor of the organization's room, without a channel. */
async function newVisitor(): Promise<string> {
  visitors += 1;
  const id = visitors.toString(16).padStart(32, '0');
  await organizationD1
    .prepare('INSERT INTO visitors (id, organization_id, room_id, created_at) VALUES (?, ?, ?, ?)')
    .bind(id, org.organizationId, org.gateway.roomId, NOW)
    .run();
  return id;
}

async function open(body?: Json) {
  const path = `/rooms/${org.gateway.roomId}/visitors/${await newVisitor()}/chats`;
  const answer = await ask(org.agent, 'POST', `/users/${org.agent.user_id}${path}`, body);
  expect(answer.status).toBe(201);
  return answer.json;
}

/** The chat as it is read after its thread's alarm rang at `now` (ms). */
async function chatAt(ring: Ring, now: number, chatId: unknown): Promise<Json> {
  setClock(now);
  await ring(env.THREADS.getByName(threadNameOfChat(String(chatId)) ?? ''));
  return (await own(org.agent, `/chats/${String(chatId)}`)).json;
}

describe('a chat ends by itself', () => {
  testAlarm('of type visitor, when nobody has written for the room’s idle time', async (ring) => {
    const chat = await open();
    expect(chat['chat_type']).toBe('visitor');
    expect(await chatAt(ring, NOW + 590_000, chat['id'])).toMatchObject({ is_ended: false });
    const path = `/users/${org.agent.user_id}/chats/${String(chat['id'])}/messages`;
    const { created_at } = (await ask(org.agent, 'POST', path, { message: 'Still there?' })).json;
    const wrote = Date.parse(String(created_at));
    expect(await chatAt(ring, wrote + 599_000, chat['id'])).toMatchObject({ is_ended: false });
    const ended = await chatAt(ring, wrote + 600_000, chat['id']);
    expect(ended).toMatchObject({ is_ended: true, duration: 0, present_participant_count: 0 });
  });

  testAlarm('of type task, when its time is over, even while somebody writes', async (ring) => {
    const chat = await open({ chat_type: 'task' });
    expect(chat['chat_type']).toBe('task');
    const path = `/users/${org.agent.user_id}/chats/${String(chat['id'])}/messages`;
    setClock(NOW + 1_790_000);
    expect((await ask(org.agent, 'POST', path, { message: 'On it.' })).status).toBe(200);
    const created = Date.parse(String(chat['created_at']));
    expect(await chatAt(ring, created + 1_799_000, chat['id'])).toMatchObject({ is_ended: false });
    expect(await chatAt(ring, created + 1_800_000, chat['id'])).toMatchObject({ is_ended: true });
    expect((await ask(org.agent, 'POST', path, { message: 'Too late.' })).status).toBe(409);
  });

  testAlarm('never, of type external; an unknown type is refused', async (ring) => {
    const chat = await open({ chat_type: 'external' });
    expect(await chatAt(ring, NOW + 365 * 24 * 3_600_000, chat['id'])).toMatchObject({
      chat_type: 'external',
      is_ended: false,
    });
    setClock(NOW);
    const path = `/users/${org.agent.user_id}/rooms/${org.gateway.roomId}/visitors/${await newVisitor()}/chats`;
    for (const chat_type of ['operator', 'group', '', 7]) {
      const answer = await ask(org.agent, 'POST', path, { chat_type });
      expect([answer.status, Object.keys(answer.json)]).toEqual([400, ['chat_type']]);
    }
  });
});
