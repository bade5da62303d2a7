import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readDemo } from '../../scripts/demo-file.ts';
import { freePort } from '../../scripts/free-port.ts';
import { answer, startReceiver, type WebhookReceiver } from '../../scripts/webhook-receiver.ts';
import { makeFolder } from '../support/local/hub.ts';
import { HubClient } from '../support/local/hub-client.ts';
import { runScript, type ScriptProcess } from '../support/local/script-process.ts';

const READY = '# 3. list the chats';

let folder: string;
let receiver: WebhookReceiver;
const running: ScriptProcess[] = [];

beforeAll(async () => {
  folder = await makeFolder();
  receiver = await startReceiver(() => answer(500));
});

afterAll(async () => {
  for (const script of running) script.kill('SIGKILL');
  await Promise.all(running.map(({ ended }) => ended));
  await receiver.stop();
  await rm(folder, { recursive: true, force: true });
});

async function start(port: number): Promise<ScriptProcess> {
  const script = runScript('scripts/start.ts', ['--port', String(port), '--persist-to', folder]);
  running.push(script);
  await script.waitForOutput(READY);
  return script;
}

// The queue is lost with the process, so only the thread's alarm can deliver these webhooks.
test('replies that were pending at a kill -9 reach the receiver in order after the restart', async () => {
  const port = await freePort();
  const first = await start(port);
  const demo = await readDemo(folder);
  if (demo === null) throw new Error('there is no demo.json');
  const client = new HubClient(demo.base_url, demo);
  const channel = await client.registerChannel(`${receiver.url}/hooks`, { max_retry_count: 20 });
  const { chat_id } = await client.sendMessage(channel.id, 'crash', 'question', 'm1');
  await client.joinChat(demo.agent, chat_id);
  await client.reply(demo.agent, chat_id, 'one');
  await client.reply(demo.agent, chat_id, 'two');
  const failed = await receiver.waitFor(() => true);
  first.kill('SIGKILL');
  await first.ended;

  const before = receiver.requests.length;
  receiver.behave(() => answer(200));
  await start(port);
  await receiver.waitUntil((requests) => requests.length >= before + 2, 90_000);
  const texts = receiver.requests.slice(before).map((request) => JSON.parse(request.body).message.message);
  expect(texts).toEqual(['one', 'two']);
  expect(receiver.requests[before]?.headers['webhook-id']).toBe(failed.headers['webhook-id']);
});
