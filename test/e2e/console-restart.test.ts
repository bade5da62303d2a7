import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { readDemo } from '../../scripts/demo-file.ts';
import { freePort } from '../../scripts/free-port.ts';
import { Replica } from '../../src/console-app/replica/replica.ts';
import { compareWithRest, isForList, SHOWN_VIEWS, settledLists } from '../support/local/console-comparison.ts';
import { consolePorts, hurriedClock } from '../support/local/console-ports.ts';
import { makeFolder } from '../support/local/hub.ts';
import { HubClient } from '../support/local/hub-client.ts';
import { runScript, type ScriptProcess } from '../support/local/script-process.ts';
import { MemoryStorage } from '../support/memory-storage.ts';

const READY = '# 3. list the chats';

let folder: string;
const running: ScriptProcess[] = [];

beforeAll(async () => {
  folder = await makeFolder();
});
afterAll(async () => {
  for (const script of running) script.kill('SIGKILL');
  await Promise.all(running.map(({ ended }) => ended));
  await rm(folder, { recursive: true, force: true });
});

async function start(port: number): Promise<ScriptProcess> {
  const script = runScript('scripts/start.ts', ['--port', String(port), '--persist-to', folder]);
  running.push(script);
  await script.waitForOutput(READY);
  return script;
}

test('after a kill -9 of the hub the console goes on where it was, sends what was written meanwhile, and reads no list again', async () => {
  const port = await freePort();
  const hub = await start(port);
  const demo = await readDemo(folder);
  if (demo === null) throw new Error('there is no demo.json');
  const client = new HubClient(demo.base_url, demo);
  const channel = await client.registerChannel(`http://127.0.0.1:${await freePort()}/nobody`);
  const say = (thread: string, text: string) => client.sendMessage(channel.id, thread, text, randomUUID());
  const { chat_id } = await say('taken', 'Hello');
  await client.joinChat(demo.agent, chat_id);

  const { call, openSocket } = consolePorts(demo.base_url, demo.agent);
  const lists: string[] = [];
  const resets: string[] = [];
  const replica = new Replica({
    userId: demo.agent.id,
    left: null,
    call: (request) => {
      if (isForList(request.path)) lists.push(request.path);
      return call(request);
    },
    openSocket: (events) =>
      openSocket({
        ...events,
        onText: (text) => {
          if (text.startsWith('{"type":"reset"')) resets.push(text);
          events.onText(text);
        },
      }),
    clock: hurriedClock(4),
    random: Math.random,
    isSignedIn: async () => true,
    storage: new MemoryStorage(),
    newKey: randomUUID,
    soon: (run) => setImmediate(run),
    onFault: (error) => {
      throw error;
    },
  });
  for (const query of SHOWN_VIEWS) replica.showView(query);
  replica.openChat(chat_id);
  replica.start();
  const patience = { timeout: 30_000, interval: 200 };
  const isCopy = () => vi.waitFor(() => compareWithRest(replica, client, demo.agent), patience);
  await isCopy();
  const listsAtFirst = await settledLists(replica, () => lists.length);

  for (let place = 0; place < 20; place++) await say(`thread-${place}`, 'A question');
  hub.kill('SIGKILL');
  await hub.ended;
  for (const text of ['one', 'two', 'three']) replica.send(chat_id, { message: text });
  expect(replica.getState().outbox).toHaveLength(3);

  await start(port);
  await say('taken', 'Are you there?');
  await say('new', 'A new one');
  await vi.waitFor(() => expect(replica.getState().outbox).toEqual([]), patience);
  await isCopy();
  const messages = replica.getState().known.threads.get(chat_id)?.messages ?? [];
  const own = messages.filter(({ type, sender_id }) => type === 'msg' && sender_id === demo.agent.id);
  expect(own.map(({ message }) => message)).toEqual(['one', 'two', 'three']);
  expect([lists.length, resets]).toEqual([listsAtFirst, []]);
  replica.stop();
});
