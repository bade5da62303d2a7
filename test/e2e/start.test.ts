import { spawnSync } from 'node:child_process';
import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Demo, readDemo } from '../../scripts/demo-file.ts';
import { freePort } from '../../scripts/free-port.ts';
import { projectPath } from '../../scripts/project.ts';
import { makeFolder } from '../support/local/hub.ts';
import { HubClient } from '../support/local/hub-client.ts';
import { runScript, type ScriptProcess } from '../support/local/script-process.ts';

const READY = '# 3. list the chats';

/** Asks as the page of the hub with this cookie. */
async function askAsPage(demo: Demo, method: string, path: string, cookie = '', body?: object) {
  const headers = { Origin: demo.base_url, Cookie: cookie, 'Content-Type': 'application/json' };
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const response = await fetch(`${demo.base_url}/api/v5${path}`, { method, headers, ...sent });
  const text = await response.text();
  return {
    status: response.status,
    cookie: (response.headers.get('Set-Cookie') ?? '').split(';')[0] ?? '',
    json: (text === '' ? {} : JSON.parse(text)) as { [field: string]: unknown },
  };
}

/** What a newcomer does in the console: signs in with a click, sends a test message, answers it, and sees the webhook. */
async function playDemo(demo: Demo, hub: ScriptProcess): Promise<void> {
  const people = await askAsPage(demo, 'GET', '/session/demo');
  expect(people.json).toEqual({
    users: [
      { id: demo.agent.id, name: 'Agent Smith' },
      { id: demo.agent2.id, name: 'Agent Jones' },
      { id: demo.settings_user_id, name: 'Sam Settings' },
    ],
    is_complete: true,
  });
  const { status, cookie } = await askAsPage(demo, 'POST', '/session', '', { demo_user_id: demo.agent.id });
  expect([status, cookie]).toEqual([201, expect.stringMatching(/^umi_session=umi_/)]);
  const { json: sent } = await askAsPage(demo, 'POST', '/session/demo/message', cookie);
  const own = `/users/${demo.agent.id}`;
  await askAsPage(demo, 'POST', `${own}/clients`, cookie, { presence_expires_in: 60 });
  const member = { is_participating: true, composing_status: 'idle' };
  const joined = await askAsPage(demo, 'POST', `${own}/pending_chats/${sent['chat_id']}/memberships`, cookie, member);
  expect(joined.status).toBe(201);
  const message = 'It left our\u001b house.';
  await askAsPage(demo, 'POST', `${own}/chats/${sent['chat_id']}/messages`, cookie, { message });
  await hub.waitForOutput('demo reply by Agent Smith: It left our  house.');
}

describe('npm start', () => {
  let folder: string;
  let port: number;
  const running: ScriptProcess[] = [];

  function start(onPort: number): ScriptProcess {
    const script = runScript('scripts/start.ts', ['--port', String(onPort), '--persist-to', folder]);
    running.push(script);
    return script;
  }

  async function demoFile(): Promise<Demo> {
    const demo = await readDemo(folder);
    if (demo === null) throw new Error('there is no demo.json');
    return demo;
  }

  beforeAll(async () => {
    folder = await makeFolder();
    port = await freePort();
  });

  afterAll(async () => {
    for (const script of running) script.kill('SIGKILL');
    await Promise.all(running.map(({ ended }) => ended));
    await rm(folder, { recursive: true, force: true });
  });

  test('keeps data, ids and tokens through SIGKILL and SIGTERM, and follows a new port', async () => {
    const first = start(port);
    const printed = await first.waitForOutput(READY);
    const demo = await demoFile();
    expect(demo.base_url).toBe(`http://127.0.0.1:${port}`);
    for (const value of [demo.organization_id, demo.room_id, demo.settings_token, demo.admin_token, demo.bot.token]) {
      expect(printed).toContain(value);
    }
    expect((await stat(join(folder, 'demo.json'))).mode & 0o777).toBe(0o600);
    for (const file of ['admin-token', 'secrets.env'])
      expect((await stat(join(folder, file))).mode & 0o777).toBe(0o600);
    expect(printed).toContain(`Console         ${demo.base_url}/console`);
    await playDemo(demo, first);
    const client = new HubClient(demo.base_url, demo);
    const channel = await client.registerChannel('http://127.0.0.1:65535/hooks');
    const sent = await client.sendMessage(channel.id, 'a thread', 'kept through a crash', 'm1');

    first.kill('SIGKILL');
    expect(await first.ended).toBe('SIGKILL');
    const second = start(port);
    await second.waitForOutput(READY);
    expect(await demoFile()).toEqual(demo);
    const again = await client.sendMessage(channel.id, 'a thread', 'after the crash', 'm2');
    expect(again).toMatchObject({ chat_id: sent.chat_id, mapping_id: sent.mapping_id, is_new_session: false });

    second.kill('SIGTERM');
    expect(await second.ended).toBe(0);
    const otherPort = await freePort();
    const third = start(otherPort);
    await third.waitForOutput(READY);
    const moved = await demoFile();
    const base = `http://127.0.0.1:${otherPort}`;
    const { rpc, threads } = demo;
    expect(moved).toEqual({
      ...demo,
      base_url: base,
      rpc: { ...rpc, url: `${base}/api` },
      threads: { ...threads, url: `${base}/api/v1` },
    });
    const messages = await new HubClient(moved.base_url, moved).request(
      'GET',
      `/api/v5/orgs/${moved.organization_id}/owned_chats/${sent.chat_id}`,
    );
    expect(messages).toMatchObject({ status: 200, body: { visitor_message_count: 2 } });

    const onTakenPort = runScript('scripts/start.ts', [
      '--port',
      String(otherPort),
      '--persist-to',
      await makeFolder(),
    ]);
    expect(await onTakenPort.ended).toBe(1);
    expect(onTakenPort.output()).toMatch(new RegExp(`^Port ${otherPort} .* is taken`));

    const onUsedStore = start(port);
    expect(await onUsedStore.ended).toBe(1);
    expect(onUsedStore.output()).toContain('is in use by another hub');
    third.kill('SIGINT');
    expect(await third.ended).toBe(0);
  });

  test.skipIf(process.platform === 'win32')(
    'warns when the limit of open files is so low that the runtime would end',
    () => {
      const script = `import { warnOfFewFiles } from ${JSON.stringify(projectPath('scripts/open-files.ts'))};
      warnOfFewFiles(({ level, message }) => console.log(level, message));`;
      const warned = (limit: number) => {
        const command = `ulimit -n ${limit} && exec "$0" --input-type=module -e "$1"`;
        return spawnSync('sh', ['-c', command, process.execPath, script], { encoding: 'utf8' }).stdout;
      };
      expect(warned(1_024)).toMatch(/^warn This process may open 1024 files .* about 324 threads/);
      expect(warned(4_096)).toBe('');
    },
  );

  test('the admin token is nowhere in the configuration', async () => {
    expect(await readFile('wrangler.toml', 'utf8')).not.toContain('ADMIN_TOKEN');
  });
});
