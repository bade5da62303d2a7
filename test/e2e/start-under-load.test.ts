import { rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../../scripts/free-port.ts';
import { makeFolder } from '../support/local/hub.ts';
import { runScript, type ScriptProcess } from '../support/local/script-process.ts';

const READY = '# 3. list the chats';
const CLIENTS = 32;

let folder: string;
let port: number;
let isOver = false;
/** The answers that clients got, by status; `none` without a connection. */
const answers = new Map<number | 'none', number>();
const running: ScriptProcess[] = [];
let clients: Promise<void>[];

beforeAll(async () => {
  folder = await makeFolder();
  port = await freePort();
  clients = Array.from({ length: CLIENTS }, retryWithoutPause);
});

afterAll(async () => {
  isOver = true;
  for (const script of running) script.kill('SIGKILL');
  await Promise.all(running.map(({ ended }) => ended));
  await Promise.all(clients);
  await rm(folder, { recursive: true, force: true });
});

/**
 * Repeats a request as soon as it is answered, and after a short pause when there is no connection. Each answer is a
 * line in the hub's log.
 */
async function retryWithoutPause(): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  while (!isOver) {
    const status = await ask(agent);
    answers.set(status, (answers.get(status) ?? 0) + 1);
    if (status === 'none') await pause(10);
  }
  agent.destroy();
}

function ask(agent: Agent): Promise<number | 'none'> {
  return new Promise((resolve) => {
    const headers = { Authorization: 'Bearer of-nobody' };
    const asked = request({ host: '127.0.0.1', port, agent, path: '/api/v5/orgs/none/owned_chats', headers });
    asked.once('error', () => resolve('none'));
    asked.once('response', (response) => {
      response.once('close', () => resolve(response.complete ? (response.statusCode ?? 0) : 'none'));
      response.resume();
    });
    asked.end();
  });
}

/** Resolves when the hub has printed its address and clients get answers. */
async function start(): Promise<ScriptProcess> {
  const script = runScript('scripts/start.ts', ['--port', String(port), '--persist-to', folder]);
  running.push(script);
  await script.waitForOutput(READY);
  return script;
}

test('a hub starts while clients retry without pause, also after a kill -9 under their load', async () => {
  const first = await start();
  first.kill('SIGKILL');
  await first.ended;
  answers.clear();
  await start();
  while ((answers.get(401) ?? 0) < 100) await pause(10);
  expect([...answers.keys()].filter((status) => status !== 'none')).toEqual([401]);
});
