import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/**
 * What a local store holds, as text, by file: every row of every table of its SQLite files (D1 and objects, with what is
 * in their write-ahead logs), and the other files as they are. Works on a copy, so the hub may run.
 */
export async function storeText(folder: string): Promise<Map<string, string>> {
  const copy = await mkdtemp(join(tmpdir(), 'umi-store-'));
  try {
    await cp(folder, copy, { recursive: true, filter: (path) => !path.includes('/dist/') && !path.endsWith('.pid') });
    const found = new Map<string, string>();
    for (const entry of await readdir(copy, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      const name = path.slice(copy.length + 1);
      if (!entry.isFile() || /\.sqlite-(wal|shm)$/.test(name)) continue;
      found.set(name, name.endsWith('.sqlite') ? rowsOf(path) : (await readFile(path)).toString('latin1'));
    }
    return found;
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

function rowsOf(path: string): string {
  const database = new DatabaseSync(path);
  try {
    const rowsIn = (query: string) => {
      const statement = database.prepare(query);
      // Times of alarms are nanoseconds, which no number holds.
      statement.setReadBigInts(true);
      return statement.all();
    };
    const tables = rowsIn(`SELECT name FROM sqlite_master WHERE type = 'table'`);
    const dump = tables.map(({ name }) => [name, rowsIn(`SELECT * FROM "${String(name).replaceAll('"', '""')}"`)]);
    return JSON.stringify(dump, (_, value: unknown) => {
      if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1');
      return typeof value === 'bigint' ? String(value) : value;
    });
  } finally {
    database.close();
  }
}
