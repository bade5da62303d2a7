import { afterEach, expect, it, vi } from 'vitest';
import { makeFirstAttemptsWith } from '../../../src/api/execute-command.ts';
import { consumerDeps } from '../../../src/delivery/consumer-deps.ts';
import { deliverLane, deliverLeased } from '../../../src/delivery/deliver-lane.ts';
import { threadNameOfChat } from '../../../src/domain/address.ts';
import { channelReceiver } from '../../../src/resources/receiver.ts';
import { eventually } from '../../support/eventually.ts';
import { ALL_SCOPES } from '../../support/worker/apps.ts';
import { RECEIVER_URL } from '../../support/worker/gateway.ts';
import { acceptedFor, installedApp } from '../../support/worker/installed-app.ts';
import { LiveClient } from '../../support/worker/live-client.ts';
import { ask, copiedMessages, enrollAgent, TestOrganization, unique } from '../../support/worker/organization.ts';
import { receive } from '../../support/worker/receiver.ts';
import { testEnv } from '../../support/worker/requests.ts';
import { recordWakeUps } from '../../support/worker/wake-ups.ts';

afterEach(() => {
  makeFirstAttemptsWith(null);
  vi.restoreAllMocks();
});

it('a reply whose webhook is given up is failed for agents, sockets and apps, until a replay delivers it', async () => {
  const org = await TestOrganization.open({ max_retry_count: 0 });
  const manager = await enrollAgent(org.organizationId, {}, ALL_SCOPES);
  const { installation } = await installedApp(manager, ['/orgs/{organization_id}/owned_chats/*/messages']);
  const threadId = unique('thread');
  const { chatId } = await org.say(threadId, 'Where is it?');
  await org.join(org.agent, chatId);
  const messages = `/users/${org.agent.user_id}/chats/${chatId}/messages`;
  const socket = await LiveClient.ofUser(org.agent);
  const listened = `/api/v5${messages}`;
  await socket.subscribe([listened]);
  let status = 503;
  receive(({ url }) => new Response('no', { status: url === RECEIVER_URL ? status : 200 }));
  makeFirstAttemptsWith((env, thread, leased, askedAt) => {
    void deliverLeased(consumerDeps(env), thread, leased, askedAt);
  });
  const { json: message } = await ask(org.agent, 'POST', messages, { message: 'On its way.' });
  const item = `${messages}/${message['id']}`;
  const shown = async () => (await ask(org.agent, 'GET', item)).json;

  const failed = { delivery_status: 'failed', failure_reason: 'the webhook was given up after 1 attempt: status 503' };
  await eventually(async () => expect(await shown()).toEqual({ ...message, ...failed }));
  expect(await socket.nextChange(listened)).toMatchObject({ action: 'changed', resource: failed });
  await eventually(async () => {
    const [copy] = (await copiedMessages(chatId)).filter(({ facts }) => facts.includes(String(message['id'])));
    expect(copy?.facts).toContain('"state":"failed"');
  });

  status = 200;
  const thread = threadNameOfChat(chatId) ?? '';
  const wakeUps = recordWakeUps(thread);
  await eventually(async () => {
    const replay = await org.request('POST', '/replay', { body: { status: 'exhausted' } });
    expect(replay.json).toMatchObject({ replayed: 1 });
  });
  const receiver = channelReceiver(org.channelId);
  await eventually(() => expect(wakeUps).toContainEqual(expect.objectContaining({ receiver, track: 'replay' })));
  await deliverLane(consumerDeps(testEnv), { v: 1, thread, receiver, track: 'replay', drain: false });
  await eventually(async () => expect(await shown()).toEqual(message));
  const stored = { delivery_status: 'stored', failure_reason: null };
  expect(await socket.nextChange(listened)).toMatchObject({ action: 'changed', resource: stored });
  socket.close();

  const told = (await acceptedFor(chatId, installation)).filter(({ body }) => body.action === 'changed');
  expect(told.map(({ body }) => [body.resource_id, body.resource])).toEqual([
    [message['id'], failed],
    [message['id'], stored],
  ]);
});
