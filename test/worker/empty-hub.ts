import { applyD1Migrations, type D1Migration, evictAllDurableObjects, reset } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { writeCollected } from '../../src/read-model/collector.ts';

/** Signs the hub's tokens. Always the same: the isolate remembers it when D1 has long been emptied. */
const SIGNING_KEY = btoa('0123456789abcdef0123456789abcdef');

/**
 * Makes a hub with nothing in it of the runtime's: no object goes on, none has an alarm. For each file of tests, and for tests that
 * compare whole tables while earlier threads may still have something to copy.
 */
export async function emptyHub(): Promise<void> {
  await writeCollected(env);
  await evictAllDurableObjects();
  await reset();
  await applyD1Migrations(env.DB, (env as unknown as { TEST_MIGRATIONS: D1Migration[] }).TEST_MIGRATIONS);
  const key = env.DB.prepare("INSERT INTO signing_keys (id, secret, created_at) VALUES ('tokens', ?, 0)");
  await key.bind(SIGNING_KEY).run();
}
