import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openHub, type TestHub } from '../support/local/hub.ts';
import { runScript, type ScriptProcess } from '../support/local/script-process.ts';

const STEPS = ['Step 1', 'Step 2', 'Step 3', 'Step 4', 'Step 5', 'Step 6', 'Batch: two', 'Batch: a visitor'];
const TEXTS: [string, number][] = [
  ['001 Chats API', 91],
  ['002 JSON-RPC', 7],
  ['003 Visitor chat integration', 19],
  ['004 Threads API', 9],
];

function expectEveryStep(output: string): void {
  expect(output.split('\n').slice(-12).join('\n')).toContain('Everything is as documented.');
  for (const step of STEPS) expect(output).toContain(`━━ ${step}`);
}

let hub: TestHub;
let own: ScriptProcess;
let running: ScriptProcess;
/** For a hub that cannot reach this machine: without a receiver, with one, and with one that fails. */
let remote: { nobody: ScriptProcess; well: ScriptProcess; broken: ScriptProcess };

// Most of the time is waiting for retries, so all of them play at once.
beforeAll(async () => {
  hub = await openHub({ behaviour: ({ path }) => ({ kind: 'answer', status: path === '/well' ? 200 : 500 }) });
  const variables = { UMI_ADMIN_TOKEN: hub.demo.admin_token, UMI_BASE_URL: hub.hub.url };
  const play = (...args: string[]) => runScript('scripts/demo.ts', ['--remote', ...args], variables);
  remote = {
    nobody: play(),
    well: play('--webhook-url', `${hub.receiver.url}/well`),
    broken: play('--webhook-url', `${hub.receiver.url}/broken`),
  };
  running = runScript('scripts/demo.ts', ['--base-url', hub.hub.url, '--persist-to', hub.folder]);
  own = runScript('scripts/demo.ts', ['--all']);
});
afterAll(async () => {
  for (const demo of [own, running, ...Object.values(remote)]) demo.kill('SIGKILL');
  await hub.stop();
});

test('npm run demo -- --base-url: every step and batch of the documented example is answered as documented', async () => {
  const code = await running.ended;
  expectEveryStep(running.output());
  expect(code).toBe(0);
  expect(running.output().match(/signature verified/g)).toHaveLength(4);
  expect(running.output()).not.toContain('examples of the other texts');
});

test('npm run demo -- --all: the examples of the other texts are answered as documented, on a hub of its own', async () => {
  const code = await own.ended;
  expectEveryStep(own.output());
  expect(code).toBe(0);
  expect(own.output().match(/signature verified/g)).toHaveLength(4);
  for (const [text, examples] of TEXTS) expect(own.output().split(`\n✓ ${text}: `)).toHaveLength(examples + 1);
  const replayed = TEXTS.reduce((sum, [, examples]) => sum + examples, 0);
  expect(own.output()).toContain(`\n${replayed} examples of the other texts were replayed.\n`);
});

describe('npm run demo -- --remote, for a hub that cannot reach this machine', () => {
  test('leaves no token that opens anything for long, and shows none', async () => {
    await remote.well.ended;
    const output = remote.well.output();
    const admin = (path: string) =>
      fetch(`${hub.hub.url}/admin/v1${path}`, { headers: { Authorization: `Bearer ${hub.demo.admin_token}` } }).then(
        async (answer) => (await answer.json()) as { results: { id: string; expires_at: string | null }[] },
      );
    const path = /organization_id": "([0-9a-f-]{36})"/.exec(output)?.[1];
    const users = await admin(`/organizations/${path}/users`);
    const tokens = await Promise.all(users.results.map(({ id }) => admin(`/organizations/${path}/users/${id}/tokens`)));
    const ends = tokens.flatMap(({ results }) => results.map(({ expires_at }) => expires_at));
    expect(ends).toHaveLength(4);
    expect(ends).not.toContain(null);
    expect(output).not.toContain('umi_');
  });

  test('says in one line what it lacks', async () => {
    const refused = async (args: string[], token: string) => {
      const script = runScript('scripts/demo.ts', args, { UMI_ADMIN_TOKEN: token });
      expect(await script.ended).toBe(1);
      return script.output();
    };
    const [lacking, alone, whole] = await Promise.all([
      refused(['--remote'], ''),
      refused(['--webhook-url', 'https://receiver.example'], ''),
      refused(['--all', '--remote'], hub.demo.admin_token),
    ]);
    expect(lacking).toMatch(/^UMI_ADMIN_TOKEN is not set\. .*\n$/);
    expect(alone).toBe('--webhook-url goes with --remote.\n');
    expect(whole).toMatch(/^--all does not go with --remote: .*\n$/);
  });

  test('reads the webhooks from the delivery log, and what became of them', async () => {
    const { nobody, well, broken } = remote;
    const [ofNobody, ofWell, ofBroken] = await Promise.all([nobody.ended, well.ended, broken.ended]);
    for (const demo of [nobody, well]) {
      expectEveryStep(demo.output());
      expect(demo.output().match(/in the delivery log/g)).toHaveLength(4);
    }
    expect([ofNobody, ofWell, ofBroken]).toEqual([0, 0, 1]);
    expect(hub.receiver.requests.filter(({ path }) => path === '/well')).toHaveLength(4);
    expect(broken.output().match(/ is exhausted after 4 attempts \(500\), not delivered$/gm)).toHaveLength(8);
  });
});
