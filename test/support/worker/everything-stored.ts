import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { organizationD1 } from './organization-database.ts';

/** Everything that an object has stored, as text. */
export function storedIn(object: DurableObjectStub): Promise<string> {
  return runInDurableObject(object, (_, { storage: { sql } }) => {
    const tables = sql.exec<{ name: string }>(
      `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'`,
    );
    return JSON.stringify(tables.toArray().map(({ name }) => [name, sql.exec(`SELECT * FROM ${name}`).toArray()]));
  });
}

/** Every row of every database, as text. */
export async function storedInD1(): Promise<string> {
  const dump: unknown[] = [];
  for (const d1 of new Set([organizationD1, env.DB, env.DELIVERY_LOG])) {
    const { results } = await d1
      .prepare(`SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'`)
      .all<{ name: string }>();
    for (const { name } of results) dump.push(name, (await d1.prepare(`SELECT * FROM ${name}`).all()).results);
  }
  return JSON.stringify(dump);
}
