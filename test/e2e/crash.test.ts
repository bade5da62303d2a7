import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readDemo } from '../../scripts/demo-file.ts';
import { freePort } from '../../scripts/free-port.ts';
import { answer, startReceiver, type WebhookReceiver } from '../../scripts/webhook-receiver.ts';
import { eventually } from '../support/eventually.ts';
import { makeFolder } from '../support/local/hub.ts';
import { HubClient } from '../support/local/hub-client.ts';
import { runScript, type ScriptProcess } from '../support/local/script-process.ts';

const READY = '# 3. list the chats';

const folders: string[] = [];
let receiver: WebhookReceiver;
/** What the receiver answers to the pending replies. */
let status = 500;
const running: ScriptProcess[] = [];

beforeAll(async () => {
  receiver = await startReceiver(({ path }) => answer(path === '/replies' ? status : 200));
});

afterAll(async () => {
  for (const script of running) script.kill('SIGKILL');
  await Promise.all(running.map(({ ended }) => ended));
  await receiver.stop();
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
});

/** The folder of a new store. */
async function newStore(): Promise<string> {
  const folder = await makeFolder();
  folders.push(folder);
  return folder;
}

async function start(port: number, folder: string): Promise<ScriptProcess> {
  const script = runScript('scripts/start.ts', ['--port', String(port), '--persist-to', folder]);
  running.push(script);
  await script.waitForOutput(READY);
  return script;
}

// Both are about hubs of their own, and most of their time is waiting.

// The queue is lost with the process, so only the thread's alarm can deliver these webhooks.
test.concurrent('replies that were pending at a kill -9 reach the receiver in order after the restart', async () => {
  const [port, folder] = [await freePort(), await newStore()];
  const first = await start(port, folder);
  const demo = await readDemo(folder);
  if (demo === null) throw new Error('there is no demo.json');
  const client = new HubClient(demo.base_url, demo);
  const channel = await client.registerChannel(`${receiver.url}/replies`, { max_retry_count: 20 });
  const { chat_id } = await client.sendMessage(channel.id, 'crash', 'question', 'm1');
  await client.joinChat(demo.agent, chat_id);
  await client.reply(demo.agent, chat_id, 'one');
  await client.reply(demo.agent, chat_id, 'two');
  const replies = () => receiver.requests.filter(({ path }) => path === '/replies');
  const failed = await receiver.waitFor(({ path }) => path === '/replies');
  first.kill('SIGKILL');
  await first.ended;

  const before = replies().length;
  status = 200;
  await start(port, folder);
  await receiver.waitUntil(() => replies().length >= before + 2, 90_000);
  const texts = replies()
    .slice(before)
    .map((request) => JSON.parse(request.body).message.message);
  expect(texts).toEqual(['one', 'two']);
  expect(replies()[before]?.headers['webhook-id']).toBe(failed.headers['webhook-id']);
});

// Each change is answered, and the process is killed at once: what D1 lacks then, the thread brings after the restart.
test.concurrent('an edit, a deletion and a report are there once after a kill -9', async () => {
  const [port, folder] = [await freePort(), await newStore()];
  const first = await start(port, folder);
  const demo = await readDemo(folder);
  if (demo === null) throw new Error('there is no demo.json');
  const client = new HubClient(demo.base_url, demo);
  const channel = await client.registerChannel(`${receiver.url}/changes`, { max_retry_count: 0 });
  const { chat_id } = await client.sendMessage(channel.id, 'changes', 'question', 'm1');
  await client.joinChat(demo.agent, chat_id);
  const messages = `/api/v5/users/${demo.agent.id}/chats/${chat_id}/messages`;
  const ids: string[] = [];
  for (const text of ['edited', 'deleted', 'read']) ids.push((await client.reply(demo.agent, chat_id, text)).id);
  const [edited, deleted, read] = ids;
  const { token } = demo.agent;
  const changes = [
    client.request('PATCH', `${messages}/${edited}`, { message: 'edited twice' }, token),
    client.request('DELETE', `${messages}/${deleted}`, undefined, token),
    client.request('POST', `${client.channelPath(channel.id)}/messages/${read}/status`, { status: 'read' }),
  ];
  expect((await Promise.all(changes)).map(({ status }) => status)).toEqual([200, 204, 200]);
  first.kill('SIGKILL');
  await first.ended;

  await start(port, folder);
  const shown = async (path: string, by: string | undefined) => {
    const { body } = await client.request('GET', path, undefined, by);
    return (body as { results: Record<string, unknown>[] }).results.filter(({ id }) => ids.includes(String(id)));
  };
  const now = [
    { id: edited, message: 'edited twice', is_edited: true, deleted_at: null },
    { id: deleted, message: null, is_edited: false, deleted_at: expect.any(String) },
    { id: read, message: 'read', delivery_status: 'read', read_at: expect.any(String) },
  ];
  expect(await shown(`${messages}?type__in=msg`, token)).toMatchObject(now);
  const listed = `/api/v5/orgs/${demo.organization_id}/messages?page_size=200&ordering=created_at`;
  await eventually(async () => expect(await shown(listed, undefined)).toMatchObject(now));
});
