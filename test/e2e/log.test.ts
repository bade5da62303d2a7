import { afterAll, beforeAll, expect, test } from 'vitest';
import { openHub, type TestHub } from '../support/local/hub.ts';

let session: TestHub;

beforeAll(async () => {
  session = await openHub();
});
afterAll(() => session.stop());

test('the log contains no token and no message body of a session', async () => {
  const { client, demo, receiver, log, hub, waitForLog } = session;
  const bodies = ['question-4711-of-the-visitor', 'answer-4712-of-the-agent', 'suggestion-4713-of-the-bot'] as const;
  const variable = 'variable-4714';
  const channel = await client.registerChannel(`${receiver.url}/hooks?key=url-secret-4715`);
  const receipt = await client.sendMessages(
    channel.id,
    [{ body: bodies[0], thread_id: 'thread', sender_id: 'customer', message_id: 'm1' }],
    { variables: { phone: variable } },
  );
  await client.joinChat(demo.agent, receipt.chat_id);
  await client.reply(demo.agent, receipt.chat_id, bodies[1]);
  await client.suggestReply(demo.bot, receipt.chat_id, receipt.message_ids[0] ?? '', bodies[2]);
  const secret = await client.request('GET', `${client.channelPath(channel.id)}/secret`);
  await client.request('POST', `${client.channelPath(channel.id)}/messages`, { messages: [{ body: bodies[0] }] });
  await client.request('GET', '/api/v5/nothing-here', undefined, 'a-wrong-token-4716');
  await receiver.waitUntil((requests) => requests.length >= 2);
  await waitForLog('"status":404');
  await hub.ringCron();
  await waitForLog('"event":"watchdog"');

  const text = log.map(({ message }) => message).join('\n');
  expect(text).toContain('/unified_messaging/:config_id/messages');
  const secrets = [
    ...bodies,
    variable,
    'url-secret-4715',
    'a-wrong-token-4716',
    hub.adminToken,
    demo.settings_token,
    demo.agent.token,
    demo.bot.token,
    String((secret.body as { secret: unknown }).secret),
  ];
  expect(secrets.filter((value) => text.includes(value))).toEqual([]);
});
