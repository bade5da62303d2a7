import { readFile, writeFile } from 'node:fs/promises';
import type { CommandResult, RunWrangler } from './wrangler-command.ts';

/** The D1 databases by their names: the first holds identity and the chats, the other the log of deliveries. */
export const DATABASE_NAMES = ['umi', 'umi-deliveries'] as const;
export const QUEUE_NAMES = ['umi-webhooks', 'umi-webhooks-dead'] as const;

/** What stands in wrangler.toml until a first deployment put an account's own database there. */
const NO_DATABASE_YET = '00000000-0000-4000-8000-000000000000';

/** The first migration, which only a new database lacks, and those that give the copy of the chats new columns or tables. */
const FIRST_MIGRATION = '0001_hub.sql';
const COPY_MIGRATIONS = ['0002_chats_api.sql', '0005_convergent_copy.sql'] as const;

/** Why a deployment stopped; the message says what the operator can do. */
export class DeploymentRefused extends Error {}

export type Deployment = {
  run: RunWrangler;
  /** Absolute path of wrangler.toml; the ids of the databases are written into it. */
  configPath: string;
  /** Tells the operator what happens. */
  say(line: string): void;
};

/**
 * Brings the account to where the Worker can run (databases, queues, tables) and deploys it. Each step looks first, so a
 * deployment that was cut short is simply repeated. Throws `DeploymentRefused` when wrangler fails.
 */
export async function deploy(deployment: Deployment): Promise<void> {
  const { run, say } = deployment;
  const account = await run(['whoami', '--json']);
  if (account.code !== 0) throw new DeploymentRefused('Log in first: npx wrangler login');
  for (const name of DATABASE_NAMES) await provideDatabase(deployment, name);
  for (const name of QUEUE_NAMES) await provideQueue(deployment, name);

  const needsRebuild = await changesCopy(run);
  for (const name of DATABASE_NAMES) {
    say(`Applying the migrations to ${name} …`);
    await must(run(['d1', 'migrations', 'apply', name, '--remote'], { output: 'show' }), 'The migrations failed');
  }
  if (needsRebuild) {
    say(
      'The copy of the chats has new tables or columns. When the Worker is deployed, run `npm run rebuild` once: it fills',
    );
    say('them for the threads that nobody uses (docs/deploying.md, "Updating").');
  }
  say('Deploying …');
  await must(run(['deploy'], { output: 'show' }), 'The deployment failed');

  const secrets = await run(['secret', 'list', '--format', 'json']);
  if (secrets.code !== 0 || !secrets.stdout.includes('"ADMIN_TOKEN"')) {
    say('There is no ADMIN_TOKEN, so the admin API is closed. Set one with: npx wrangler secret put ADMIN_TOKEN');
  }
}

async function provideDatabase({ run, configPath, say }: Deployment, name: string): Promise<void> {
  const configured = configuredDatabase(await readFile(configPath, 'utf8'), name);
  let databases = await listDatabases(run);
  if (configured !== NO_DATABASE_YET) {
    if (databases.some(({ uuid }) => uuid === configured)) return;
    throw new DeploymentRefused(
      `wrangler.toml names the D1 database ${configured} for ${name}, which this account does not have. Log in to the ` +
        `account it belongs to, or set database_id back to ${NO_DATABASE_YET} to use a database of this account.`,
    );
  }
  if (!databases.some((database) => database.name === name)) {
    say(`Creating the D1 database ${name} …`);
    await must(run(['d1', 'create', name]), 'The database could not be created');
    databases = await listDatabases(run);
  }
  const found = databases.find((database) => database.name === name);
  if (found === undefined) throw new DeploymentRefused(`The account lists no D1 database ${name}.`);
  await writeFile(configPath, withDatabase(await readFile(configPath, 'utf8'), name, found.uuid));
  say(`wrangler.toml now names the account's database ${found.uuid} for ${name}. It is no secret: commit the change.`);
}

/** Whether migrations that are due give the copy of chats that are there already new tables or columns. */
async function changesCopy(run: RunWrangler): Promise<boolean> {
  const { stdout } = await must(
    run(['d1', 'migrations', 'list', DATABASE_NAMES[0], '--remote']),
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

/** In wrangler.toml, the id of the database follows its name. */
function databaseId(name: string): RegExp {
  return new RegExp(`^(\\s*database_name\\s*=\\s*"${name}"\\s*\\n\\s*database_id\\s*=\\s*")([^"]*)(")`, 'm');
}

function configuredDatabase(toml: string, name: string): string {
  const id = databaseId(name).exec(toml)?.[2];
  if (id === undefined) throw new DeploymentRefused(`wrangler.toml has no database_id below the name ${name}.`);
  return id;
}

function withDatabase(toml: string, name: string, id: string): string {
  return toml.replace(databaseId(name), `$1${id}$3`);
}
