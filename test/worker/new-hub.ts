import { applyD1Migrations, type D1Migration, evictAllDurableObjects, reset } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { vi } from 'vitest';
import { makeFirstAttemptsWith } from '../../src/api/execute-command.ts';
import { onFault } from '../../src/platform/faults.ts';
import './quiet-requests.ts';

// Before each file of tests: the files share a runtime, which takes seconds to start, and each gets a hub with nothing in it.

/** The isolate remembers the key that signs the hub's tokens, so an empty hub goes on with it. */
type SigningKey = { id: string; secret: string; created_at: number };

const signingKeys = await env.DB.prepare('SELECT id, secret, created_at FROM signing_keys')
  .all<SigningKey>()
  // The first file finds no table.
  .catch(() => ({ results: [] }));

await evictAllDurableObjects();
await reset();
await applyD1Migrations(env.DB, (env as unknown as { TEST_MIGRATIONS: D1Migration[] }).TEST_MIGRATIONS);
for (const { id, secret, created_at } of signingKeys.results) {
  const kept = env.DB.prepare('INSERT INTO signing_keys (id, secret, created_at) VALUES (?, ?, ?)');
  await kept.bind(id, secret, created_at).run();
}

onFault(null);
vi.useRealTimers();
// Nobody delivers but a test that says so, as if each Worker were lost with its answer: the queue then brings all attempts.
makeFirstAttemptsWith(null);
