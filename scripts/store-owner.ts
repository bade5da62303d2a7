import { spawnSync } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';

/** Longer than the second that workerd-with-hub.sh may take to see that its hub was killed. */
const PATIENCE_MILLISECONDS = 5_000;

/**
 * Waits until the runtime that last used a store is gone, so that no two write to it. Answers the process id of one that
 * stays, which means that a hub is running on this store; null when the store is free. `pidFile` may not exist.
 */
export async function waitForStore(pidFile: string): Promise<number | null> {
  const pid = Number.parseInt(await readFile(pidFile, 'utf8').catch(() => ''), 10);
  if (!Number.isInteger(pid)) return null;
  const deadline = Date.now() + PATIENCE_MILLISECONDS;
  while (isRuntime(pid)) {
    if (Date.now() > deadline) return pid;
    await pause(50);
  }
  await rm(pidFile, { force: true });
  return null;
}

/** Whether this process id is a living workerd; the number in an old file may long belong to somebody else. */
function isRuntime(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=,args=', '-p', String(pid)], { encoding: 'utf8' });
  if (typeof stdout === 'string') return /^[^Z]\S*\s.*workerd/m.test(stdout);
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
