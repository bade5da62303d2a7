import { createRequire } from 'node:module';
import { join } from 'node:path';
import { projectPath } from './project.ts';
import { statePaths } from './store-folder.ts';

const require = createRequire(import.meta.url);
// `import` would first parse all its six megabytes to find out that they are CommonJS.
const { convertV4MiniflareOptions, Log, LogLevel, Miniflare } = require('miniflare') as typeof import('miniflare');

/** One line that the Worker or the runtime wrote. */
export type LogLine = { level: string; message: string };

type RuntimeWorkers = Extract<Parameters<typeof convertV4MiniflareOptions>[0], { workers: unknown }>['workers'];

/** The part of Miniflare that waits only for promises. */
export type Runtime = {
  /** URL of a Worker's own socket. */
  addressOf(worker: string): Promise<string>;
  /** Runs the cron handler of the first Worker and waits for its end. Rejects when it throws. */
  ringCron(cron: string): Promise<void>;
  /** Resolves when the runtime has died and could not be started again. */
  failed: Promise<Error>;
  stop(): Promise<void>;
};

/**
 * Starts the local runtime on a store whose folder is there, on 127.0.0.1 only and without network access. It is
 * restarted when it dies. Each Worker has its own socket, because Miniflare's entry in front would cost 0.25 ms of CPU
 * for each request.
 *
 * Miniflare itself is not exposed. Its proxies (`getD1Database`, `getWorker`, …) make this thread wait synchronously.
 * If the runtime then fills the pipe of its log, which this thread should read, both wait forever.
 */
export async function startRuntime(
  persistTo: string,
  workers: readonly object[],
  log: (line: LogLine) => void = () => {},
): Promise<Runtime> {
  const { state, pidFile } = statePaths(persistTo);
  useGuardedRuntime();
  const failed = Promise.withResolvers<Error>();
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      host: '127.0.0.1',
      cf: false,
      telemetry: { enabled: false },
      log: new Complaints(log, failed.resolve),
      logRequests: false,
      handleStructuredLogs: ({ level, message }) => log({ level, message }),
      resourcePersistencePath: join(state, 'v3'),
      unsafeRuntimeEnv: { HUB_RUNTIME_PID_FILE: pidFile },
      unsafeTriggerHandlers: true,
      workers: [...workers] as RuntimeWorkers,
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
    addressOf: async (worker) => (await miniflare.unsafeGetDirectURL(worker)).origin,
    async ringCron(cron) {
      const url = `http://127.0.0.1/cdn-cgi/local/scheduled?cron=${encodeURIComponent(cron)}`;
      const response = await miniflare.dispatchFetch(url);
      const outcome = await response.text();
      if (outcome !== 'ok') throw new Error(`the cron handler ended with ${response.status} ${outcome}`);
    },
    failed: failed.promise,
    stop() {
      stopping ??= miniflare.dispose();
      return stopping;
    },
  };
}

/** Miniflare's messages about the runtime, as lines of the log. */
class Complaints extends Log {
  readonly #log: (line: LogLine) => void;
  readonly #failed: (error: Error) => void;

  constructor(log: (line: LogLine) => void, failed: (error: Error) => void) {
    super(LogLevel.WARN);
    this.#log = log;
    this.#failed = failed;
  }

  override error(error: Error): void {
    this.#log({ level: 'error', message: String(error.stack) });
    if ((error as NodeJS.ErrnoException).code === 'ERR_RUNTIME_FAILURE') this.#failed(error);
  }

  override warn(message: string): void {
    this.#log({ level: 'warn', message });
  }
}

/**
 * Miniflare takes the runtime's path only from the environment, at each launch. Child processes inherit both variables.
 */
function useGuardedRuntime(): void {
  Object.assign(process.env, guardedRuntime());
}

/**
 * The environment in which Miniflare starts the runtime by workerd-with-hub.sh. Empty when it is set already, and on
 * Windows, which has no /bin/sh.
 */
export function guardedRuntime(): Record<string, string> {
  if (process.platform === 'win32' || process.env['HUB_RUNTIME'] !== undefined) return {};
  const packaged = (require('workerd') as { default: string }).default;
  return {
    HUB_RUNTIME: process.env['MINIFLARE_WORKERD_PATH'] ?? packaged,
    MINIFLARE_WORKERD_PATH: projectPath('scripts/workerd-with-hub.sh'),
  };
}
