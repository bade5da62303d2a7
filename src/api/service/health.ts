import { z } from '@hono/zod-openapi';
import { ping } from '../../db/database.ts';
import { identityDatabase } from '../../http/app-environment.ts';
import { refuse } from '../../http/refusals.ts';
import { createRouter } from '../../http/router.ts';
import { publicAccess } from '../access.ts';
import { defineRoute } from '../define-route.ts';

const checkHealth = defineRoute({
  operationId: 'checkHealth',
  method: 'get',
  path: '/healthz',
  tag: 'Service',
  access: publicAccess,
  summary: 'Check health',
  description: '200 when the database answers.',
  answers: {
    200: {
      description: 'The service works',
      content: { 'application/json': { schema: z.object({ status: z.literal('ok') }) } },
    },
  },
});

/** `GET /healthz`. */
export const healthRoutes = createRouter();

healthRoutes.openapi(checkHealth, async (c) => {
  try {
    await ping(identityDatabase(c));
  } catch {
    return refuse(c, { reason: 'unavailable' });
  }
  return c.json({ status: 'ok' as const }, 200);
});
