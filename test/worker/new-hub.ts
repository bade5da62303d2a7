import { applyD1Migrations, type D1Migration, evictAllDurableObjects, reset } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { vi } from 'vitest';
import { makeFirstAttemptsWith } from '../../src/api/execute-command.ts';
import { onFault } from '../../src/platform/faults.ts';
import './quiet-requests.ts';

// Before each file of tests: the files share a runtime, which takes seconds to start, and each gets a hub with nothing in it.

/** Signs the hub's tokens. Always the same: the isolate remembers it from one file to the next, when D1 has long been emptied. */
const SIGNING_KEY = btoa('0123456789abcdef0123456789abcdef');

await evictAllDurableObjects();
await reset();
await applyD1Migrations(env.DB, (env as unknown as { TEST_MIGRATIONS: D1Migration[] }).TEST_MIGRATIONS);
const keyRow = env.DB.prepare("INSERT INTO signing_keys (id, secret, created_at) VALUES ('tokens', ?, 0)");
await keyRow.bind(SIGNING_KEY).run();

onFault(null);
vi.useRealTimers();
// Nobody delivers but a test that says so, as if each Worker were lost with its answer: the queue then brings all attempts.
makeFirstAttemptsWith(null);
