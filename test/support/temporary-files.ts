import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder that Linux keeps in memory. */
const MEMORY = '/dev/shm';

/** All stores of a run together take less, in bytes. */
const ENOUGH = 2_000_000_000;

/**
 * Gives this process, and those that it starts, a folder of their own for temporary files, and removes it at the end. It is in
 * memory where there is room: on a disk, a fifth of what the tests compute is the storing of what is soon thrown away. TMPDIR
 * in the environment chooses another place.
 */
export function useOwnTemporaryFolder(): void {
  const place = process.env['TMPDIR'] === undefined && freeBytes(MEMORY) >= ENOUGH ? MEMORY : tmpdir();
  const folder = mkdtempSync(join(place, 'umi-tests-'));
  process.env['TMPDIR'] = folder;
  process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
}

/** Zero where the folder is not: other systems have none. */
function freeBytes(folder: string): number {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return 0;
  }
}
