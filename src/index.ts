import { createApp } from './app.ts';
import { noCost } from './db/cost.ts';
import { databasesOf } from './db/database.ts';
import { handleQueue } from './delivery/consumer.ts';
import { consumerDependencies } from './delivery/consumer-dependencies.ts';
import { sweepDatabases } from './delivery/watchdog.ts';

export { ProjectorObject } from './projections/projector.ts';
export { ThreadObject } from './thread/object.ts';

const app = createApp();

export default {
  fetch: (request, env, context) => app.fetch(request, env, context),

  queue: (batch, env, context) => handleQueue(batch, context, consumerDependencies(env)),

  /** The watchdog. */
  scheduled: (_controller, env) => sweepDatabases(databasesOf(env, noCost()), env.WEBHOOKS, Date.now()),
} satisfies ExportedHandler<Env>;
