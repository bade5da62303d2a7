import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { unstable_readConfig as readConfig } from 'wrangler';
import { type Deployment, deploy, rehearse } from '../../scripts/deployment.ts';
import { readTarget } from '../../scripts/deployment-target.ts';
import { promote } from '../../scripts/gradual-deployment.ts';
import { projectPath } from '../../scripts/project.ts';
import { type Account, fakeAccount } from '../support/local/fake-account.ts';

/** The call that records the jurisdiction of the first deployment. */
const recorded = (jurisdiction: string, environment: string) =>
  `d1 execute DB --remote --json --command INSERT INTO deployment (one, jurisdiction) VALUES (1, '${jurisdiction}') ON CONFLICT DO NOTHING --env=${environment}`;

describe('npm run deploy', () => {
  let root: string;
  const said: string[] = [];

  // Wrangler reads the configuration, and is slow to load on a busy machine.
  beforeAll(() => readTarget(''));
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'umi-deploy-'));
    await cp(projectPath('wrangler.toml'), join(root, 'wrangler.toml'));
    await cp(projectPath('migrations'), join(root, 'migrations'), { recursive: true });
    await mkdir(join(root, 'deployments'));
    said.length = 0;
  });
  afterEach(() => rm(root, { recursive: true }));

  const settings = (environment: string, text: string) =>
    writeFile(join(root, 'deployments', `${environment}.env`), text);

  async function at({ run, fetch }: Account, environment = ''): Promise<Deployment> {
    return { target: await readTarget(environment, root), run, fetch, say: (line) => said.push(line) };
  }

  async function deployTo(account: Account, environment = '', percentage: number | null = null) {
    return await deploy(await at(account, environment), percentage);
  }

  test('an empty account gets databases, queues and tables before the Worker, and the configuration is not changed', async () => {
    const toml = await readFile(join(root, 'wrangler.toml'), 'utf8');
    const account = fakeAccount();
    await deployTo(account);
    expect(account.changes()).toEqual([
      'd1 create umi',
      'd1 create umi-deliveries',
      'queues create umi-webhooks',
      'queues create umi-webhooks-dead',
      'r2 bucket create umi-files',
      'd1 migrations apply DB --remote --env=',
      'd1 migrations apply DELIVERY_LOG --remote --env=',
      recorded('', ''),
      'deploy --env=',
    ]);
    for (const secret of ['ADMIN_TOKEN', 'SECRETS_KEY']) expect(said.join('\n')).toContain(`There is no ${secret}`);
    expect(await readFile(join(root, 'wrangler.toml'), 'utf8')).toBe(toml);
  });

  test('says that the admin token is too short, which only the deployed hub knows', async () => {
    await settings('default', 'PUBLIC_ORIGIN=https://umi.example.com');
    const detail = 'The admin API is closed: the secret ADMIN_TOKEN of this deployment has fewer than 32 characters.';
    const answers = [() => Response.json({ detail }, { status: 503 }), () => new Response('', { status: 401 })];
    for (const adminApi of answers) await deployTo(fakeAccount({ secrets: ['ADMIN_TOKEN'], adminApi }));
    expect(said.filter((line) => line.includes('/admin/v1'))).toEqual([
      `https://umi.example.com/admin/v1: it answers 503 ${JSON.stringify({ detail })}. npm run doctor checks it again.`,
    ]);
    // A new domain does not resolve yet.
    const adminApi = () => {
      throw new TypeError('fetch failed');
    };
    expect(await deployTo(fakeAccount({ secrets: ['ADMIN_TOKEN'], adminApi }))).toBeNull();
    expect(said.at(-1)).toContain('it cannot be asked: TypeError: fetch failed');
  });

  test('a second deployment only deploys', async () => {
    const account = fakeAccount();
    await deployTo(account);
    account.calls.length = 0;
    await deployTo(account);
    expect(account.changes()).toEqual(['deploy --env=']);
  });

  test('each environment has its own resources and settings', async () => {
    const account = fakeAccount();
    const lines = ['DOMAIN=umi.example.com', 'PUBLIC_ORIGIN=https://umi.example.com', 'DATABASE_LOCATION=weur'];
    await settings('production', [...lines, 'CLOUDFLARE_ACCOUNT_ID=a1'].join('\n'));
    await deployTo(account, 'production');
    expect(account.changes()).toEqual([
      'd1 create umi-production --location weur',
      'd1 create umi-production-deliveries --location weur',
      'queues create umi-production-webhooks',
      'queues create umi-production-webhooks-dead',
      'r2 bucket create umi-production-files --location weur',
      'd1 migrations apply DB --remote --env=production',
      'd1 migrations apply DELIVERY_LOG --remote --env=production',
      recorded('', 'production'),
      'deploy --env=production --var PUBLIC_ORIGIN:https://umi.example.com --domain umi.example.com',
    ]);
    expect(account.accountIds).toEqual(new Set(['a1']));
  });

  test('in a jurisdiction databases and bucket are made there, and the Worker keeps its objects there', async () => {
    const account = fakeAccount();
    await settings('production', 'JURISDICTION=eu\nDOMAIN=umi.example.com');
    await deployTo(account, 'production');
    const changes = account.changes();
    expect(changes.filter((change) => change.startsWith('d1 create'))).toEqual([
      'd1 create umi-production --jurisdiction eu',
      'd1 create umi-production-deliveries --jurisdiction eu',
    ]);
    expect(changes).toContain('r2 bucket create umi-production-files --jurisdiction eu');
    expect(changes.at(-1)).toBe('deploy --env=production --var JURISDICTION:eu --domain umi.example.com');
    const [written = ''] = account.configurations;
    const bucketsOf = (env: string) => readConfig({ config: written, env }, { hideWarnings: true }).r2_buckets;
    expect(bucketsOf('production')).toEqual([expect.objectContaining({ binding: 'FILES', jurisdiction: 'eu' })]);
    expect(bucketsOf('staging')[0]).not.toHaveProperty('jurisdiction');
    account.calls.length = 0;
    await deployTo(account, 'production');
    expect(account.changes()).toHaveLength(1);
  });

  test('the jurisdiction of the first deployment is recorded before the Worker is there, and never changes', async () => {
    const account = fakeAccount();
    await settings('staging', 'JURISDICTION=eu');
    await deployTo(account, 'staging');
    expect(account.changes().slice(-2)).toEqual([
      recorded('eu', 'staging'),
      'deploy --env=staging --var JURISDICTION:eu',
    ]);
    for (const [text, shown] of [
      ['', 'no JURISDICTION'],
      ['JURISDICTION=fedramp', 'JURISDICTION=fedramp'],
    ] as const) {
      await settings('staging', text);
      account.calls.length = 0;
      const refusal = `This deployment was made with JURISDICTION=eu, and deployments/staging.env has ${shown}.`;
      await expect(deployTo(account, 'staging')).rejects.toThrow(refusal);
      await expect(deployTo(account, 'staging', 10)).rejects.toThrow();
      await expect(rehearse(await at(account, 'staging'))).rejects.toThrow(refusal);
      expect(account.changes()).toEqual([]);
    }
    const anywhere = fakeAccount({ databases: ['umi', 'umi-deliveries'], jurisdiction: '' });
    await settings('default', 'JURISDICTION=eu');
    await expect(deployTo(anywhere)).rejects.toThrow('was made with no JURISDICTION');
    // A deployment from before this was recorded.
    const older = fakeAccount({ databases: ['umi', 'umi-deliveries'], due: ['0029_deployment.sql'] });
    await deployTo(older);
    expect(older.changes()).toContain(recorded('eu', ''));
  });

  test('refuses a JURISDICTION that is no name', async () => {
    await settings('default', `JURISDICTION="eu'); DROP"`);
    const account = fakeAccount();
    await expect(deployTo(account)).rejects.toThrow('It is a name like eu or fedramp');
    expect(account.calls).toEqual([]);
  });

  test('further databases for organizations are made and migrated, and the Worker gets their bindings', async () => {
    const account = fakeAccount();
    await settings('staging', 'DATABASES=DB_2');
    const { target } = await at(account, 'staging');
    await deployTo(account, 'staging');
    expect(account.changes()).toEqual([
      'd1 create umi-staging',
      'd1 create umi-staging-deliveries',
      'd1 create umi-staging-2',
      'queues create umi-staging-webhooks',
      'queues create umi-staging-webhooks-dead',
      'r2 bucket create umi-staging-files',
      'd1 migrations apply DB --remote --env=staging',
      'd1 migrations apply DELIVERY_LOG --remote --env=staging',
      'd1 migrations apply DB_2 --remote --env=staging',
      recorded('', 'staging'),
      'deploy --env=staging',
    ]);
    const written = join(root, 'wrangler.staging.generated.toml');
    expect([...account.configurations]).toEqual([written]);
    expect(target.bindings).toContain('DB_2');
    const configuration = (env: string) => readConfig({ config: written, env }, { hideWarnings: true });
    const original = readConfig({ config: join(root, 'wrangler.toml'), env: 'staging' }, { hideWarnings: true });
    expect(configuration('staging').d1_databases).toEqual([
      ...original.d1_databases,
      expect.objectContaining({ binding: 'DB_2', database_name: 'umi-staging-2' }),
    ]);
    expect(configuration('staging').main).toBe(original.main);
    expect(configuration('production').d1_databases).toHaveLength(2);
    account.calls.length = 0;
    await deployTo(account, 'staging');
    expect(account.changes()).toEqual(['deploy --env=staging']);
  });

  test.each(['DB', 'DB_2,DB_2', 'DELIVERY_LOG', 'DB_2;', 'db_2', 'DB_'])('refuses %s as DATABASES', async (names) => {
    const account = fakeAccount();
    await settings('default', `DATABASES="${names}"`);
    await expect(deployTo(account)).rejects.toThrow('names the databases');
    expect(account.calls).toEqual([]);
  });

  test.each([
    ['new', ['0001_hub.sql', '0002_chats_api.sql'], false],
    ['older than the Chats API', ['0002_chats_api.sql'], true],
    ['older than the convergent copy', ['0005_convergent_copy.sql'], true],
    ['up to date', [], false],
  ])('says whether chats need a rebuild when the database is %s', async (_, due, isNeeded) => {
    const account = fakeAccount({ databases: ['umi', 'umi-deliveries'], due });
    await deployTo(account);
    expect(said.join('\n').includes('npm run rebuild')).toBe(isNeeded);
  });

  test('a hub that serves requests is not deployed without SECRETS_KEY, and nothing is changed', async () => {
    const account = fakeAccount({ version: 'v1', secrets: ['ADMIN_TOKEN'] });
    await expect(deployTo(account)).rejects.toThrow('The hub has no SECRETS_KEY');
    expect(account.changes()).toEqual([]);
    await rehearse(await at(account));
    expect(said.join('\n')).toContain('The hub has no SECRETS_KEY');
    const complete = fakeAccount({ version: 'v1', secrets: ['ADMIN_TOKEN', 'SECRETS_KEY'] });
    said.length = 0;
    await deployTo(complete);
    expect(said.join('\n')).not.toContain('There is no');
  });

  test('the Worker is not deployed when the migrations fail', async () => {
    const broken = fakeAccount({ fails: 'd1 migrations apply DB --remote --env=' });
    await expect(deployTo(broken)).rejects.toThrow('The migrations failed');
    expect(broken.changes()).not.toContain('deploy --env=');
  });

  test('the Worker is not deployed when the migrations are declined, although wrangler then exits with 0', async () => {
    const account = fakeAccount({ declines: true });
    await expect(deployTo(account)).rejects.toThrow(/^umi still lacks 0001_hub.sql, .* so the Worker was not deployed/);
    expect(account.changes()).not.toContain('deploy --env=');
  });

  test('of several accounts, the settings choose one', async () => {
    const account = fakeAccount({ accounts: ['a1', 'a2'] });
    await expect(deployTo(account)).rejects.toThrow(
      'This login has 2 accounts: Account a1 (a1), Account a2 (a2). Choose one in deployments/default.env',
    );
    expect(account.changes()).toEqual([]);
    await settings('default', 'CLOUDFLARE_ACCOUNT_ID=a2');
    await deployTo(account);
    expect(account.changes().at(-1)).toBe('deploy --env=');
  });

  test('errors in the settings are reported before anything is changed', async () => {
    const account = fakeAccount();
    await expect(deployTo(account, 'nowhere')).rejects.toThrow('No environment found');
    await expect(deployTo(account, 'production')).rejects.toThrow('DOMAIN=umi.example.com');
    await settings('staging', 'PUBLIC_ORIGN=https://x.example');
    await expect(deployTo(account, 'staging')).rejects.toThrow('sets PUBLIC_ORIGN');
    expect(account.calls).toEqual([]);
  });

  test('a dry run prints what it would do, and changes nothing', async () => {
    const account = fakeAccount({ databases: ['umi'], due: ['0005_convergent_copy.sql'] });
    expect(await rehearse(await at(account))).toBe(false);
    expect(account.changes()).toEqual([]);
    expect(account.calls).toContain('deploy --dry-run --env=');
    expect(said).toEqual([
      'Would create the D1 database umi-deliveries.',
      'Would create the queue umi-webhooks.',
      'Would create the queue umi-webhooks-dead.',
      'Would create the R2 bucket umi-files.',
      'Would apply to umi: 0005_convergent_copy.sql.',
      expect.stringMatching(/^Would apply to umi-deliveries: 0001_hub.sql, .+, 0005_convergent_copy.sql/),
      'There is no version yet that a new one could be put beside.',
      'The Worker builds. This was a dry run: nothing was changed.',
    ]);
  });

  test('a gradual deployment runs the new version beside the current one', async () => {
    const account = fakeAccount({ version: 'v1' });
    expect(await deployTo(account, 'staging', 10)).toBe('v2');
    expect(account.changes().slice(-2)).toEqual([
      'versions upload --env=staging',
      'versions deploy v2@10% v1@90% --yes --env=staging',
    ]);
    expect(said.join('\n')).toContain('npm run deploy -- --env staging --promote v2');
    await expect(deployTo(fakeAccount(), 'staging', 10)).rejects.toThrow('deploy without --percentage');
  });

  test('the version that was tried gets all requests; nothing is uploaded again', async () => {
    const account = fakeAccount({ version: 'v1' });
    const version = await deployTo(account, 'staging', 10);
    account.calls.length = 0;
    await promote(await at(account, 'staging'), version ?? '', 100);
    const promotion = ['versions deploy v2@100% --yes --env=staging', 'triggers deploy --env=staging'];
    expect(account.changes()).toEqual(promotion);
    account.calls.length = 0;
    await promote(await at(account, 'staging'), version ?? '', 100);
    expect(account.changes()).toEqual(promotion);
  });

  test('it can get more of them first; crons and consumers stay those of the version before', async () => {
    const account = fakeAccount({ version: { v1: 90, v2: 10 } });
    await promote(await at(account), 'v2', 60);
    expect(account.changes()).toEqual(['versions deploy v2@60% v1@40% --yes --env=']);
    await expect(promote(await at(fakeAccount({ version: 'v2' })), 'v2', 60)).rejects.toThrow('has all requests');
  });

  test('a version that is not live was not tried, so it is not promoted', async () => {
    const account = fakeAccount({ version: { v1: 90, v3: 10 } });
    await expect(promote(await at(account), 'v2', 100)).rejects.toThrow(
      'The version v2 is not live, so it was not tried. Live: v1 (90 %), v3 (10 %).',
    );
    await expect(promote(await at(fakeAccount()), 'v2', 100)).rejects.toThrow('Live: none.');
    expect(account.changes()).toEqual([]);
  });

  test('a version with new object classes is only deployed whole, which is known before anything changes', async () => {
    const account = fakeAccount({ version: 'v1', objectMigration: 'v2' });
    await expect(deployTo(account, '', 10)).rejects.toThrow(
      /changes object classes .*: deploy without --percentage\.$/,
    );
    expect(account.changes()).toEqual([]);
    expect(await rehearse(await at(account))).toBe(false);
    expect(await deployTo(account)).toBeNull();
    expect(account.changes().at(-1)).toBe('deploy --env=');
    expect(await rehearse(await at(fakeAccount({ version: 'v1' })))).toBe(true);
  });
});

test('the environments of wrangler.toml differ only in names and addresses', async () => {
  const [plain, staging, production] = await Promise.all(['', 'staging', 'production'].map((name) => readTarget(name)));
  for (const [name, target] of Object.entries({ 'umi-staging': staging, 'umi-production': production })) {
    const renamed = JSON.parse(JSON.stringify(target).replaceAll(name, 'umi'));
    expect({ ...renamed, environment: '', hasWorkersDev: true }).toEqual(plain);
  }
  expect([plain?.hasWorkersDev, staging?.hasWorkersDev, production?.hasWorkersDev]).toEqual([true, true, false]);
});
