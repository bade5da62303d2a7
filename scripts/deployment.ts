import { readFile, writeFile } from 'node:fs/promises';
import type { CommandResult, RunWrangler } from './wrangler-command.ts';

export const DATABASE_NAME = 'umi';
export const QUEUE_NAMES = ['umi-webhooks', 'umi-webhooks-dead'] as const;

/** What stands in wrangler.toml until a first deployment put an account's own database there. */
const NO_DATABASE_YET = '00000000-0000-4000-8000-000000000000';

/** The first migration, which only a new database lacks, and those that give the copy of the chats new columns or tables. */
const FIRST_MIGRATION = '0001_hub.sql';
const COPY_MIGRATIONS = ['0002_chats_api.sql'] as const;

/** Why a deployment stopped; the message says what the operator can do. */
export class DeploymentRefused extends Error {}

export type Deployment = {
  run: RunWrangler;
  /** Absolute path of wrangler.toml; the id of the database is written into it. */
  configPath: string;
  /** Tells the operator what happens. */
  say(line: string): void;
};

/**
 * Brings the account to where the Worker can run (database, queues, tables) and deploys it. Each step looks first, so a
 * deployment that was cut short is simply repeated. Throws `DeploymentRefused` when wrangler fails.
 */
export async function deploy(deployment: Deployment): Promise<void> {
  const { run, say } = deployment;
  const account = await run(['whoami', '--json']);
  if (account.code !== 0) throw new DeploymentRefused('Log in first: npx wrangler login');
  await provideDatabase(deployment);
  for (const name of QUEUE_NAMES) await provideQueue(deployment, name);

  const needsRebuild = await widensCopy(run);
  say('Applying the migrations …');
  await must(
    run(['d1', 'migrations', 'apply', DATABASE_NAME, '--remote'], { output: 'show' }),
    'The migrations failed',
  );
  if (needsRebuild) {
    say(
      'The copy of the chats has new columns. When the Worker is deployed, run `npm run rebuild` once: it fills them',
    );
    say('for the threads that nobody uses (docs/deploying.md, "Updating").');
  }
  say('Deploying …');
  await must(run(['deploy'], { output: 'show' }), 'The deployment failed');

  const secrets = await run(['secret', 'list', '--format', 'json']);
  if (secrets.code !== 0 || !secrets.stdout.includes('"ADMIN_TOKEN"')) {
    say('There is no ADMIN_TOKEN, so the admin API is closed. Set one with: npx wrangler secret put ADMIN_TOKEN');
  }
}

async function provideDatabase({ run, configPath, say }: Deployment): Promise<void> {
  const configured = configuredDatabase(await readFile(configPath, 'utf8'));
  let databases = await listDatabases(run);
  if (configured !== NO_DATABASE_YET) {
    if (databases.some(({ uuid }) => uuid === configured)) return;
    throw new DeploymentRefused(
      `wrangler.toml names the D1 database ${configured}, which this account does not have. Log in to the account it ` +
        `belongs to, or set database_id back to ${NO_DATABASE_YET} to use a database of this account.`,
    );
  }
  if (!databases.some(({ name }) => name === DATABASE_NAME)) {
    say(`Creating the D1 database ${DATABASE_NAME} …`);
    await must(run(['d1', 'create', DATABASE_NAME]), 'The database could not be created');
    databases = await listDatabases(run);
  }
  const found = databases.find(({ name }) => name === DATABASE_NAME);
  if (found === undefined) throw new DeploymentRefused(`The account lists no D1 database ${DATABASE_NAME}.`);
  await writeFile(configPath, withDatabase(await readFile(configPath, 'utf8'), found.uuid));
  say(`wrangler.toml now names the account's database ${found.uuid}. It is no secret: commit the change.`);
}

/** Whether migrations that are due give the copy of chats that are there already new columns. */
async function widensCopy(run: RunWrangler): Promise<boolean> {
  const { stdout } = await must(
    run(['d1', 'migrations', 'list', DATABASE_NAME, '--remote']),
    'The migrations could not be listed',
  );
  return !stdout.includes(FIRST_MIGRATION) && COPY_MIGRATIONS.some((name) => stdout.includes(name));
}

async function listDatabases(run: RunWrangler): Promise<{ uuid: string; name: string }[]> {
  const { stdout } = await must(run(['d1', 'list', '--json']), 'The databases could not be listed');
  return JSON.parse(stdout) as { uuid: string; name: string }[];
}

async function provideQueue({ run, say }: Deployment, name: string): Promise<void> {
  if ((await run(['queues', 'info', name])).code === 0) return;
  say(`Creating the queue ${name} …`);
  await must(run(['queues', 'create', name]), `The queue ${name} could not be created`);
}

async function must(running: Promise<CommandResult>, failure: string): Promise<CommandResult> {
  const result = await running;
  if (result.code !== 0) throw new DeploymentRefused(`${failure}.\n${result.stdout}${result.stderr}`.trim());
  return result;
}

const DATABASE_ID = /^(\s*database_id\s*=\s*")([^"]*)(")/m;

function configuredDatabase(toml: string): string {
  const id = DATABASE_ID.exec(toml)?.[2];
  if (id === undefined) throw new DeploymentRefused('wrangler.toml has no database_id.');
  return id;
}

function withDatabase(toml: string, id: string): string {
  return toml.replace(DATABASE_ID, `$1${id}$3`);
}
