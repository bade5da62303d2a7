import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare';
import { unstable_getMiniflareWorkerOptions as workerOptionsOf } from 'wrangler';
import { freePort, isPortFree } from './free-port.ts';
import { projectPath } from './project.ts';
import { waitForStore } from './store-owner.ts';
import { type BuildSources, buildWorker } from './worker-build.ts';

/** One line that the Worker or the runtime wrote. */
export type LogLine = { level: string; message: string };

export type LocalWorkerOptions = {
  /** What to build and which wrangler configuration names its bindings. */
  from: BuildSources;
  /** Port of 127.0.0.1; any free one when absent. */
  port?: number;
  /** Folder of the store; its layout is the one of wrangler's `--persist-to`, below `state`. */
  persistTo: string;
  /** Variables and secrets on top of those of the configuration. */
  variables?: Record<string, string>;
  /** Gets each line of the Worker's log; nothing is printed without it. */
  log?: (line: LogLine) => void;
  /** Answers the Worker's own outgoing requests in place of the network. */
  outboundService?: (request: Request) => Response | Promise<Response>;
};

export type LocalWorker = {
  /** `http://127.0.0.1:<port>`, no slash at the end. */
  url: string;
  port: number;
  miniflare: Miniflare;
  /** Ends the runtime and releases port and store. Calling it again is harmless. */
  stop(): Promise<void>;
};

/** Why a Worker did not start; `message` is meant for the person who started it. */
export class StartRefused extends Error {}

/**
 * Builds a Worker when its sources changed and runs it on the local runtime, listening on 127.0.0.1 only, without any use
 * of the network. Throws `StartRefused` when the port is taken or another hub runs on the store.
 */
export async function startWorker(options: LocalWorkerOptions): Promise<LocalWorker> {
  const build = await buildWorker(options.from);
  const state = join(resolve(options.persistTo), 'state');
  const pidFile = join(state, 'runtime.pid');
  await mkdir(state, { recursive: true });
  const user = await waitForStore(pidFile);
  if (user !== null)
    throw new StartRefused(`The store ${options.persistTo} is in use by another hub (process ${user}).`);
  const port = options.port ?? (await freePort());
  if (!(await isPortFree(port))) throw new StartRefused(`Port ${port} of 127.0.0.1 is taken; choose another one.`);

  const { workerOptions } = workerOptionsOf(projectPath(options.from.config));
  useGuardedRuntime();
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      host: '127.0.0.1',
      port,
      cf: false,
      telemetry: { enabled: false },
      log: new Log(LogLevel.NONE),
      handleStructuredLogs: ({ level, message }) => options.log?.({ level, message }),
      resourcePersistencePath: join(state, 'v3'),
      unsafeRuntimeEnv: { HUB_RUNTIME_PID_FILE: pidFile },
      workers: [
        {
          ...workerOptions,
          name: 'umi',
          // The runtime names a module by its path below this folder and refuses one outside of it.
          rootPath: dirname(build.path),
          modules: [{ type: 'ESModule', path: basename(build.path), contents: build.script }],
          bindings: { ...(workerOptions.bindings as Record<string, string>), ...options.variables },
          ...(options.outboundService === undefined ? {} : { outboundService: options.outboundService }),
        },
      ],
    }),
  );
  try {
    await miniflare.ready;
  } catch (error) {
    await miniflare.dispose();
    throw error;
  }
  let stopping: Promise<void> | null = null;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    miniflare,
    stop() {
      stopping ??= miniflare.dispose();
      return stopping;
    },
  };
}

/**
 * Miniflare takes the runtime's path from the environment only, at each launch; processes started from here inherit both
 * variables. There is no /bin/sh on Windows: there the guard is left out.
 */
function useGuardedRuntime(): void {
  if (process.platform === 'win32' || process.env['HUB_RUNTIME'] !== undefined) return;
  const packaged = (createRequire(import.meta.url)('workerd') as { default: string }).default;
  process.env['HUB_RUNTIME'] = process.env['MINIFLARE_WORKERD_PATH'] ?? packaged;
  process.env['MINIFLARE_WORKERD_PATH'] = projectPath('scripts/workerd-with-hub.sh');
}
