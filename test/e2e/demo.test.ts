import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openHub, type TestHub } from '../support/local/hub.ts';
import { runScript } from '../support/local/script-process.ts';

const STEPS = ['Step 1', 'Step 2', 'Step 3', 'Step 4', 'Step 5', 'Step 6', 'Batch: two', 'Batch: a visitor'];
const TEXTS: [string, number][] = [
  ['001 Chats API', 89],
  ['002 JSON-RPC', 7],
  ['003 Visitor chat integration', 19],
  ['004 Threads API', 9],
];

function expectEveryStep(output: string): void {
  expect(output.split('\n').slice(-12).join('\n')).toContain('Everything is as documented.');
  for (const step of STEPS) expect(output).toContain(`━━ ${step}`);
}

test('npm run demo: every step and batch of the documented example is answered as documented', async () => {
  const demo = runScript('scripts/demo.ts', []);
  const code = await demo.ended;
  expectEveryStep(demo.output());
  expect(code).toBe(0);
  expect(demo.output().match(/signature verified/g)).toHaveLength(4);
});

test('npm run demo -- --all: the examples of the other texts are answered as documented', async () => {
  const demo = runScript('scripts/demo.ts', ['--all']);
  const code = await demo.ended;
  expectEveryStep(demo.output());
  expect(code).toBe(0);
  for (const [text, examples] of TEXTS) expect(demo.output().split(`\n✓ ${text}: `)).toHaveLength(examples + 1);
  const replayed = TEXTS.reduce((sum, [, examples]) => sum + examples, 0);
  expect(demo.output()).toContain(`\n${replayed} examples of the other texts were replayed.\n`);
});

describe('npm run demo -- --remote, for a hub that cannot reach this machine', () => {
  let hub: TestHub;
  beforeAll(async () => {
    hub = await openHub({ behaviour: ({ path }) => ({ kind: 'answer', status: path === '/well' ? 200 : 500 }) });
  });
  afterAll(() => hub.stop());

  async function play(...args: string[]) {
    const variables = { UMI_ADMIN_TOKEN: hub.demo.admin_token, UMI_BASE_URL: hub.hub.url };
    const demo = runScript('scripts/demo.ts', ['--remote', ...args], variables);
    return { code: await demo.ended, output: demo.output() };
  }

  test('reads the webhooks from the delivery log, and what became of them', async () => {
    const [nobody, well, broken] = await Promise.all([
      play(),
      play('--webhook-url', `${hub.receiver.url}/well`),
      play('--webhook-url', `${hub.receiver.url}/broken`),
    ]);
    for (const { code, output } of [nobody, well]) {
      expectEveryStep(output);
      expect(output.match(/in the delivery log/g)).toHaveLength(4);
      expect(code).toBe(0);
    }
    const received = hub.receiver.requests.filter(({ path }) => path === '/well');
    expect(received).toHaveLength(4);
    expect(broken.code).toBe(1);
    expect(broken.output.match(/ is exhausted after 4 attempts \(500\), not delivered$/gm)).toHaveLength(8);
  });

  test('leaves no token that opens anything for long, and shows none', async () => {
    const { output } = await play('--webhook-url', `${hub.receiver.url}/well`);
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
    const lacking = runScript('scripts/demo.ts', ['--remote'], { UMI_ADMIN_TOKEN: '' });
    expect(await lacking.ended).toBe(1);
    expect(lacking.output()).toMatch(/^UMI_ADMIN_TOKEN is not set\. .*\n$/);
    const alone = runScript('scripts/demo.ts', ['--webhook-url', 'https://receiver.example']);
    expect(await alone.ended).toBe(1);
    expect(alone.output()).toBe('--webhook-url goes with --remote.\n');
    const whole = runScript('scripts/demo.ts', ['--all', '--remote'], { UMI_ADMIN_TOKEN: hub.demo.admin_token });
    expect(await whole.ended).toBe(1);
    expect(whole.output()).toMatch(/^--all does not go with --remote: .*\n$/);
  });
});
