import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { deploy } from '../../scripts/deployment.ts';
import { projectPath } from '../../scripts/project.ts';
import type { RunWrangler } from '../../scripts/wrangler-command.ts';

const IDS: { [name: string]: string } = {
  umi: '11111111-2222-4333-8444-555555555555',
  'umi-deliveries': '66666666-7777-4888-8999-aaaaaaaaaaaa',
};

/** An account that behaves as wrangler shows one, and a record of what was asked of it. */
function account(state: {
  databases: { uuid: string; name: string }[];
  queues: string[];
  fails?: string;
  /** Migrations that are not applied yet; without it all of them. */
  due?: string[];
}) {
  const { due = ['0001_hub.sql', '0002_chats_api.sql'] } = state;
  const calls: string[] = [];
  const run: RunWrangler = async (args) => {
    const call = args.join(' ');
    calls.push(call);
    if (call === state.fails) return { code: 1, stdout: '', stderr: 'it failed' };
    if (call === 'd1 list --json') return { code: 0, stdout: JSON.stringify(state.databases), stderr: '' };
    if (call === 'd1 migrations list umi --remote') return { code: 0, stdout: due.join('\n'), stderr: '' };
    const created = /^d1 create (.+)$/.exec(call)?.[1];
    if (created !== undefined) state.databases.push({ uuid: IDS[created] ?? '', name: created });
    if (call.startsWith('queues info'))
      return { code: state.queues.includes(args[2] ?? '') ? 0 : 1, stdout: '', stderr: '' };
    if (call.startsWith('queues create')) state.queues.push(args[2] ?? '');
    return { code: 0, stdout: '[]', stderr: '' };
  };
  return { calls, run };
}

describe('npm run deploy', () => {
  let folder: string;
  let configPath: string;
  const said: string[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'umi-deploy-'));
    configPath = join(folder, 'wrangler.toml');
    const toml = await readFile(projectPath('wrangler.toml'), 'utf8');
    await writeFile(
      configPath,
      toml.replaceAll(/^(database_id = )"[^"]*"/gm, '$1"00000000-0000-4000-8000-000000000000"'),
    );
    said.length = 0;
  });
  afterEach(() => rm(folder, { recursive: true }));

  function deployTo({ run }: { run: RunWrangler }): Promise<void> {
    return deploy({ run, configPath, say: (line) => said.push(line) });
  }

  test('an empty account gets databases, queues and tables before the Worker', async () => {
    const empty = account({ databases: [], queues: [] });
    await deployTo(empty);
    expect(
      empty.calls.filter((call) => !/^(whoami|d1 list|d1 migrations list|queues info|secret list)/.test(call)),
    ).toEqual([
      'd1 create umi',
      'd1 create umi-deliveries',
      'queues create umi-webhooks',
      'queues create umi-webhooks-dead',
      'd1 migrations apply umi --remote',
      'd1 migrations apply umi-deliveries --remote',
      'deploy',
    ]);
    const config = await readFile(configPath, 'utf8');
    for (const [name, id] of Object.entries(IDS)) {
      expect(config).toContain(`database_name = "${name}"\ndatabase_id = "${id}"`);
    }
    expect(said.join('\n')).toContain('wrangler secret put ADMIN_TOKEN');
  });

  test('a second deployment creates nothing and leaves the configuration as it is', async () => {
    const known = account({ databases: [], queues: [] });
    await deployTo(known);
    const config = await readFile(configPath, 'utf8');
    known.calls.length = 0;
    await deployTo(known);
    expect(known.calls.filter((call) => call.includes('create'))).toEqual([]);
    expect(await readFile(configPath, 'utf8')).toBe(config);
  });

  test.each([
    ['new', ['0001_hub.sql', '0002_chats_api.sql'], false],
    ['older than the Chats API', ['0002_chats_api.sql'], true],
    ['older than the convergent copy', ['0005_convergent_copy.sql'], true],
    ['up to date', [], false],
  ])('says whether chats need a rebuild when the database is %s', async (_, due, isNeeded) => {
    await deployTo(account({ databases: [], queues: [], due }));
    expect(said.join('\n').includes('npm run rebuild')).toBe(isNeeded);
  });

  test("another account's database id stops it before anything is created", async () => {
    await deployTo(account({ databases: [], queues: [] }));
    const other = account({ databases: [{ uuid: 'another', name: 'umi' }], queues: [] });
    await expect(deployTo(other)).rejects.toThrow(String(IDS['umi']));
    expect(other.calls.some((call) => call.includes('create') || call === 'deploy')).toBe(false);
  });

  test('failed migrations keep the Worker from being deployed', async () => {
    const broken = account({ databases: [], queues: [], fails: 'd1 migrations apply umi --remote' });
    await expect(deployTo(broken)).rejects.toThrow('The migrations failed');
    expect(broken.calls).not.toContain('deploy');
  });
});
