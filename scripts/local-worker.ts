import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { applyMigrations, migrationsIn } from './d1-migrations.ts';
import { freePort, isPortFree } from './free-port.ts';
import { warnOfFewFiles } from './open-files.ts';
import { projectPath } from './project.ts';
import { type LogLine, type Runtime, startRuntime } from './runtime.ts';
import { openSideDoor, SIDE_DOOR, type SideDoor, sideDoorWorker } from './side-door.ts';
import { makeStoreFolder, StartRefused, statePaths } from './store-folder.ts';
import { waitForStore } from './store-owner.ts';
import { type BuildSources, buildWorker, type WorkerConfiguration } from './worker-build.ts';

export type { LogLine } from './runtime.ts';

export type LocalWorkerOptions = {
  /** The Worker to build, and the wrangler configuration with its bindings. */
  from: BuildSources;
  /** Port of 127.0.0.1; any free one when absent. */
  port?: number;
  /** Folder of the store, with the layout of wrangler's `--persist-to` below `state`. */
  persistTo: string;
  /** Variables and secrets in addition to those of the configuration. */
  variables?: Record<string, string>;
  /** Called with each line of the Worker's log. Nothing is printed without it. */
  log?: (line: LogLine) => void;
  /** Called with each step of the start. */
  step?: (what: string) => void;
  /** Opens a side door for tests and benchmarks. */
  sideDoor?: boolean;
  /** Answers the Worker's outgoing requests instead of the network. */
  outboundService?: (request: Request) => Response | Promise<Response>;
};

export type LocalWorker = {
  /** `http://127.0.0.1:<port>`, no slash at the end. */
  url: string;
  port: number;
  /** Null unless it was requested. */
  sideDoor: SideDoor | null;
  /** Ends the runtime and releases port and store. Calling it again is harmless. */
  stop(): Promise<void>;
} & Pick<Runtime, 'ringCron' | 'failed'>;

const WORKER = 'umi';
const ASSETS = 'umi-assets';

/**
 * Builds a Worker when its sources changed, applies its migrations, and runs it on the local runtime. Its port, of 127.0.0.1
 * only, opens when all that is done. Throws `StartRefused` when the folder cannot be a store, the port
 * is taken or another hub runs on the store.
 */
export async function startWorker(options: LocalWorkerOptions): Promise<LocalWorker> {
  const { persistTo, log, step = () => {} } = options;
  await makeStoreFolder(persistTo);
  step('Building the Worker');
  const { path, script, configuration } = await buildWorker(options.from);
  step('Waiting until no other process uses the store');
  await waitForStore(persistTo);
  const port = options.port ?? (await freePort());
  if (!(await isPortFree(port))) {
    throw new StartRefused(`Port ${port} of 127.0.0.1 is taken. Choose another one: npm start -- --port ${port + 1}`);
  }
  warnOfFewFiles(log);

  await migrateStore(persistTo, configuration, options);
  step('Starting the runtime');
  const { assets, ...workerOptions } = configuration.options;
  const worker = {
    ...workerOptions,
    name: WORKER,
    // The runtime names a module by its path below this folder and refuses modules outside.
    rootPath: dirname(path),
    modules: [{ type: 'ESModule', path: basename(path), contents: script }],
    bindings: { ...configuration.options.bindings, ...options.variables },
    unsafeDirectSockets: [{ host: '127.0.0.1', port }],
    ...(options.outboundService === undefined ? {} : { outboundService: options.outboundService }),
    ...(assets === undefined
      ? {}
      : { serviceBindings: { ...workerOptions.serviceBindings, [assets.binding]: ASSETS } }),
  };
  const beside = assets === undefined ? [] : [assetsWorker(assets)];
  const side = options.sideDoor === true ? sideDoorWorker(configuration.options, WORKER) : null;
  const runtime = await startRuntime(persistTo, [worker, ...beside, ...(side === null ? [] : [side.worker])], log);
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    sideDoor: side === null ? null : openSideDoor(await runtime.addressOf(SIDE_DOOR), side.secret),
    ringCron: runtime.ringCron,
    failed: runtime.failed,
    stop: runtime.stop,
  };
}

/**
 * The Worker's static assets as a separate Worker, under the name of their binding. Miniflare would put another Worker
 * in front of a Worker with assets, which costs every request a call. Cloudflare does not. What the Worker is asked first
 * for, and then takes from its assets, must not lead to this Worker's script.
 */
function assetsWorker({ run_worker_first: _, routerConfig: __, ...assets }: Record<string, unknown>): object {
  const script = 'export default { fetch: () => new Response(null, { status: 404 }) };';
  return { name: ASSETS, modules: [{ type: 'ESModule', path: 'assets.js', contents: script }], assets };
}

/**
 * Applies new migrations in a separate runtime, which clients of the Worker's port cannot reach. A store that is known to
 * have all of them needs none. Nothing else may use the store meanwhile.
 */
export async function migrateStore(
  persistTo: string,
  { options, databases }: WorkerConfiguration,
  { log, step = () => {} }: Pick<LocalWorkerOptions, 'log' | 'step'> = {},
): Promise<void> {
  if (databases.length === 0) return;
  const { state, migratedFile } = statePaths(persistTo);
  const wanted = await Promise.all(
    databases.map(
      async ({ id, migrations: { folder } }) => `${id}: ${(await migrationsIn(projectPath(folder))).join(' ')}\n`,
    ),
  );
  const known = await readFile(migratedFile, 'utf8').catch(() => '');
  // Somebody may have deleted the databases alone.
  if (known === wanted.join('') && existsSync(join(state, 'v3/d1'))) return;
  step('Applying the migrations');
  const side = sideDoorWorker(options);
  const runtime = await startRuntime(persistTo, [side.worker], log);
  try {
    const door = openSideDoor(await runtime.addressOf(SIDE_DOOR), side.secret);
    for (const { binding, migrations } of databases) await applyMigrations(door.database(binding), migrations);
  } finally {
    await runtime.stop();
  }
  await writeFile(migratedFile, wanted.join(''));
}
