import { readFileSync } from 'node:fs';
import { statePaths } from '../scripts/store-folder.ts';

/** Linux counts CPU time in hundredths of a second, whatever the processor. */
const MILLISECONDS_A_TICK = 10;

/** Id of the runtime's process on a store. Null on systems without /proc. */
export function runtimeOn(persistTo: string): number | null {
  if (process.platform !== 'linux') return null;
  return Number(readFileSync(statePaths(persistTo).pidFile, 'utf8').split(' ')[0]);
}

/** CPU time of a process so far in ms, user and kernel. Throws when the process has ended. */
export function cpuTime(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * MILLISECONDS_A_TICK;
}
