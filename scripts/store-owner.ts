import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { StartRefused, statePaths } from './store-folder.ts';

/** Longer (ms) than the second after which a runtime sees that its hub was killed, or a hub that its npm was. */
const PATIENCE_MILLISECONDS = 3_000;

/**
 * Waits a little until a runtime that a killed hub left on a store is gone, so that no two write to it. Throws `StartRefused` when a
 * process goes on using the store.
 */
export async function waitForStore(persistTo: string): Promise<void> {
  const user = await userOfStore(statePaths(persistTo).pidFile);
  if (user !== null) throw new StartRefused(`The store ${persistTo} is in use by another hub (process ${user}).`);
}

/**
 * The id of the process that uses a store; null when the store is free. workerd-with-hub.sh writes `pidFile`, which may
 * not exist.
 */
async function userOfStore(pidFile: string): Promise<number | null> {
  const [runtime, hub] = (await readFile(pidFile, 'utf8').catch(() => '')).split(' ').map(Number);
  if (runtime === undefined || hub === undefined || runtime === 0) return null;
  const deadline = Date.now() + PATIENCE_MILLISECONDS;
  for (;;) {
    const parent = parentOfRuntime(runtime);
    if (parent === null) break;
    if (Date.now() > deadline) return parent === hub ? hub : runtime;
    await pause(50);
  }
  await rm(pidFile, { force: true });
  return null;
}

/** The parent of this process. Null when the process is not a running workerd, because the id may have been reused. */
function parentOfRuntime(pid: number): number | null {
  const parent = /^\s*(\d+)\s+[^Z\s]\S*\s.*workerd/.exec(processLine(pid))?.[1];
  return parent === undefined ? null : Number(parent);
}

/** `<parent> <state> <command>` of a process, empty when there is none. Small Linux images have /proc but no ps. */
function processLine(pid: number): string {
  if (process.platform === 'linux') {
    const [, command, state, parent] = /^\d+ \((.*)\) (\S) (\d+)/s.exec(readOrEmpty(`/proc/${pid}/stat`)) ?? [];
    return command === undefined ? '' : `${parent} ${state} ${command}`;
  }
  return spawnSync('ps', ['-o', 'ppid=,stat=,args=', '-p', String(pid)], { encoding: 'utf8' }).stdout ?? '';
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
