import { applyD1Migrations, type D1Migration, evictAllDurableObjects, reset } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { writeCollected } from '../../../src/read-model/collector.ts';
import { countRows } from './copied-rows.ts';
import { organizationD1, separateDatabases } from './organization-database.ts';

/** Signs the hub's tokens. Always the same key, because the isolate remembers it after D1 has been emptied. */
export const SIGNING_KEY = btoa('0123456789abcdef0123456789abcdef');

/** The id of a key from before there were several. */
export const SIGNING_KEY_ID = 'tokens';

const { TEST_MIGRATIONS: migrations } = env as unknown as { TEST_MIGRATIONS: D1Migration[] };

/**
 * Empties the runtime's hub: no object continues and none has an alarm. Run before each file of tests, and before tests
 * that compare whole tables while earlier threads may still have something to copy.
 */
export async function emptyHub(): Promise<void> {
  if (await hasTables()) {
    await writeCollected(env);
    await evictAllDurableObjects();
    // An object that has just been evicted may still be writing.
    await countRows();
  }
  await evictAllDurableObjects();
  await reset();
  // An object that a queue message woke before the reset would go on with its old storage.
  await evictAllDurableObjects();
  await applyD1Migrations(env.DB, [asOne(migrations.map(withSigningKey))]);
  if (organizationD1 !== env.DB) await applyD1Migrations(organizationD1, [asOne(migrations)]);
  await separateDatabases();
}

/** All migrations under the name of the newest, which the hub looks for. One after the other each costs calls of D1. */
function asOne(all: readonly D1Migration[]): D1Migration {
  return { name: all.at(-1)?.name ?? '', queries: all.flatMap(({ queries }) => queries) };
}

async function hasTables(): Promise<boolean> {
  return (await organizationD1.prepare("SELECT 1 FROM sqlite_master WHERE name = 'chats'").first()) !== null;
}

/**
 * The key is written together with its table. Otherwise a webhook of an earlier file could make another key in between.
 */
function withSigningKey(migration: D1Migration): D1Migration {
  if (!migration.queries.some((query) => query.includes('CREATE TABLE signing_keys'))) return migration;
  const insert = `INSERT INTO signing_keys (id, secret, created_at) VALUES ('${SIGNING_KEY_ID}', '${SIGNING_KEY}', 0)`;
  return { ...migration, queries: [...migration.queries, insert] };
}
