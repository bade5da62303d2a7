import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { consumerDeps } from '../../../src/delivery/consumer-deps.ts';
import { deliverLane } from '../../../src/delivery/deliver-lane.ts';
import { threadNameOfChat } from '../../../src/domain/address.ts';
import { channelReceiver, installationReceiver, type Receiver } from '../../../src/resources/receiver.ts';
import type { Track } from '../../../src/rpc/lane.ts';
import { eventually } from '../../support/eventually.ts';
import { createApp, install, newWebhook, OWNED_CHATS } from '../../support/worker/apps.ts';
import { ask, enrollAgent, type Json, resultsOf, TestOrganization, unique } from '../../support/worker/organization.ts';
import { type Got, receive } from '../../support/worker/receiver.ts';
import { type Person, testEnv } from '../../support/worker/requests.ts';
import { TelephoneSystem } from '../../support/worker/rpc.ts';
import { recordWakeUps } from '../../support/worker/wake-ups.ts';

let org: TestOrganization;
let manager: Person;

beforeAll(async () => {
  org = await TestOrganization.open({ max_retry_count: 0 });
  manager = await enrollAgent(org.organizationId, {}, ['settings', 'reports', 'users']);
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** A chat that the agent has joined. No wake-up of its lanes reaches the queue: `deliver` does what it would. */
async function openChat() {
  const threadId = unique('changed');
  const { chatId } = await org.say(threadId, 'Where is it?');
  await org.join(org.agent, chatId);
  const thread = threadNameOfChat(chatId) ?? '';
  recordWakeUps(thread);
  const messages = `/users/${org.agent.user_id}/chats/${chatId}/messages`;
  const answer = async (message: string) => {
    const sent = await ask(org.agent, 'POST', messages, { message });
    expect(sent.status).toBe(200);
    return `${messages}/${sent.json['id']}`;
  };
  const deliver = (receiver: Receiver, track: Track = 'lane') =>
    deliverLane(consumerDeps(testEnv), { v: 1, thread, receiver, track, drain: true });
  return { threadId, chatId, answer, deliver };
}

/** The receiver answers with `status()`. `texts`: of the messages that it was told, by webhook. */
function receiver(status: () => number): { got: Got[]; told: () => [string | undefined, Json][] } {
  const got = receive(() => new Response('', { status: status() }));
  const bodyOf = (body: string) => JSON.parse(body) as Json;
  return { got, told: () => got.map(({ headers, body }) => [headers['webhook-id'], bodyOf(body)]) };
}

const channel = () => channelReceiver(org.channelId);

async function logged(chatId: string, status: string): Promise<Json[]> {
  const all = resultsOf(await org.request('GET', `/deliveries?status=${status}`));
  return all.filter(({ chat_id }) => chat_id === chatId);
}

async function detail(id: unknown): Promise<Json> {
  return (await ask(manager, 'GET', `${org.channelPath}/deliveries/${id}`)).json;
}

describe('the webhook of an edited message', () => {
  it('has the present text, at a retry, at each kind of replay and in events', async () => {
    let status = 503;
    const { told } = receiver(() => status);
    const { threadId, chatId, answer, deliver } = await openChat();
    const item = await answer('It comes today.');
    await deliver(channel());
    await eventually(async () => expect(await logged(chatId, 'exhausted')).toHaveLength(1));
    const [delivery] = await logged(chatId, 'exhausted');
    expect((await ask(org.agent, 'PATCH', item, { message: 'It comes tomorrow.' })).status).toBe(200);
    expect(await detail(delivery?.['id'])).toMatchObject({
      body: expect.stringContaining('tomorrow'),
      is_purged: false,
    });

    const again = [
      () => ask(org.agent, 'POST', `${item}/redeliver`),
      () => org.request('POST', `/deliveries/${delivery?.['id']}/replay`),
      () => org.request('POST', '/replay', { body: { status: 'exhausted' } }),
    ];
    for (const send of again) {
      expect((await send()).json).toMatchObject({ replayed: 1 });
      await deliver(channel(), 'replay');
    }
    status = 200;
    expect((await ask(org.agent, 'POST', `${item}/redeliver`)).json).toEqual({ replayed: 1 });
    await deliver(channel(), 'replay');
    const [first, ...later] = told();
    expect(first?.[1]).toMatchObject({ message: { message: 'It comes today.', is_edited: false } });
    expect(later).toHaveLength(4);
    for (const [id, body] of later) {
      expect(id).toBe(first?.[0]);
      expect(body).toEqual({
        ...first?.[1],
        message: { ...(first?.[1]['message'] as Json), message: 'It comes tomorrow.', is_edited: true },
      });
    }
    expect(await org.events(threadId)).toMatchObject([{ message: { message: 'It comes tomorrow.', is_edited: true } }]);
  });
});

describe('the webhook of a deleted message', () => {
  it('is not sent again by anybody, and says why', async () => {
    const { got } = receiver(() => 503);
    const { threadId, chatId, answer, deliver } = await openChat();
    const item = await answer('A secret.');
    await deliver(channel());
    await eventually(async () => expect(await logged(chatId, 'exhausted')).toHaveLength(1));
    const [delivery] = await logged(chatId, 'exhausted');
    expect((await ask(org.agent, 'DELETE', item)).status).toBe(204);

    const refused = await ask(org.agent, 'POST', `${item}/redeliver`);
    expect([refused.status, refused.json]).toEqual([409, { detail: expect.stringContaining('deleted') }]);
    const one = await org.request('POST', `/deliveries/${delivery?.['id']}/replay`);
    expect([one.status, one.json]).toEqual([202, { replayed: 0 }]);
    const all = await org.request('POST', '/replay', { body: { status: 'exhausted' } });
    expect(all.json).toMatchObject({ replayed: 0, is_complete: true });
    await deliver(channel(), 'replay');
    expect(got).toHaveLength(1);
    expect(await detail(delivery?.['id'])).toMatchObject({
      status: 'exhausted',
      attempts: [{ status: 503 }],
      body: null,
      is_purged: true,
    });
    const events = await org.events(threadId);
    expect(events).toMatchObject([{ message: { message: null } }]);
    expect(JSON.stringify(events)).not.toContain('secret');
  });

  it('is skipped where it is still pending, and the next ones follow', async () => {
    const { told } = receiver(() => 200);
    const { chatId, answer, deliver } = await openChat();
    const item = await answer('A secret.');
    await answer('It comes today.');
    expect((await ask(org.agent, 'DELETE', item)).status).toBe(204);
    await deliver(channel());
    expect(told().map(([, { message }]) => (message as Json)['message'])).toEqual(['It comes today.']);
    await eventually(async () => expect(await logged(chatId, 'skipped')).toMatchObject([{ skip_reason: 'purged' }]));
    const { accepted, delivered, pending, exhausted, skipped } = (await org.ledger()) as Record<string, number>;
    const { purged = 0 } = skipped as unknown as Record<string, number>;
    expect(accepted).toBe(Number(delivered) + Number(pending) + Number(exhausted) + purged);
  });

  it('of an app does not tell its text either, but that it was deleted', async () => {
    const { told } = receiver(() => 200);
    const app = await createApp(manager);
    const apps = `/orgs/${org.organizationId}/apps/${app.id}`;
    const pattern = { channel_pattern: `${OWNED_CHATS}/*/messages`, on_added: true, on_changed: true };
    expect((await ask(manager, 'POST', `${apps}/webhooks`, newWebhook(pattern))).status).toBe(201);
    const { id } = await install(manager, app.id);
    const { answer, deliver, chatId } = await openChat();
    const app1 = installationReceiver(id);
    await deliver(app1);
    const before = told().length;
    const item = await answer('A secret.');
    await ask(org.agent, 'PATCH', item, { message: 'Another secret.' });
    await ask(org.agent, 'DELETE', item);
    await deliver(app1);
    const about = told()
      .slice(before)
      .map(([, body]) => body)
      .filter(({ resource_id }) => item.endsWith(String(resource_id)));
    expect(about).toMatchObject([{ action: 'changed', resource: { message: null } }]);
    expect(JSON.stringify(told())).not.toContain('secret');
    const log = `${apps}/installations/${id}`;
    await eventually(async () => {
      const skipped = resultsOf(await ask(manager, 'GET', `${log}/deliveries?status=skipped`));
      expect(skipped.filter(({ chat_id }) => chat_id === chatId)).toHaveLength(2);
    });
    expect((await ask(manager, 'POST', `${log}/replay`, { status: 'skipped' })).json).toMatchObject({ replayed: 0 });
  });
});

describe('the webhooks of JSON-RPC', () => {
  it('tell the present text, and of a deleted message only that it is deleted', async () => {
    const got = receive();
    const system = await TelephoneSystem.open();
    const { sessionid } = await system.say('Where is it?');
    const chatId = system.chatOf(sessionid);
    const thread = threadNameOfChat(chatId) ?? '';
    recordWakeUps(thread);
    const item = (id: unknown) => `/users/${system.second.user_id}/chats/${chatId}/messages/${id}`;
    const edited = await system.reply(system.second, sessionid, 'It comes today.');
    const deleted = await system.reply(system.second, sessionid, 'A secret.');
    for (const { id } of [edited, deleted]) {
      await ask(system.second, 'PATCH', item(id), {
        message: `${id === deleted['id'] ? 'A secret' : 'It comes'} indeed.`,
      });
    }
    await ask(system.second, 'PATCH', item(edited['id']), { message: 'It comes tomorrow.' });
    expect((await ask(system.second, 'DELETE', item(deleted['id']))).status).toBe(204);
    const wakeUp = { v: 1, thread, receiver: channelReceiver(system.channelId), track: 'lane', drain: true } as const;
    await deliverLane(consumerDeps(testEnv), wakeUp);
    const told = got.map(({ body }) => JSON.parse(body) as { method: string; params: Json });
    expect(told.map(({ method, params }) => [method, params['content']])).toEqual([
      ['delivered', undefined],
      ['message', 'It comes tomorrow.'],
      ['updated', 'It comes tomorrow.'],
      ['updated', 'It comes tomorrow.'],
      ['deleted', undefined],
    ]);
  });
});
