import { applyMigrations } from './d1-migrations.ts';
import { type LocalWorker, type LocalWorkerOptions, startWorker } from './local-worker.ts';
import { projectPath } from './project.ts';
import { hubSources } from './worker-build.ts';

const CRON = '*/5 * * * *';
const CRON_INTERVAL_MILLISECONDS = 60_000;

export type HubOptions = Omit<LocalWorkerOptions, 'from'> & {
  /** Rings the cron handler every minute, which nobody else does locally. Off by default. */
  cron?: boolean;
};

export type LocalHub = LocalWorker & {
  /** Rings the cron handler once and waits for its end. */
  ringCron(): Promise<void>;
};

/** Runs the hub locally with its D1 migrated. Errors as `startWorker`. */
export async function startHub(options: HubOptions): Promise<LocalHub> {
  const worker = await startWorker({ ...options, from: hubSources });
  try {
    await applyMigrations(await worker.miniflare.getD1Database('DB'), projectPath('migrations'));
  } catch (error) {
    await worker.stop();
    throw error;
  }

  async function ringCron(): Promise<void> {
    const entry = await worker.miniflare.getWorker();
    await entry.scheduled({ cron: CRON, scheduledTime: new Date() });
  }
  const bell =
    options.cron === true
      ? setInterval(() => {
          ringCron().catch((error: unknown) =>
            options.log?.({ level: 'error', message: `cron did not ring: ${String(error)}` }),
          );
        }, CRON_INTERVAL_MILLISECONDS).unref()
      : null;

  return {
    ...worker,
    ringCron,
    async stop() {
      if (bell !== null) clearInterval(bell);
      await worker.stop();
    },
  };
}
