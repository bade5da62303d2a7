import { type ChildProcess, spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Demo, readDemo } from '../scripts/demo-file.ts';
import { projectPath, projectRoot } from '../scripts/project.ts';

const PATIENCE_MILLISECONDS = 120_000;

export type HubProcess = {
  url: string;
  /**
   * Waits until the hub answers and has its demo organizations. Rejects with the end of its log when the hub has ended.
   */
  ready(): Promise<Demo>;
  /** Kills the hub and its runtime with -9 and at once starts a new one on the same port and store. */
  killAndRestart(): Promise<void>;
  /** Kills the runtime with -9. The hub starts it again by itself. */
  killRuntime(): Promise<void>;
  /** Runs the cron handler of a faulty hub. */
  ringCron(): void;
  stop(): Promise<void>;
};

/**
 * Runs the script of `npm start`, or the faulty hub with this fault, in its own process. The output goes to `hub.log`
 * in the folder.
 */
export function startHubProcess(options: { port: number; folder: string; fault: string | null }): HubProcess {
  const { port, folder, fault } = options;
  const url = `http://127.0.0.1:${port}`;
  const log = join(folder, 'hub.log');
  const output = openSync(log, 'a');
  let child = launch();

  function launch(): ChildProcess {
    const script = projectPath(fault === null ? 'scripts/start.ts' : 'chaos/faulty-hub.ts');
    return spawn(process.execPath, [script, '--port', String(port), '--persist-to', folder], {
      cwd: projectRoot,
      // As if npm had started it: it ends when its parent ends.
      env: { ...process.env, npm_lifecycle_event: 'start', CHAOS: fault ?? '' },
      stdio: ['ignore', output, output, 'ipc'],
    });
  }
  /** Otherwise the runtime would run for another second. */
  async function kill(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
    await killRuntime();
    await ended;
  }
  /** While the hub starts there may be no runtime. */
  async function killRuntime(): Promise<void> {
    const [pid] = (await readFile(join(folder, 'state', 'runtime.pid'), 'utf8').catch(() => '')).split(' ');
    try {
      if (pid !== undefined && pid !== '') process.kill(Number(pid), 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
  return {
    url,
    async ready() {
      const deadline = Date.now() + PATIENCE_MILLISECONDS;
      while (Date.now() < deadline && child.exitCode === null) {
        const demo = await readDemo(folder);
        if (demo !== null && (await isHealthy(url))) return demo;
        await pause(50);
      }
      throw new Error(`the hub does not run:\n${(await readFile(log, 'utf8')).slice(-2_000)}`);
    },
    async killAndRestart() {
      await kill();
      child = launch();
    },
    killRuntime,
    ringCron() {
      child.send('cron');
    },
    stop: kill,
  };
}

async function isHealthy(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/healthz`)).ok;
  } catch {
    return false;
  }
}
