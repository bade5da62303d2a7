import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DemoHub, startDemoHub } from '../../scripts/demo-hub.ts';
import { requestJson } from '../../scripts/json-request.ts';
import { makeFolder } from '../support/local/hub.ts';
import { runScript } from '../support/local/script-process.ts';

let folder: string;
let hub: DemoHub;

beforeAll(async () => {
  folder = await makeFolder();
  hub = await startDemoHub({ persistTo: folder });
});
afterAll(async () => {
  await hub.stop();
  await rm(folder, { recursive: true, force: true });
});

const asks = (method: 'GET' | 'POST', path: string, token: string | null, body?: object) =>
  requestJson({ method, url: `${hub.url}${path}`, token, ...(body === undefined ? {} : { body }) });

async function restartWith(secrets: string): Promise<void> {
  await hub.stop();
  await writeFile(join(folder, 'secrets.env'), secrets);
  hub = await startDemoHub({ persistTo: folder, log: () => {} });
}

async function rotateKeys(...args: string[]): Promise<{ code: unknown; output: string }> {
  const script = runScript('scripts/admin.ts', ['rotate-keys', '--base-url', hub.url, ...args], {
    UMI_ADMIN_TOKEN: hub.adminToken,
  });
  return { code: await script.ended, output: script.output() };
}

test('npm run admin -- rotate-keys: the documented change of SECRETS_KEY loses no secret, visitor or token', async () => {
  const { organization_id, room_id, settings_token } = hub.demo ?? {
    organization_id: '',
    room_id: '',
    settings_token: '',
  };
  const channels = `/api/v5/orgs/${organization_id}/unified_messaging`;
  const channel = { name: 'Mail', messaging_channel: 'email', room_id, reply_webhook_url: 'http://127.0.0.1:65535/' };
  const { id } = (await asks('POST', channels, settings_token, channel)).body as { id: string };
  const secretOf = async () => await asks('GET', `${channels}/${id}/secret`, settings_token);
  const { secret } = (await secretOf()).body as { secret: string };
  const auth = async (body: object) =>
    (await asks('POST', `/api/v5/public/orgs/${organization_id}/auth`, null, body)).body;
  type Session = { visitor_id: string; visitor_secret_id: string; access_token: string };
  const visitor = (await auth({})) as Session;
  const chats = async () =>
    (await asks('GET', `/api/v5/public/visitors/${visitor.visitor_id}/chats`, visitor.access_token)).status;

  const before = (await readFile(join(folder, 'secrets.env'), 'utf8')).trim();
  const key = `SECRETS_KEY=${Buffer.alloc(32, 7).toString('base64')}`;
  await restartWith(`${key}\n${before.replace('SECRETS_KEY', 'SECRETS_KEY_PREVIOUS')}\n`);
  expect((await secretOf()).body).toMatchObject({ secret });
  const rotated = await rotateKeys();
  // The hub's two keys, the new channel's secret, and two of each of the demo's channels of other interfaces.
  expect(rotated).toEqual({
    code: 0,
    output: expect.stringMatching(
      /^New signing key \S+\. Earlier tokens work until they expire\.\n7 secrets wrapped by SECRETS_KEY, 0 unreadable\.\n$/,
    ),
  });
  expect((await rotateKeys()).output).toContain('0 secrets wrapped by SECRETS_KEY, 0 unreadable.');

  await restartWith(`${key}\n`);
  expect((await secretOf()).body).toMatchObject({ secret });
  expect(await auth({ visitor_secret_id: visitor.visitor_secret_id })).toMatchObject({
    visitor_id: visitor.visitor_id,
  });
  expect(await chats()).toBe(200);
  expect((await rotateKeys('--ends-previous', 'true')).output).toContain('All earlier tokens end now.');
  expect(await chats()).toBe(401);

  // With the old key alone it says what it lacks, and loses nothing.
  await restartWith(`${before}\n`);
  expect((await secretOf()).status).toBe(503);
  const unreadable = await rotateKeys();
  expect([unreadable.code, unreadable.output]).toEqual([1, expect.stringContaining('503 POST')]);
}, 240_000);

test.each([
  [['now'], 'unexpected "now"'],
  [['--name', 'X'], 'unexpected "--name"'],
  [['--ends-previous', 'yes'], '--ends-previous is true or false'],
])('npm run admin -- rotate-keys %j is refused before it calls anybody', async (args, problem) => {
  const refused = await rotateKeys(...args);
  expect([refused.code, refused.output]).toEqual([2, expect.stringContaining(problem)]);
});
