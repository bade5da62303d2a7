import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { projectPath } from './project.ts';

/**
 * A digest of files and of all files in folders, by name and content: 16 hexadecimal digits. Paths are from the project's
 * root. `layout`: a word that changes when the same sources give another result.
 */
export async function sourcesDigest(sources: readonly string[], layout = ''): Promise<string> {
  const hash = createHash('sha256').update(layout);
  for (const source of sources) await addToDigest(hash, projectPath(source), source);
  return hash.digest('hex').slice(0, 16);
}

async function addToDigest(hash: ReturnType<typeof createHash>, path: string, label: string): Promise<void> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch(() => null);
  const files =
    entries === null
      ? [{ path, label }]
      : entries
          .filter((entry) => entry.isFile())
          .map((entry) => join(entry.parentPath, entry.name))
          .sort()
          .map((file) => ({ path: file, label: file.slice(dirname(path).length) }));
  for (const file of files) {
    hash
      .update(`${file.label}\0`)
      .update(await readFile(file.path))
      .update('\0');
  }
}
