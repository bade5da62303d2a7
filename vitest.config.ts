import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-plugin';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { buildSite } from './scripts/site-build.ts';
import { useOwnTemporaryFolder } from './test/support/temporary-files.ts';

useOwnTemporaryFolder();

// The runtime of the tests serves it, also to a single test file in a fresh checkout.
await buildSite();
const migrations = await readD1Migrations('./migrations');

/**
 * Tests inside workerd: a few runtimes serve all files, since each takes seconds to start. `new-hub.ts` empties them before each file.
 * `database`: the binding of the database in which the tests make their organizations.
 */
const insideWorkerd = (
  name: string,
  database: string,
  { include, exclude }: { include: string[]; exclude?: string[] },
): TestProjectInlineConfiguration => ({
  plugins: [
    cloudflareTest({
      wrangler: { configPath: './wrangler.toml' },
      miniflare: {
        // A queue that nobody consumes, as one that loses everything: tests of lanes drive the consumer.
        queueProducers: { WEBHOOKS: { queueName: 'unconsumed' } },
        ...(database === 'DB' ? {} : { d1Databases: { [database]: 'second' } }),
        bindings: {
          ORGANIZATION_DATABASE: database,
          TEST_MIGRATIONS: migrations,
          ADMIN_TOKEN: 'admin-token-of-the-tests-of-this-hub',
          SECRETS_KEY: 'c2VjcmV0cyBvZiB0aGUgdGVzdHMsIDMyIGJ5dGVzISE',
          ALLOW_INSECURE_WEBHOOKS: '1',
          RATE_LIMITS: '0',
          FUZZ_RUNS: process.env['FUZZ_RUNS'] ?? '8',
        },
      },
    }),
  ],
  test: {
    name,
    include,
    ...(exclude === undefined ? {} : { exclude }),
    isolate: false,
    // Generous: a busy machine must not decide what passes.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    setupFiles: ['test/support/worker/new-hub.ts'],
  },
});

/**
 * The surface. Its organizations have a database of their own, where a query of the wrong one fails; all others share it with
 * the hub, as do those over HTTP.
 */
const SURFACE = [
  'apps/fan-out',
  'chats/{chat-*,conversation-starters,invitations,join-*,messages,organization-messages,owned-chats}',
  'chats/{reply-suggestions,room,start-chats,update-chat}',
  'directory/{organization,purges,retention,rooms,safety,teams,unanswered*,users}',
  'files/*',
  'live/subscribe',
  'operator/{audit-log,audit-log-lists,databases,directory,routers}',
  'presence/chats',
  'umi/{channel*,close-session,events,messages,messages-suggestions}',
  'visitors/{chats,memberships,messages,room-visitors,rooms,tutorial,variables}',
].map((files) => `test/worker/${files}.test.ts`);

export default defineConfig({
  test: {
    // Many of the tests over HTTP wait for time to pass: others run beside them, also on two cores.
    maxWorkers: 3,
    // Names of tests have paths in them, which are cut at 40 characters otherwise.
    chaiConfig: { truncateThreshold: 200 },
    // The log line of each request would bury what tests print.
    onConsoleLog: (line) => !line.startsWith('{"level":"info","event":"request"'),
    projects: [
      {
        resolve: {
          alias: { 'cloudflare:workers': new URL('./test/support/cloudflare-workers.ts', import.meta.url).pathname },
        },
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          environment: 'node',
          // Loading the libraries anew for each file takes longer than the tests do.
          isolate: false,
          testTimeout: 120_000,
        },
      },
      insideWorkerd('worker', 'DB', { include: ['test/worker/**/*.test.ts'], exclude: SURFACE }),
      insideWorkerd('second-database', 'DB_2', { include: SURFACE }),
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          environment: 'node',
          isolate: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
