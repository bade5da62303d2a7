import { createApp } from './app.ts';
import { noCost } from './db/cost.ts';
import { databasesOf } from './db/database.ts';
import { handleQueue } from './delivery/consumer.ts';
import { consumerDependencies } from './delivery/consumer-dependencies.ts';
import { sweepDeliveries } from './delivery/watchdog.ts';
import { writeLog } from './log.ts';

export { ProjectorObject } from './projections/projector.ts';
export { ThreadObject } from './thread/object.ts';

const app = createApp();

export default {
  fetch: (request, env, context) => app.fetch(request, env, context),

  queue: (batch, env, context) => handleQueue(batch, context, consumerDependencies(env)),

  /** The watchdog. Each database has its own overdue lanes; an unreachable one fails the run, and cron comes again. */
  async scheduled(_controller, env) {
    for (const database of databasesOf(env, noCost())) {
      const send = async (pointer: object) => void (await env.WEBHOOKS.send(pointer));
      const offered = await sweepDeliveries(database, send, Date.now());
      writeLog('info', 'watchdog', { offered });
    }
  },
} satisfies ExportedHandler<Env>;
