/**
 * The target of a deployment: an environment of wrangler.toml with the names of its resources, and the settings of this
 * one deployment in `deployments/<environment>.env`. The settings have their own file, so that updates of the project
 * never change them.
 */
import { existsSync, readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { projectRoot } from './project.ts';

/** Why a deployment stopped. The message says what the operator can do. */
export class DeploymentRefused extends Error {}

export type Target = {
  /** Empty for the environment without a name. */
  environment: string;
  /** Name of the Worker. */
  worker: string;
  hasWorkersDev: boolean;
  databases: readonly { binding: string; name: string }[];
  queues: readonly { name: string; hasConsumer: boolean }[];
  /** Names of its R2 buckets. */
  buckets: readonly string[];
  /** Names of all bindings that the Worker must have, variables included. */
  bindings: readonly string[];
  crons: readonly string[];
  /** Tag of the last change of object classes; null when there is none. */
  objectMigration: string | null;
  /** Absolute path of the folder with the migrations. */
  migrations: string;
  settings: Settings;
  /** Absolute path of the configuration for wrangler; null: wrangler.toml. */
  configuration: string | null;
};

/** Settings of one deployment. `variables`: values that replace those of wrangler.toml. */
export type Settings = {
  accountId: string | null;
  /** A custom domain of the Worker. */
  domain: string | null;
  /** Where new databases are made, such as `weur`. */
  databaseLocation: string | null;
  /** Bindings of the further databases for organizations, such as `DB_2`. */
  databases: readonly string[];
  variables: Readonly<Record<string, string>>;
};

/** The parts of a configuration that wrangler's types do not define. */
type Configuration = {
  name?: string;
  workers_dev?: boolean;
  vars: Record<string, unknown>;
  d1_databases: { binding: string; database_name?: string; migrations_dir?: string }[];
  durable_objects: { bindings: { name: string }[] };
  r2_buckets?: { binding: string; bucket_name?: string }[];
  queues: { producers?: { binding: string; queue?: string }[]; consumers?: { queue: string }[] };
  triggers: { crons?: string[] };
  migrations: { tag: string }[];
};

/**
 * Reads an environment's configuration ('' for the one without a name) and its settings. `root` holds wrangler.toml and
 * `deployments/`. When the settings name further databases, it writes a configuration with them beside wrangler.toml.
 * Throws `DeploymentRefused` when there is no such environment or a setting is wrong.
 */
export async function readTarget(environment: string, root: string = projectRoot): Promise<Target> {
  const read = await readConfiguration(join(root, 'wrangler.toml'), environment);
  const variables = [...Object.keys(read.vars), ...OPTIONAL_VARIABLES];
  const settings = readSettings(join(root, settingsFile(environment)), variables);
  const [first] = read.d1_databases;
  const further = settings.databases.map((binding) => ({
    binding,
    database_name: `${first?.database_name}${binding.slice('DB'.length).toLowerCase().replaceAll('_', '-')}`,
    migrations_dir: first?.migrations_dir ?? 'migrations',
  }));
  const d1 = [...read.d1_databases, ...further];
  const buckets = (read.r2_buckets ?? []).map(({ binding, bucket_name }) => ({
    binding,
    name: bucket_name ?? binding,
  }));
  const { producers = [], consumers = [] } = read.queues;
  const consumed = consumers.map(({ queue }) => queue);
  const produced = producers.map(({ binding, queue }) => queue ?? binding);
  return {
    environment,
    worker: read.name ?? '',
    hasWorkersDev: read.workers_dev === true,
    databases: d1.map(({ binding, database_name }) => ({ binding, name: database_name ?? binding })),
    queues: [...new Set([...produced, ...consumed])].map((name) => ({ name, hasConsumer: consumed.includes(name) })),
    buckets: buckets.map(({ name }) => name),
    bindings: [
      ...d1.map(({ binding }) => binding),
      ...read.durable_objects.bindings.map(({ name }) => name),
      ...producers.map(({ binding }) => binding),
      ...buckets.map(({ binding }) => binding),
      ...Object.keys(read.vars),
    ],
    crons: read.triggers.crons ?? [],
    objectMigration: read.migrations.at(-1)?.tag ?? null,
    migrations: join(root, first?.migrations_dir ?? 'migrations'),
    settings,
    configuration: await writeConfiguration(root, environment, {
      databases: further,
      jurisdiction: settings.variables['JURISDICTION'] ?? null,
      buckets: buckets.map(({ name }) => name),
    }),
  };
}

async function readConfiguration(config: string, environment: string): Promise<Configuration> {
  const { unstable_readConfig: readConfig } = await import('wrangler');
  try {
    return readConfig({ config, env: environment }, { hideWarnings: true }) as Configuration;
  } catch (error) {
    throw new DeploymentRefused(error instanceof Error ? error.message.trim() : String(error));
  }
}

/** What the settings of a deployment add to wrangler.toml. */
type Additions = {
  databases: readonly { binding: string; database_name: string; migrations_dir: string }[];
  /** Of these buckets: a Worker finds a bucket of a jurisdiction only if its binding names that. */
  jurisdiction: string | null;
  buckets: readonly string[];
};

/**
 * Wrangler has no argument for bindings. It reads paths from the folder of its configuration, so the written one is in
 * the same folder as the original. Null when nothing is added.
 */
async function writeConfiguration(
  root: string,
  environment: string,
  { databases, jurisdiction, buckets }: Additions,
): Promise<string | null> {
  const placed = jurisdiction === null ? [] : buckets;
  if (databases.length === 0 && placed.length === 0) return null;
  const table = environment === '' ? '[[d1_databases]]' : `[[env.${environment}.d1_databases]]`;
  const blocks = databases.map((database) =>
    [table, ...Object.entries(database).map(([name, value]) => `${name} = ${JSON.stringify(value)}`)].join('\n'),
  );
  const path = join(root, `wrangler.${environment === '' ? 'default' : environment}.generated.toml`);
  const original = await readFile(join(root, 'wrangler.toml'), 'utf8');
  const text = placed.reduce((written, name) => {
    const line = `bucket_name = ${JSON.stringify(name)}\n`;
    return written.replace(line, `${line}jurisdiction = ${JSON.stringify(jurisdiction)}\n`);
  }, original);
  await writeFile(path, [text, ...blocks, ''].join('\n\n'));
  return path;
}

/** Variables of a deployment without a value in wrangler.toml. */
const OPTIONAL_VARIABLES = ['JURISDICTION', 'PROJECTOR_LOCATION'];

/** `--env=` names the environment without a name; without it wrangler warns. */
export function environmentArgument({ environment }: Target): string {
  return `--env=${environment}`;
}

/** What follows from the lack of a secret. */
export const SECRETS = {
  SECRETS_KEY: 'the hub signs nothing: no webhooks, no visitors, no apps',
  ADMIN_TOKEN: 'the admin API is closed',
};

/** The command that makes and sets the secrets of a new deployment. */
export function bootstrapCommand({ environment }: Target): string {
  return `npm run admin -- bootstrap${environment === '' ? '' : ` --env ${environment}`} --name "<organization>"`;
}

/** How a version of the deployment is built: its environment and the variables of its settings. */
export function versionArguments(target: Target): string[] {
  const variables = Object.entries(target.settings.variables).flatMap(([name, value]) => ['--var', `${name}:${value}`]);
  return [environmentArgument(target), ...variables];
}

/** The file of a deployment's settings, from the project's root. */
export function settingsFile(environment: string): string {
  return `deployments/${environment === '' ? 'default' : environment}.env`;
}

function readSettings(path: string, knownVariables: readonly string[]): Settings {
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const { CLOUDFLARE_ACCOUNT_ID, DOMAIN, DATABASE_LOCATION, DATABASES, ...variables } = parseEnv(text) as Record<
    string,
    string
  >;
  const unknown = Object.keys(variables).filter((name) => !knownVariables.includes(name));
  if (unknown.length > 0) {
    throw new DeploymentRefused(
      `${path} sets ${unknown.join(', ')}. It takes CLOUDFLARE_ACCOUNT_ID, DOMAIN, DATABASE_LOCATION, DATABASES and ${knownVariables.join(', ')}.`,
    );
  }
  const jurisdiction = variables['JURISDICTION'] ?? '';
  if (!/^[a-z-]*$/.test(jurisdiction)) {
    throw new DeploymentRefused(`${path} has JURISDICTION=${jurisdiction}. It is a name like eu or fedramp.`);
  }
  const databases = DATABASES === undefined || DATABASES === '' ? [] : DATABASES.split(',').map((name) => name.trim());
  const wrong = databases.filter((name, place) => !/^DB(_[A-Z0-9]+)+$/.test(name) || databases.indexOf(name) !== place);
  if (wrong.length > 0) {
    throw new DeploymentRefused(
      `${path} names the databases "${wrong.join('", "')}". Each has another name like DB_2 or DB_NORTH.`,
    );
  }
  return {
    accountId: CLOUDFLARE_ACCOUNT_ID ?? null,
    domain: DOMAIN ?? null,
    databaseLocation: DATABASE_LOCATION ?? null,
    databases,
    variables,
  };
}
