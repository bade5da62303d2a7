import { createRoute, z } from '@hono/zod-openapi';
import { identityDatabase } from './app-environment.ts';
import { refusalResponses, refuse } from './refusals.ts';
import { createRouter } from './router.ts';

const checkHealth = createRoute({
  method: 'get',
  path: '/healthz',
  tags: ['Service'],
  summary: 'Check health',
  description: '200 when the database answers.',
  responses: {
    200: {
      description: 'The service works',
      content: { 'application/json': { schema: z.object({ status: z.literal('ok') }) } },
    },
    ...refusalResponses(503),
  },
});

/** `GET /healthz`. */
export const healthRoutes = createRouter();

healthRoutes.openapi(checkHealth, async (c) => {
  try {
    await identityDatabase(c).first('SELECT 1');
  } catch {
    return refuse(c, { reason: 'unavailable' });
  }
  return c.json({ status: 'ok' as const }, 200);
});
