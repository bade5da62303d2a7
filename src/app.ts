import { identityRoutes } from './api/apps/identity-token.ts';
import { appsRoutes } from './api/apps/routes.ts';
import { chatsRoutes } from './api/chats/routes.ts';
import { tenantDoor } from './api/directory/door.ts';
import { directoryRoutesOf } from './api/directory/routes.ts';
import { liveRoutes } from './api/live/routes.ts';
import { operatorRoutes } from './api/operator/routes.ts';
import { rpcRoutes } from './api/rpc/routes.ts';
import { fileRoutes } from './api/service/files.ts';
import { healthRoutes } from './api/service/health.ts';
import { referenceRoutes } from './api/service/reference.ts';
import { consoleRoutes } from './api/service/site.ts';
import { sessionRoutes } from './api/session/routes.ts';
import { threadsRoutes } from './api/threads/routes.ts';
import { umiRoutes } from './api/umi/routes.ts';
import { userRoutes } from './api/users/routes.ts';
import { visitorRecordRoutes } from './api/visitor-records/routes.ts';
import { visitorRoutes } from './api/visitors/routes.ts';
import { allowWebPages } from './http/cors.ts';
import { drainRefusedBodies } from './http/drain-body.ts';
import { answerAccidents, answerUnknownRoutes } from './http/on-error.ts';
import { logRequests } from './http/request-log.ts';
import { type AppRouter, createRouter } from './http/router.ts';
import { secureAnswers } from './http/secure-answers.ts';
import { reportServerTiming } from './http/server-timing.ts';

/** All HTTP handling of the hub: the middleware of every request, then one line for each dialect. */
export function createApp(): AppRouter {
  const app = createRouter();
  app.use(logRequests());
  app.use(reportServerTiming());
  app.use(secureAnswers);
  app.use('/api/*', allowWebPages);
  app.use('/files/*', allowWebPages);
  app.use(drainRefusedBodies());
  answerAccidents(app);
  answerUnknownRoutes(app);

  app.route('/api/v5', umiRoutes);
  app.route('/api/v5', chatsRoutes);
  app.route('/api/v5', sessionRoutes);
  app.route('/api/v5', userRoutes);
  app.route('/api/v5', directoryRoutesOf(tenantDoor(5)));
  app.route('/api/v5', visitorRecordRoutes);
  app.route('/api/v5', liveRoutes);
  app.route('/api/v5', visitorRoutes);
  app.route('/api/v6', directoryRoutesOf(tenantDoor(6)));
  app.route('/api/v5', appsRoutes);
  app.route('/', rpcRoutes);
  app.route('/identity', identityRoutes);
  app.route('/admin/v1', operatorRoutes);
  app.route('/files', fileRoutes);
  app.route('/', threadsRoutes);
  app.route('/', healthRoutes);
  app.route('/', referenceRoutes);
  app.route('/', consoleRoutes);
  return app;
}
