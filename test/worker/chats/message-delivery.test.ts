import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { makeFirstAttemptsWith } from '../../../src/api/execute-command.ts';
import { consumerDeps } from '../../../src/delivery/consumer-deps.ts';
import { deliverLane, deliverLeased } from '../../../src/delivery/deliver-lane.ts';
import { threadNameOfChat } from '../../../src/domain/address.ts';
import { channelReceiver } from '../../../src/resources/receiver.ts';
import { eventually } from '../../support/eventually.ts';
import { ask, enrollAgent, TestOrganization, TIME, unique } from '../../support/worker/organization.ts';
import { receive } from '../../support/worker/receiver.ts';
import { call, type Person, testEnv } from '../../support/worker/requests.ts';
import { recordWakeUps } from '../../support/worker/wake-ups.ts';

let org: TestOrganization;
let agent: Person;

beforeAll(async () => {
  org = await TestOrganization.open({ max_retry_count: 0 });
  agent = org.agent;
});

afterEach(() => {
  makeFirstAttemptsWith(null);
  vi.restoreAllMocks();
});

/** A chat in which the agent has written. The receiver answers with `status()`. */
async function writeTo(status: () => number): Promise<{ chatId: string; item: string; id: string }> {
  const { chatId } = await org.say(unique('delivery'), 'Where is it?');
  await org.join(agent, chatId);
  receive(() => new Response('a secret of the receiver', { status: status() }));
  makeFirstAttemptsWith((env, thread, leased, askedAt) => {
    void deliverLeased(consumerDeps(env), thread, leased, askedAt);
  });
  const messages = `/users/${agent.user_id}/chats/${chatId}/messages`;
  const { json } = await ask(agent, 'POST', messages, { message: 'On its way.' });
  return { chatId, item: `${messages}/${json['id']}`, id: String(json['id']) };
}

describe('the delivery of a message', () => {
  it('shows its sender what became of it, and is sent again without a scope', async () => {
    let status = 503;
    const { chatId, item } = await writeTo(() => status);
    const delivery = async () => (await ask(agent, 'GET', `${item}/delivery`)).json;
    const given = {
      delivery_id: expect.any(String),
      status: 'exhausted',
      skip_reason: null,
      is_replay: false,
      attempt_count: 1,
      next_attempt_at: null,
      last_attempt_at: TIME,
      last_status: 503,
      last_error: null,
    };
    await eventually(async () => expect(await delivery()).toEqual(given));
    expect(JSON.stringify(await delivery())).not.toContain('secret');
    const { delivery_id } = await delivery();
    const logged = await org.request('GET', `/deliveries/${delivery_id}`);
    expect(logged.json).toMatchObject({ id: delivery_id, status: 'exhausted', chat_id: chatId });

    status = 200;
    const thread = threadNameOfChat(chatId) ?? '';
    const wakeUps = recordWakeUps(thread);
    const again = await ask(agent, 'POST', `${item}/redeliver`);
    expect([again.status, again.json]).toEqual([202, { replayed: 1 }]);
    expect(await delivery()).toMatchObject({ delivery_id, status: 'pending', is_replay: true, next_attempt_at: TIME });
    const repeat = await ask(agent, 'POST', `${item}/redeliver`);
    expect([repeat.status, repeat.json]).toEqual([202, { replayed: 0 }]);
    const receiver = channelReceiver(org.channelId);
    await eventually(() => expect(wakeUps).toContainEqual(expect.objectContaining({ receiver, track: 'replay' })));
    await deliverLane(consumerDeps(testEnv), { v: 1, thread, receiver, track: 'replay', drain: false });
    expect(await delivery()).toMatchObject({ delivery_id, status: 'delivered', last_status: 200, attempt_count: 2 });
    await eventually(async () => {
      expect((await ask(agent, 'GET', item)).json).toMatchObject({ delivery_status: 'stored', failure_reason: null });
    });
  });

  it('takes one request for a key, however often it comes', async () => {
    const { item } = await writeTo(() => 503);
    await eventually(async () => {
      expect((await ask(agent, 'GET', `${item}/delivery`)).json).toMatchObject({ status: 'exhausted' });
    });
    const send = () =>
      call(`/api/v5${item}/redeliver`, {
        method: 'POST',
        authorization: `Bearer ${agent.token}`,
        headers: { 'Idempotency-Key': 'one' },
      });
    const [first, second] = [await send(), await send()];
    expect([first.json, second.json]).toEqual([{ replayed: 1 }, { replayed: 1 }]);
    expect(second.headers.get('Idempotent-Replayed')).toBe('true');
  });

  it('is for the sender only, and for messages that have a webhook', async () => {
    const { chatId, item, id } = await writeTo(() => 200);
    const colleague = await enrollAgent(org.organizationId, {}, ['settings', 'reports', 'users']);
    const theirs = `/users/${colleague.user_id}/chats/${chatId}/messages/${id}`;
    const foreign = await TestOrganization.open();
    const paths = (path: string) => [`${path}/delivery`, `${path}/redeliver`] as const;
    const refusedTo = async (person: Person, path: string, status: number) => {
      const [read, again] = paths(path);
      expect((await ask(person, 'GET', read)).status).toBe(status);
      expect((await ask(person, 'POST', again)).status).toBe(status);
    };
    // No member, then a member who has not sent it; another organization; another one's path.
    await refusedTo(colleague, theirs, 404);
    await org.join(colleague, chatId);
    await refusedTo(colleague, theirs, 404);
    await refusedTo(foreign.agent, item.replace(agent.user_id, foreign.agent.user_id), 404);
    await refusedTo(colleague, item, 403);
    // The visitor's message, one between users, and none at all.
    const [first] = (await org.messages(chatId)).filter(({ sender_type }) => sender_type === 'visitor');
    await refusedTo(agent, item.replace(id, String(first?.['id'])), 404);
    await refusedTo(agent, item.replace(id, chatId), 404);
    const chat = await ask(agent, 'POST', `/users/${agent.user_id}/chats`, {});
    const own = `/users/${agent.user_id}/chats/${chat.json['id']}/messages`;
    const alone = await ask(agent, 'POST', own, { message: 'To nobody' });
    expect(alone.status).toBe(200);
    await refusedTo(agent, `${own}/${alone.json['id']}`, 404);
  });
});
