import { createRoute, z } from '@hono/zod-openapi';
import { listVisitorVariables } from '../../directory/visitors.ts';
import { organizationDatabase } from '../../http/app-environment.ts';
import { collectionQuery, collectionResponse, collectionSchema, idKey, readPage } from '../../http/collection.ts';
import { pathId } from '../../http/fields.ts';
import { userTokenSecurity } from '../../http/openapi.ts';
import { refusalResponses, refuse } from '../../http/refusals.ts';
import { jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { isoTime } from '../../resources/clock.ts';
import { organizationGuards } from './guards.ts';
import { variableSchema } from './schemas.ts';
import { pathText } from './scopes.ts';

const route = createRoute({
  method: 'get',
  path: '/orgs/{organization_id}/rooms/{room_id}/visitors/{visitor_id}/variables',
  tags: ['Visitors'],
  summary: 'List the variables of a visitor',
  security: userTokenSecurity,
  middleware: organizationGuards,
  request: {
    params: z.object({
      organization_id: pathId('organization_id'),
      room_id: pathId('room_id'),
      visitor_id: pathText('visitor_id'),
    }),
    query: z.object(collectionQuery),
  },
  responses: {
    200: jsonOf(collectionSchema(variableSchema), 'Variables by key'),
    ...refusalResponses(400, 401, 403, 404, 503),
  },
});

/** GET …/visitors/<visitor_id>/variables (protocol.md 3.2). */
export const visitorVariableRoutes = createRouter();

visitorVariableRoutes.openapi(route, async (c) => {
  const { organization_id, room_id, visitor_id } = c.req.valid('param');
  const read = readPage(c.req.valid('query'), 'key', idKey);
  if (!read.ok) return refuse(c, read.refusal);
  const database = organizationDatabase(c);
  const rows = await listVisitorVariables(database, organization_id, room_id, visitor_id, read.page.keyset);
  if (rows === null) return refuse(c, { reason: 'not_found', detail: 'Visitor not found.' });
  const body = collectionResponse(c, {
    page: read.page,
    rows,
    keyOf: ({ key }) => [key],
    resource: ({ key, value, created_at, at }) => ({
      key,
      value,
      created_at: isoTime(created_at),
      updated_at: isoTime(at),
    }),
  });
  return c.json(body, 200);
});
