import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectPath } from './project.ts';
import type { SideDatabase } from './side-door.ts';

/**
 * A folder of `.sql` files, relative to the project, and the table in which `wrangler d1 migrations` keeps which of
 * them it applied.
 */
export type Migrations = { folder: string; table: string };

/** The names of a folder's migrations in their order. Empty when there is no folder. */
export async function migrationsIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names.filter((name) => name.endsWith('.sql')).sort();
}

/**
 * Applies the `.sql` files of a folder that the database has not seen yet, in the order of their names, each in one
 * transaction together with its entry in wrangler's table. Answers the names applied now. A failing file throws and
 * leaves no trace; the ones before it stay.
 */
export async function applyMigrations(database: SideDatabase, { folder, table }: Migrations): Promise<string[]> {
  const all = await migrationsIn(projectPath(folder));
  if (all.length === 0) return [];
  const [, applied] = await database.batch([
    database.prepare(migrationsTable(table)),
    database.prepare(`SELECT name FROM ${table}`),
  ]);
  const known = new Set(applied?.results.map((row) => row['name']));
  const names = all.filter((name) => !known.has(name));
  if (names.length === 0) return [];
  // Loading wrangler takes a second, so it is loaded only when there is something to apply.
  const { unstable_splitSqlQuery: splitSqlQuery } = await import('wrangler');
  for (const name of names) {
    const statements = splitSqlQuery(await readFile(projectPath(join(folder, name)), 'utf8'));
    await database.batch([
      ...statements.map((statement) => database.prepare(statement)),
      database.prepare(`INSERT INTO ${table} (name) VALUES (?)`).bind(name),
    ]);
  }
  return names;
}

/** With wrangler's own columns. */
function migrationsTable(name: string): string {
  return `CREATE TABLE IF NOT EXISTS ${name} (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT UNIQUE,
  applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
)`;
}
