import { applyD1Migrations, type D1Migration } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { makeFirstAttemptsWith } from '../../src/api/execute-command.ts';

// Nobody delivers but a test that says so, as if each Worker were lost with its answer: the queue then brings all attempts.
makeFirstAttemptsWith(null);

await applyD1Migrations(env.DB, (env as unknown as { TEST_MIGRATIONS: D1Migration[] }).TEST_MIGRATIONS);

// The log line of each request would bury what tests print, and cost a call out of the runtime.
const write = console.log;
console.log = (...parts: unknown[]) => {
  if (!String(parts[0]).startsWith('{"level":"info","event":"request"')) write(...parts);
};
