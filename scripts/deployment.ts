/** Deploying: the account gets what it lacks, the databases their migrations, and then comes the Worker. */
import { readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeploymentRefused, settingsFile, type Target } from './deployment-target.ts';
import type { CommandResult, RunWrangler, WranglerOptions } from './wrangler-command.ts';

/** The first migration, which only a new database lacks, and those that give the copy of the chats new columns or tables. */
const FIRST_MIGRATION = '0001_hub.sql';
const COPY_MIGRATIONS: readonly string[] = ['0002_chats_api.sql', '0005_convergent_copy.sql'];

export type Deployment = {
  target: Target;
  run: RunWrangler;
  /** Tells the operator what happens. */
  say(line: string): void;
};

/**
 * Brings the account to where the Worker can run (databases, queues, tables) and deploys it. Each step looks first, so a
 * deployment that was cut short is simply repeated. `percentage`: of the requests that the new version gets; null deploys it whole.
 * Throws `DeploymentRefused` when wrangler fails, and when migrations are left, for wrangler ends with success when its question about
 * them is answered with no.
 */
export async function deploy({ target, run: runPlain, say }: Deployment, percentage: number | null): Promise<void> {
  const run = withAccount(runPlain, target);
  const problem = addressProblem(target);
  if (problem !== null) throw new DeploymentRefused(problem);
  await chooseAccount(run, target);
  const before = percentage === null ? null : await currentVersion(run, target);
  const { databases, queues } = await missingResources(run, target);
  for (const name of databases) {
    say(`Creating the D1 database ${name} …`);
    await createDatabase(run, target, name);
  }
  for (const name of queues) {
    say(`Creating the queue ${name} …`);
    await must(run(['queues', 'create', name]), `The queue ${name} could not be created`);
  }
  let needsRebuild = false;
  for (const { binding, name } of target.databases) {
    const due = await dueMigrations(run, target, binding);
    needsRebuild ||= changesCopy(due);
    if (due.length > 0) await applyMigrations({ target, run, say }, binding, name);
  }
  if (needsRebuild) {
    say(
      'The copy of the chats has new tables or columns. When the Worker is deployed, run `npm run rebuild` once: it fills',
    );
    say('them for the threads that nobody uses (docs/deploying.md, "Updating").');
  }
  say('Deploying …');
  if (before === null) {
    await must(run(['deploy', ...deployArguments(target)], { output: 'show' }), 'The deployment failed');
  } else await deployGradually({ target, run, say }, before, percentage ?? 100);

  const secrets = await run(['secret', 'list', '--format', 'json', environmentArgument(target)]);
  if (secrets.code === 0 && secrets.stdout.includes('"ADMIN_TOKEN"')) return;
  say(
    'There is no ADMIN_TOKEN, so the admin API is closed. docs/deploying.md, "Open the admin API", says how to set one.',
  );
}

/** Says what `deploy` would do and builds the Worker; changes nothing. Without a login it only builds. */
export async function rehearse({ target, run: runPlain, say }: Deployment): Promise<void> {
  const run = withAccount(runPlain, target);
  const problem = addressProblem(target);
  if (problem !== null) say(problem);
  if ((await run(['whoami', '--json'])).code !== 0)
    say('Nobody is logged in, so it is not known what the account lacks.');
  else {
    await chooseAccount(run, target);
    const { databases, queues } = await missingResources(run, target);
    for (const name of databases) say(`Would create the D1 database ${name}.`);
    for (const name of queues) say(`Would create the queue ${name}.`);
    for (const { binding, name } of target.databases) {
      const isNew = databases.includes(name);
      const due = isNew ? await migrationsOf(target) : await dueMigrations(run, target, binding);
      if (due.length > 0) say(`Would apply to ${name}: ${due.join(', ')}.`);
    }
  }
  await must(run(['deploy', '--dry-run', ...deployArguments(target)]), 'The Worker does not build');
  say('The Worker builds. This was a dry run: nothing was changed.');
}

function addressProblem({ environment, hasWorkersDev, settings }: Target): string | null {
  if (hasWorkersDev || settings.domain !== null) return null;
  return `The environment "${environment}" has no workers.dev address: name its domain in ${settingsFile(environment)}, as DOMAIN=umi.example.com.`;
}

async function missingResources(run: RunWrangler, target: Target): Promise<{ databases: string[]; queues: string[] }> {
  const { stdout } = await must(run(['d1', 'list', '--json']), 'The databases could not be listed');
  const known = (JSON.parse(stdout) as { name: string }[]).map(({ name }) => name);
  const queues: string[] = [];
  for (const { name } of target.queues) {
    if ((await run(['queues', 'info', name])).code !== 0) queues.push(name);
  }
  return { databases: target.databases.map(({ name }) => name).filter((name) => !known.includes(name)), queues };
}

/** Wrangler acts on the account that the settings name. */
export function withAccount(run: RunWrangler, { settings }: Target): RunWrangler {
  if (settings.accountId === null) return run;
  const account = { CLOUDFLARE_ACCOUNT_ID: settings.accountId };
  return (args, options: WranglerOptions = {}) =>
    run(args, { ...options, environment: { ...account, ...options.environment } });
}

/** `--env=` names the environment without a name; without it wrangler warns. */
export function environmentArgument({ environment }: Target): string {
  return `--env=${environment}`;
}

function deployArguments(target: Target): string[] {
  const { domain } = target.settings;
  return [...versionArguments(target), ...(domain === null ? [] : ['--domain', domain])];
}

function versionArguments(target: Target): string[] {
  const variables = Object.entries(target.settings.variables).flatMap(([name, value]) => ['--var', `${name}:${value}`]);
  return [environmentArgument(target), ...variables];
}

/** The id of the account that wrangler acts on. Throws `DeploymentRefused` without a login, and when there are several accounts to choose from. */
export async function chooseAccount(run: RunWrangler, target: Target): Promise<string> {
  const { code, stdout } = await run(['whoami', '--json']);
  if (code !== 0) throw new DeploymentRefused('Log in first: npx wrangler login');
  const { accounts } = JSON.parse(stdout) as { accounts: { id: string; name: string }[] };
  const named = target.settings.accountId ?? process.env['CLOUDFLARE_ACCOUNT_ID'] ?? null;
  if (named !== null) return named;
  const [only, ...others] = accounts;
  if (only !== undefined && others.length === 0) return only.id;
  throw new DeploymentRefused(
    `This login has ${accounts.length} accounts: ${accounts.map(({ id, name }) => `${name} (${id})`).join(', ')}. ` +
      `Choose one in ${settingsFile(target.environment)}, as CLOUDFLARE_ACCOUNT_ID=<id>.`,
  );
}

async function createDatabase(run: RunWrangler, target: Target, name: string): Promise<void> {
  const { databaseLocation } = target.settings;
  const location = databaseLocation === null ? [] : ['--location', databaseLocation];
  await must(run(['d1', 'create', name, ...location]), 'The database could not be created');
}

/** All migrations of the repository, in the order in which they apply. */
async function migrationsOf({ migrations }: Target): Promise<string[]> {
  return (await readdir(migrations)).filter((name) => name.endsWith('.sql')).sort();
}

/** Migrations that a database has not seen. Reads wrangler's table: `d1 migrations list` would make it where it is missing. */
export async function dueMigrations(run: RunWrangler, target: Target, binding: string): Promise<string[]> {
  const sql = 'SELECT name FROM d1_migrations';
  const result = await run([
    'd1',
    'execute',
    binding,
    '--remote',
    '--json',
    '--command',
    sql,
    environmentArgument(target),
  ]);
  const isNew = result.code !== 0 && `${result.stdout}${result.stderr}`.includes('no such table: d1_migrations');
  if (isNew) return await migrationsOf(target);
  const { stdout } = await must(Promise.resolve(result), `The migrations of ${binding} could not be read`);
  const [answer] = JSON.parse(stdout) as { results: { name: string }[] }[];
  const applied = new Set(answer?.results.map(({ name }) => name));
  return (await migrationsOf(target)).filter((name) => !applied.has(name));
}

async function applyMigrations({ target, run, say }: Deployment, binding: string, name: string): Promise<void> {
  say(`Applying the migrations to ${name} …`);
  await must(
    run(['d1', 'migrations', 'apply', binding, '--remote', environmentArgument(target)], { output: 'show' }),
    'The migrations failed',
  );
  const left = await dueMigrations(run, target, binding);
  if (left.length === 0) return;
  throw new DeploymentRefused(
    `${name} still lacks ${left.join(', ')}, so the Worker was not deployed: it would not work without them.`,
  );
}

/** Whether migrations that are due give the copy of chats that are there already new tables or columns. */
function changesCopy(due: readonly string[]): boolean {
  return !due.includes(FIRST_MIGRATION) && due.some((name) => COPY_MIGRATIONS.includes(name));
}

/** The version that gets the most requests. Throws `DeploymentRefused` when nothing is deployed. */
async function currentVersion(run: RunWrangler, target: Target): Promise<string> {
  const { code, stdout } = await run(['deployments', 'status', '--json', environmentArgument(target)]);
  const { versions = [] } =
    code === 0 ? (JSON.parse(stdout) as { versions?: { version_id: string; percentage: number }[] }) : {};
  const [current] = versions.toSorted((one, other) => other.percentage - one.percentage);
  if (current === undefined) {
    throw new DeploymentRefused(
      'There is no version yet that a new one could be put beside: deploy without --percentage.',
    );
  }
  return current.version_id;
}

/** Object classes, crons, queue consumers and domains are those of the version before: only a whole deployment changes them. */
async function deployGradually({ target, run, say }: Deployment, before: string, percentage: number): Promise<void> {
  // wrangler's own record of what it did: lines of JSON.
  const record = join(tmpdir(), `umi-version-${process.pid}.ndjson`);
  await must(
    run(['versions', 'upload', ...versionArguments(target)], {
      output: 'show',
      environment: { WRANGLER_OUTPUT_FILE_PATH: record },
    }),
    'The upload failed',
  );
  const lines = (await readFile(record, 'utf8')).trim().split('\n');
  await rm(record, { force: true });
  const uploaded = lines
    .map((line) => JSON.parse(line) as { type: string; version_id?: string })
    .find(({ type }) => type === 'version-upload')?.version_id;
  if (uploaded === undefined) throw new DeploymentRefused('wrangler did not say which version it has uploaded.');
  const versions = [`${uploaded}@${percentage}%`, `${before}@${100 - percentage}%`];
  await must(
    run(['versions', 'deploy', ...versions, '--yes', environmentArgument(target)], { output: 'show' }),
    'The version could not be deployed',
  );
  say(`${percentage} % of the requests go to ${uploaded}. All of them:`);
  say(`  npx wrangler versions deploy ${uploaded}@100% --yes ${environmentArgument(target)}`);
}

async function must(running: Promise<CommandResult>, failure: string): Promise<CommandResult> {
  const result = await running;
  if (result.code !== 0) throw new DeploymentRefused(`${failure}.\n${result.stdout}${result.stderr}`.trim());
  return result;
}
