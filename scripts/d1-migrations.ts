import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unstable_splitSqlQuery as splitSqlQuery } from 'wrangler';

/** The table in which `wrangler d1 migrations` keeps what it applied, with wrangler's own columns. */
const MIGRATIONS_TABLE = `CREATE TABLE IF NOT EXISTS d1_migrations (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT UNIQUE,
  applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
)`;

/** The part of D1 that is needed here; both the Worker's binding and Miniflare's proxy of it fit. */
export type MigrationDatabase = {
  prepare(sql: string): MigrationStatement;
  batch(statements: MigrationStatement[]): Promise<unknown>;
};
type MigrationStatement = {
  bind(...values: unknown[]): MigrationStatement;
  all(): Promise<{ results: Record<string, unknown>[] }>;
};

/**
 * Applies the `.sql` files of a folder that the database has not seen yet, in the order of their names, each in one
 * transaction together with its entry in wrangler's table. Answers the names applied now. A failing file throws and leaves
 * no trace; the ones before it stay.
 */
export async function applyMigrations(database: MigrationDatabase, folder: string): Promise<string[]> {
  await database.batch([database.prepare(MIGRATIONS_TABLE)]);
  const { results } = await database.prepare('SELECT name FROM d1_migrations').all();
  const known = new Set(results.map((row) => row['name']));
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql') && !known.has(name)).sort();
  for (const name of names) {
    const statements = splitSqlQuery(await readFile(join(folder, name), 'utf8'));
    await database.batch([
      ...statements.map((statement) => database.prepare(statement)),
      database.prepare('INSERT INTO d1_migrations (name) VALUES (?)').bind(name),
    ]);
  }
  return names;
}
