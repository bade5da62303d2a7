import { waitUntil } from 'cloudflare:workers';
import { createApp } from './app.ts';
import { noCost } from './db/cost.ts';
import { databasesOf } from './db/database.ts';
import { handleQueue } from './delivery/consumer.ts';
import { consumerDependencies } from './delivery/consumer-dependencies.ts';
import { deliverHeads } from './delivery/deliver-lane.ts';
import { wakeOverdueThreads } from './delivery/wake-overdue.ts';
import { sweepDatabases, sweepDeliveries } from './delivery/watchdog.ts';
import { makeFirstAttemptsWith, threadStub } from './stubs.ts';

export { LiveHub } from './live/hub.ts';
export { UserObject } from './presence/object.ts';
export { ProjectorObject } from './projections/projector.ts';
export { ThreadObject } from './thread/object.ts';

const app = createApp();

makeFirstAttemptsWith((env, thread, heads, askedAt) => {
  waitUntil(deliverHeads(consumerDependencies(env), thread, heads, askedAt));
});

export default {
  fetch: (request, env, context) => app.fetch(request, env, context),

  queue: (batch, env, context) => handleQueue(batch, context, consumerDependencies(env)),

  /** The watchdog. */
  scheduled: (_controller, env) =>
    sweepDatabases(
      databasesOf(env, noCost()),
      {
        offered: (database, now) => sweepDeliveries(database, env.WEBHOOKS, now),
        woken: (database, now) => wakeOverdueThreads(database, (thread) => threadStub(env, thread), now),
      },
      Date.now(),
    ),
} satisfies ExportedHandler<Env>;
