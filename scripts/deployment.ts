/** Deploys: creates what the account lacks, applies the migrations and deploys the Worker. */
import { readdir } from 'node:fs/promises';
import { adminApiProblem } from './admin-client.ts';
import { chooseAccount, type Fetch, openCloudflareApi, withAccount } from './cloudflare-account.ts';
import {
  bootstrapCommand,
  DeploymentRefused,
  environmentArgument,
  SECRETS,
  settingsFile,
  type Target,
  versionArguments,
} from './deployment-target.ts';
import { type Beside, deployBeside, findBeside, liveVersions } from './gradual-deployment.ts';
import { must, type RunWrangler } from './wrangler-command.ts';

/**
 * The first migration, which only a new database lacks, and those that add columns or tables to the copy of the chats.
 */
const FIRST_MIGRATION = '0001_hub.sql';
const COPY_MIGRATIONS: readonly string[] = ['0002_chats_api.sql', '0005_convergent_copy.sql'];

export type Deployment = {
  target: Target;
  run: RunWrangler;
  fetch: Fetch;
  /** Prints progress for the operator. */
  say(line: string): void;
};

/**
 * Brings the account to where the Worker can run (databases, queues, tables) and deploys it. Each step looks first, so a
 * deployment that was cut short is simply repeated. `percentage`: of the requests that the new version gets; null deploys it whole.
 * Answers the id of a version that gets some of the requests; null when it gets all of them. Throws `DeploymentRefused` when wrangler
 * fails, when the version cannot be put beside another, and when migrations are left, for wrangler ends with success when its
 * question about them is answered with no.
 */
export async function deploy(deployment: Deployment, percentage: number | null): Promise<string | null> {
  const { target, say } = deployment;
  const run = withAccount(deployment.run, target);
  const problem = addressProblem(target);
  if (problem !== null) throw new DeploymentRefused(problem);
  const accountId = await chooseAccount(run, target);
  const beside = percentage === null ? null : await besideOf({ ...deployment, run }, accountId);
  if (beside !== null && 'problem' in beside) {
    throw new DeploymentRefused(`${beside.problem}: deploy without --percentage.`);
  }
  const lacking = await keyProblem(run, target);
  if (lacking !== null) throw new DeploymentRefused(lacking);
  const { databases, queues, buckets } = await missingResources(run, target);
  const fixed = await fixedJurisdiction(run, target, databases);
  refuseOther(target, fixed);
  for (const name of databases) {
    say(`Creating the D1 database ${name} …`);
    await createDatabase(run, target, name);
  }
  for (const name of queues) {
    say(`Creating the queue ${name} …`);
    await must(run(['queues', 'create', name]), `The queue ${name} could not be created`);
  }
  for (const name of buckets) {
    say(`Creating the R2 bucket ${name} …`);
    const place = placeArguments(target);
    await must(run(['r2', 'bucket', 'create', name, ...place]), `The R2 bucket ${name} could not be created`);
  }
  let needsRebuild = false;
  for (const { binding, name } of target.databases) {
    const due = await dueMigrations(run, target, binding);
    needsRebuild ||= changesCopy(due);
    if (due.length > 0) await applyMigrations({ ...deployment, run }, binding, name);
  }
  if (fixed === null) await recordJurisdiction(run, target);
  if (needsRebuild) {
    say(
      'The copy of the chats has new tables or columns. When the Worker is deployed, run `npm run rebuild` once: it fills',
    );
    say('them for the threads that nobody uses (docs/deploying.md, "Updating").');
  }
  say('Deploying …');
  let version: string | null = null;
  if (beside === null || percentage === null) {
    await must(run(['deploy', ...deployArguments(target)], { output: 'show' }), 'The deployment failed');
  } else version = await deployBeside({ target, run, say }, beside.before, percentage);

  const secrets = await secretsIn(run, target);
  const origin = target.settings.variables['PUBLIC_ORIGIN'] ?? '';
  for (const [secret, consequence] of Object.entries(SECRETS)) {
    if (!secrets.includes(secret)) say(`There is no ${secret}, so ${consequence}: ${bootstrapCommand(target)}`);
  }
  if (secrets.includes('ADMIN_TOKEN') && origin !== '') await sayAdminProblem(deployment, origin);
  return version;
}

/** A new domain does not resolve at once, so a hub that cannot be asked yet does not make the deployment fail. */
async function sayAdminProblem({ fetch, say }: Deployment, origin: string): Promise<void> {
  const problem = await adminApiProblem(origin, fetch).catch((error: unknown) => `it cannot be asked: ${error}`);
  if (problem !== null) say(`${origin}/admin/v1: ${problem}. npm run doctor checks it again.`);
}

/** Names of the Worker's secrets, as wrangler lists them; empty when there is no Worker yet. */
async function secretsIn(run: RunWrangler, target: Target): Promise<string[]> {
  const { code, stdout } = await run(['secret', 'list', '--format', 'json', environmentArgument(target)]);
  return code === 0 ? (JSON.parse(stdout) as { name: string }[]).map(({ name }) => name) : [];
}

/** Why this version would break a hub that serves requests: it has no SECRETS_KEY. Null when it would not. */
async function keyProblem(run: RunWrangler, target: Target): Promise<string | null> {
  if ((await liveVersions(run, target)).length === 0) return null;
  if ((await secretsIn(run, target)).includes('SECRETS_KEY')) return null;
  return `The hub has no SECRETS_KEY: with this version ${SECRETS.SECRETS_KEY}. Set one first: ${bootstrapCommand(target)}`;
}

async function besideOf(deployment: Deployment, accountId: string): Promise<Beside> {
  return await findBeside(deployment, await openCloudflareApi(deployment, accountId));
}

/**
 * Prints what `deploy` would do and builds the Worker. Changes nothing. Without a login it only builds. Answers whether
 * the version can be put beside the one that is live; null when that is not known. Throws `DeploymentRefused` when the
 * Worker does not build, or has another jurisdiction than the deployment.
 */
export async function rehearse(deployment: Deployment): Promise<boolean | null> {
  const { target, say } = deployment;
  const run = withAccount(deployment.run, target);
  let isGradual: boolean | null = null;
  const problem = addressProblem(target);
  if (problem !== null) say(problem);
  if ((await run(['whoami', '--json'])).code !== 0)
    say('There is no login, so it is not known what the account lacks.');
  else {
    const accountId = await chooseAccount(run, target);
    const lacking = await keyProblem(run, target);
    if (lacking !== null) say(lacking);
    const { databases, queues, buckets } = await missingResources(run, target);
    refuseOther(target, await fixedJurisdiction(run, target, databases));
    for (const name of databases) say(`Would create the D1 database ${name}.`);
    for (const name of queues) say(`Would create the queue ${name}.`);
    for (const name of buckets) say(`Would create the R2 bucket ${name}.`);
    for (const { binding, name } of target.databases) {
      const isNew = databases.includes(name);
      const due = isNew ? await migrationsOf(target) : await dueMigrations(run, target, binding);
      if (due.length > 0) say(`Would apply to ${name}: ${due.join(', ')}.`);
    }
    const beside = await besideOf({ ...deployment, run }, accountId);
    isGradual = 'before' in beside;
    say('before' in beside ? 'Can be deployed with --percentage.' : `${beside.problem}.`);
  }
  await must(run(['deploy', '--dry-run', ...deployArguments(target)]), 'The Worker does not build');
  say('The Worker builds. This was a dry run: nothing was changed.');
  return isGradual;
}

function addressProblem({ environment, hasWorkersDev, settings }: Target): string | null {
  if (hasWorkersDev || settings.domain !== null) return null;
  return `The environment "${environment}" has no workers.dev address: name its domain in ${settingsFile(environment)}, as DOMAIN=umi.example.com.`;
}

type Resources = { databases: string[]; queues: string[]; buckets: string[] };

async function missingResources(run: RunWrangler, target: Target): Promise<Resources> {
  const { stdout } = await must(run(['d1', 'list', '--json']), 'The databases could not be listed');
  const known = (JSON.parse(stdout) as { name: string }[]).map(({ name }) => name);
  const queues: string[] = [];
  for (const { name } of target.queues) {
    if ((await run(['queues', 'info', name])).code !== 0) queues.push(name);
  }
  const buckets: string[] = [];
  for (const name of target.buckets) if (!(await hasBucket(run, target, name))) buckets.push(name);
  return {
    databases: target.databases.map(({ name }) => name).filter((name) => !known.includes(name)),
    queues,
    buckets,
  };
}

/** Whether the account has an R2 bucket of this name. */
export async function hasBucket(run: RunWrangler, { settings }: Target, name: string): Promise<boolean> {
  const jurisdiction = settings.variables['JURISDICTION'];
  const place = jurisdiction === undefined ? [] : ['--jurisdiction', jurisdiction];
  return (await run(['r2', 'bucket', 'info', name, ...place])).code === 0;
}

function deployArguments(target: Target): string[] {
  const { domain } = target.settings;
  return [...versionArguments(target), ...(domain === null ? [] : ['--domain', domain])];
}

async function createDatabase(run: RunWrangler, target: Target, name: string): Promise<void> {
  await must(run(['d1', 'create', name, ...placeArguments(target)]), 'The database could not be created');
}

/** Where a new database or bucket is made. */
function placeArguments({ settings }: Target): string[] {
  const { databaseLocation, variables } = settings;
  const jurisdiction = variables['JURISDICTION'];
  // A jurisdiction decides the location too: wrangler ignores a hint beside it.
  if (jurisdiction !== undefined) return ['--jurisdiction', jurisdiction];
  return databaseLocation === null ? [] : ['--location', databaseLocation];
}

/** All migrations of the repository, in the order in which they apply. */
async function migrationsOf({ migrations }: Target): Promise<string[]> {
  return (await readdir(migrations)).filter((name) => name.endsWith('.sql')).sort();
}

/**
 * The migrations that are not applied to a database. Reads wrangler's table, because `d1 migrations list` would create
 * a missing one.
 */
export async function dueMigrations(run: RunWrangler, target: Target, binding: string): Promise<string[]> {
  const result = await execute(run, target, binding, 'SELECT name FROM d1_migrations');
  if (lacksTable(result, 'd1_migrations')) return await migrationsOf(target);
  const { stdout } = await must(Promise.resolve(result), `The migrations of ${binding} could not be read`);
  const [answer] = JSON.parse(stdout) as { results: { name: string }[] }[];
  const applied = new Set(answer?.results.map(({ name }) => name));
  return (await migrationsOf(target)).filter((name) => !applied.has(name));
}

/** Runs a statement in a database of the deployment. */
function execute(run: RunWrangler, target: Target, binding: string, sql: string): ReturnType<RunWrangler> {
  return run(['d1', 'execute', binding, '--remote', '--json', '--command', sql, environmentArgument(target)]);
}

function lacksTable({ code, stdout, stderr }: Awaited<ReturnType<RunWrangler>>, table: string): boolean {
  return code !== 0 && `${stdout}${stderr}`.includes(`no such table: ${table}`);
}

/** The jurisdiction of the settings; empty for none. */
function jurisdictionOf({ settings }: Target): string {
  return settings.variables['JURISDICTION'] ?? '';
}

/** The jurisdiction of the first deployment; null when there was none, or none that has recorded it. */
async function fixedJurisdiction(run: RunWrangler, target: Target, missing: readonly string[]): Promise<string | null> {
  const [first] = target.databases;
  if (first === undefined || missing.includes(first.name)) return null;
  const result = await execute(run, target, first.binding, 'SELECT jurisdiction FROM deployment');
  if (lacksTable(result, 'deployment')) return null;
  const { stdout } = await must(Promise.resolve(result), 'The jurisdiction of the deployment could not be read');
  const [answer] = JSON.parse(stdout) as { results: { jurisdiction: string }[] }[];
  return answer?.results[0]?.jurisdiction ?? null;
}

/** Objects of the same name in another jurisdiction are other objects: the hub would find none of its threads. */
function refuseOther(target: Target, fixed: string | null): void {
  if (fixed === null || fixed === jurisdictionOf(target)) return;
  const shown = (jurisdiction: string) => (jurisdiction === '' ? 'no JURISDICTION' : `JURISDICTION=${jurisdiction}`);
  throw new DeploymentRefused(
    `This deployment was made with ${shown(fixed)}, and ${settingsFile(target.environment)} has ${shown(jurisdictionOf(target))}. It cannot change: the hub would find none of its threads. Moving means a new deployment (docs/privacy.md).`,
  );
}

/** Before the Worker is deployed: then no thread can have another jurisdiction. */
async function recordJurisdiction(run: RunWrangler, target: Target): Promise<void> {
  const [first] = target.databases;
  if (first === undefined) return;
  const sql = `INSERT INTO deployment (one, jurisdiction) VALUES (1, '${jurisdictionOf(target)}') ON CONFLICT DO NOTHING`;
  await must(execute(run, target, first.binding, sql), 'The jurisdiction could not be recorded');
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

/** Whether pending migrations add tables or columns to the copy of existing chats. */
function changesCopy(due: readonly string[]): boolean {
  return !due.includes(FIRST_MIGRATION) && due.some((name) => COPY_MIGRATIONS.includes(name));
}
