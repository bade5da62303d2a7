import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import type { Migrations } from './d1-migrations.ts';
import { projectPath, projectRoot } from './project.ts';
import { buildSite } from './site-build.ts';
import { sourcesDigest } from './sources-digest.ts';
import { runWrangler } from './wrangler-command.ts';

/** A Worker's options for Miniflare. The types name those that the scripts read. */
export type WorkerOptions = {
  bindings?: Record<string, unknown>;
  d1Databases?: Record<string, { id: string }>;
  durableObjects?: Record<string, { className: string; useSQLite?: boolean }>;
  serviceBindings?: Record<string, unknown>;
  assets?: { binding: string; [option: string]: unknown };
  [option: string]: unknown;
};

/** A database in wrangler's configuration. Wrangler's types do not define it. */
type WranglerDatabase = {
  binding: string;
  database_id?: string;
  preview_database_id?: string;
  migrations_dir?: string;
  migrations_table?: string;
};

/** The wrangler configuration as JSON. Paths are relative to the project. */
export type WorkerConfiguration = {
  options: WorkerOptions;
  /** The local database of each binding and its migrations. Several bindings may share a database. */
  databases: { binding: string; id: string; migrations: Migrations }[];
};

export type WorkerBuild = {
  /** Absolute path of the bundled ES module. */
  path: string;
  /** Its source text. */
  script: string;
  configuration: WorkerConfiguration;
};

/** The sources of a build. A folder counts with all its files. `main` stands in for the configuration's entry. */
export type BuildSources = { config: string; main?: string; sources: readonly string[] };

export const hubSources: BuildSources = {
  config: 'wrangler.toml',
  sources: ['wrangler.toml', 'package-lock.json', 'tsconfig.json', 'src'],
};

/** The configuration is stored beside the module of a build, because reading it again takes a second. */
const CONFIGURATION = 'configuration.json';

/**
 * Bundles a Worker exactly like a deployment (`wrangler deploy --dry-run`), with its configuration, into
 * `dist/<name>/<digest>/`. A build whose sources have not changed is taken from there unless `fresh` is set. Throws
 * with wrangler's output when it fails.
 */
export async function buildWorker(from: BuildSources = hubSources, fresh = false): Promise<WorkerBuild> {
  // The name of the layout, so that folders of an older layout are not used.
  const digest = sourcesDigest(from.sources, CONFIGURATION);
  const shelf = projectPath(`dist/${basename(from.main ?? from.config).split('.')[0]}`);
  const built = join(shelf, digest);
  if (fresh) await rm(built, { recursive: true, force: true });
  const existing = await readBuild(built);
  if (existing !== null) {
    // Otherwise wrangler builds the site.
    await buildSite();
    return existing;
  }

  await mkdir(shelf, { recursive: true });
  const workshop = await mkdtemp(join(shelf, 'building-'));
  const entry = from.main === undefined ? [] : [projectPath(from.main)];
  const flags = ['--dry-run', '--config', projectPath(from.config), '--outdir', workshop];
  const result = await runWrangler(['deploy', ...entry, ...flags]);
  if (result.code !== 0) {
    await rm(workshop, { recursive: true, force: true });
    throw new Error(`the Worker does not build:\n${result.stdout}${result.stderr}`);
  }
  await writeFile(join(workshop, CONFIGURATION), JSON.stringify(await readConfiguration(projectPath(from.config))));
  await moveIntoPlace(workshop, built);
  await removeOlderBuilds(shelf, digest);
  const done = await readBuild(built);
  if (done === null) throw new Error(`wrangler left no module in ${built}`);
  return done;
}

async function readBuild(folder: string): Promise<WorkerBuild | null> {
  const names: string[] = await readdir(folder).catch(() => []);
  const name = names.find((entry) => entry.endsWith('.js'));
  if (name === undefined || !names.includes(CONFIGURATION)) return null;
  const path = join(folder, name);
  return {
    path,
    script: await readFile(path, 'utf8'),
    configuration: JSON.parse(await readFile(join(folder, CONFIGURATION), 'utf8')) as WorkerConfiguration,
  };
}

/** Reads a wrangler configuration. Variables are the file's own: those in `.dev.vars` do not belong in a build. */
async function readConfiguration(path: string): Promise<WorkerConfiguration> {
  const { unstable_getMiniflareWorkerOptions: workerOptionsOf, unstable_readConfig: readConfig } = await import(
    'wrangler'
  );
  const { rootPath: _, ...options } = workerOptionsOf(path).workerOptions;
  const { vars, d1_databases } = readConfig({ config: path });
  const databases = d1_databases.map((database: WranglerDatabase) => ({
    binding: database.binding,
    id: database.preview_database_id ?? database.database_id ?? database.binding,
    migrations: {
      folder: relative(projectRoot, join(dirname(path), database.migrations_dir ?? 'migrations')),
      table: database.migrations_table ?? 'd1_migrations',
    },
  }));
  return { options: { ...(options as WorkerOptions), bindings: vars }, databases };
}

/** Two builds of the same sources may finish together. The second one keeps the first one's result. */
async function moveIntoPlace(workshop: string, built: string): Promise<void> {
  try {
    await rename(workshop, built);
  } catch (error) {
    await rm(workshop, { recursive: true, force: true });
    if ((await readBuild(built)) === null) throw error;
  }
}

async function removeOlderBuilds(shelf: string, digest: string): Promise<void> {
  for (const name of await readdir(shelf)) {
    if (name === digest || name.startsWith('building-')) continue;
    await rm(join(shelf, name), { recursive: true, force: true });
  }
}
