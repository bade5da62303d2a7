import { type LocalWorker, type LocalWorkerOptions, startWorker } from './local-worker.ts';
import { hubSources } from './worker-build.ts';

const CRON = '*/5 * * * *';
const CRON_INTERVAL_MILLISECONDS = 60_000;

export type HubOptions = Omit<LocalWorkerOptions, 'from'> & {
  /** The Worker to run. By default the hub as it is deployed. */
  from?: LocalWorkerOptions['from'];
  /** Runs the cron handler every minute, because the local runtime does not. Off by default. */
  cron?: boolean;
};

export type LocalHub = Omit<LocalWorker, 'ringCron'> & {
  /** Runs the cron handler once and waits for its end. */
  ringCron(): Promise<void>;
};

/** Runs the hub locally. Errors as `startWorker`. */
export async function startHub(options: HubOptions): Promise<LocalHub> {
  const worker = await startWorker({ from: hubSources, ...options });
  const ringCron = () => worker.ringCron(CRON);
  const bell =
    options.cron === true
      ? setInterval(() => {
          ringCron().catch((error: unknown) =>
            options.log?.({ level: 'error', message: `the cron handler failed: ${String(error)}` }),
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
