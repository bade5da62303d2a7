/** The folder of a local store: made, and tried, before anything is built or started on it. */
import { mkdir, mkdtemp, rmdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

/** Why a hub did not start. `message` is for the person who started it. */
export class StartRefused extends Error {}

/**
 * Folder of a store's state, with the layout of wrangler's `--persist-to`; the file that says who runs on it, and the one
 * that says which migrations it has.
 */
export function statePaths(persistTo: string): { state: string; pidFile: string; migratedFile: string } {
  const state = join(resolve(persistTo), 'state');
  return { state, pidFile: join(state, 'runtime.pid'), migratedFile: join(state, 'migrated.txt') };
}

/** Makes the folder of a store, and tries to write to it. Throws `StartRefused` when it cannot be one. */
export async function makeStoreFolder(persistTo: string): Promise<void> {
  try {
    const { state } = statePaths(persistTo);
    await makeFolder(state);
    for (const folder of [dirname(state), state]) await rmdir(await mkdtemp(join(folder, '.try-')));
  } catch (error) {
    throw new StartRefused(`${persistTo} cannot be the folder of a store: ${reasonOf(error)}.`);
  }
}

/** Why a path cannot be used, in words instead of the code where there are words. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EEXIST' || code === 'ENOTDIR') return 'a file is in its place';
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return `it cannot be written (${code})`;
  if (code === 'ENOENT') return 'nothing can be made there (ENOENT)';
  return code ?? message;
}

/** Node's own recursive mkdir never ends where the kernel allows no folders, such as below /proc. */
async function makeFolder(path: string): Promise<void> {
  const missing: string[] = [];
  let place = path;
  while (!(await isFolder(place))) {
    missing.push(place);
    place = dirname(place);
  }
  for (const folder of missing.reverse()) await makeOne(folder);
}

/** Whether a folder is there. Throws when something else is in its place. */
async function isFolder(path: string): Promise<boolean> {
  try {
    if ((await stat(path)).isDirectory()) return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
  throw Object.assign(new Error(path), { code: 'ENOTDIR' });
}

/** Two hubs that start at once may make the same folder. */
async function makeOne(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !(await isFolder(folder))) throw error;
  }
}
