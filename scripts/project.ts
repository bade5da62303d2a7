import { dirname, join } from 'node:path';

/** Absolute path of the repository's root. */
export const projectRoot = dirname(import.meta.dirname);

/** Absolute path of a file of the project, given from its root. */
export function projectPath(path: string): string {
  return join(projectRoot, path);
}
