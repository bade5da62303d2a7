import { rm } from 'node:fs/promises';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Bootstrap, bootstrap } from '../../scripts/admin-bootstrap.ts';
import { readTarget, type Target } from '../../scripts/deployment-target.ts';
import { freePort } from '../../scripts/free-port.ts';
import { requestJson } from '../../scripts/json-request.ts';
import { type LocalHub, startHub } from '../../scripts/local-hub.ts';
import { type AccountState, fakeAccount } from '../support/local/fake-account.ts';
import { makeFolder } from '../support/local/hub.ts';
import { runScript } from '../support/local/script-process.ts';

describe('npm run admin -- bootstrap', () => {
  let target: Target;
  let folder: string;
  let baseUrl: string;
  let hub: LocalHub | null;
  let said: string[];

  // Wrangler reads the configuration, and is slow to load on a busy machine.
  beforeAll(async () => {
    target = await readTarget('');
  });
  beforeEach(async () => {
    folder = await makeFolder();
    hub = null;
    said = [];
  });
  afterEach(async () => {
    await hub?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** An account whose Worker runs here, with the secret that it is given. */
  async function newAccount(state: AccountState = {}) {
    const port = await freePort();
    baseUrl = `http://127.0.0.1:${port}`;
    const variables: Record<string, string> = {};
    const onSecret = async (name: string, value: string) => {
      variables[name] = value;
      if (name === 'ADMIN_TOKEN') hub = await startHub({ persistTo: folder, port, log: () => {}, variables });
    };
    return fakeAccount({ onSecret, ...state });
  }

  /** The line after the one that begins so. */
  const shown = (words: string) => said[said.findIndex((line) => line.startsWith(words)) + 1] ?? '';
  const SET = ['secret put SECRETS_KEY --env=', 'secret put ADMIN_TOKEN --env='];

  const run = (account: ReturnType<typeof fakeAccount>, options: Partial<Bootstrap> = {}) =>
    bootstrap({
      target,
      run: account.run,
      baseUrl,
      adminToken: null,
      organizationName: 'Example Ltd',
      firstName: 'Ada',
      say: (line) => said.push(line),
      patience: 1000,
      ...options,
    });

  test('shows the token that it sets, and makes an organization that its user can manage', async () => {
    const account = await newAccount();
    await run(account);
    expect(account.changes()).toEqual(SET);
    const [key, adminToken] = [shown('The key'), shown('The admin token')];
    for (const secret of [key, adminToken]) expect(secret).toMatch(/^[\w-]{43}$/);
    expect(key).not.toBe(adminToken);
    // They are no arguments: other users of the machine see those.
    for (const secret of [key, adminToken]) expect(account.calls.join(' ')).not.toContain(secret);
    const made = JSON.parse(said.at(-1) ?? '');
    expect(made).toEqual({
      base_url: baseUrl,
      organization_id: expect.any(String),
      room_id: expect.any(String),
      user_id: expect.any(String),
      token: expect.stringMatching(/^umi_/),
    });
    const path = `/api/v5/orgs/${made.organization_id}`;
    const url = `${baseUrl}${path}/unified_messaging`;
    const reply_webhook_url = 'https://www.example.com/replies';
    const body = { name: 'Mail', messaging_channel: 'email', room_id: made.room_id, reply_webhook_url };
    expect((await requestJson({ method: 'POST', url, token: made.token, body })).status).toBe(201);
    const mine = await requestJson({ method: 'GET', url: `${baseUrl}${path}`, token: made.token });
    expect(mine.body).toMatchObject({ name: 'Example Ltd' });

    // Repeated: no other token, no other organization.
    await run(account, { adminToken });
    expect(said.at(-1)).toContain('has an organization already');
    expect(account.changes()).toEqual(SET);
    await expect(run(account)).rejects.toThrow(/^ADMIN_TOKEN is set already\. Set UMI_ADMIN_TOKEN to it/);
    await expect(run(account, { adminToken: 'x'.repeat(43) })).rejects.toThrow(/does not accept the token: .*401/);
  });

  test('goes on where it was cut off after the token was set', async () => {
    const account = await newAccount();
    const cut = run(account, {
      say: (line) => {
        said.push(line);
        if (line.startsWith('Waiting')) throw new Error('cut off');
      },
    });
    await expect(cut).rejects.toThrow('cut off');
    await run(account, { adminToken: shown('The admin token') });
    expect(JSON.parse(said.at(-1) ?? '').token).toMatch(/^umi_/);
  });

  test('shows the token before it sets it, and says when it is void', async () => {
    const account = await newAccount({ fails: 'secret put ADMIN_TOKEN --env=' });
    await expect(run(account)).rejects.toThrow('ADMIN_TOKEN could not be set, so the one above is void.');
    expect(shown('The admin token')).toMatch(/^[\w-]{43}$/);
  });

  test('gives a hub that has a token the key that it lacks, whether or not the operator has the token at hand', async () => {
    const account = await newAccount({ secrets: ['ADMIN_TOKEN'] });
    await expect(run(account)).rejects.toThrow(/^ADMIN_TOKEN is set already/);
    expect(account.changes()).toEqual(['secret put SECRETS_KEY --env=']);
    expect(shown('The key')).toMatch(/^[\w-]{43}$/);
  });

  test('stops before it makes a token when nothing is deployed, or the address is not known', async () => {
    const nothing = await newAccount({ fails: 'secret list --format json --env=' });
    await expect(run(nothing)).rejects.toThrow('Is it deployed? npm run deploy');
    await expect(run(await newAccount(), { baseUrl: null })).rejects.toThrow('Put PUBLIC_ORIGIN into');
    expect(said).toEqual([]);
  });

  test.each([
    [['bootstrap'], 'missing --name <text>'],
    [['bootstrap', 'now', '--name', 'X'], 'unexpected "now"'],
    [['bootstrap', '--name', 'X', '--room', 'r'], 'unexpected "--room"'],
    [['rooms', 'list', '--organization', 'o', '--env', 'staging'], 'rooms list takes no --env'],
  ])('npm run admin -- %j is refused before it calls anybody', async (args, problem) => {
    const refused = runScript('scripts/admin.ts', args, { UMI_ADMIN_TOKEN: 'none' });
    expect(await refused.ended).toBe(2);
    expect(refused.output()).toContain(problem);
  });
});
