import { createRoute, z } from '@hono/zod-openapi';
import { listPendingChatsOfRoom } from '../../chats/list-chats.ts';
import { findRoom } from '../../directory/rooms.ts';
import { listVisitorVariables } from '../../directory/visitors.ts';
import { organizationDatabase } from '../../http/app-environment.ts';
import { collectionQuery, collectionResponse, collectionSchema, idKey, readPage } from '../../http/collection.ts';
import { pathId } from '../../http/fields.ts';
import { userTokenSecurity } from '../../http/openapi.ts';
import { refusalResponses, refuse } from '../../http/refusals.ts';
import { jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { chatResource } from '../../resources/chat.ts';
import { isoTime } from '../../resources/clock.ts';
import { organizationGuards, roomGuards } from './guards.ts';
import { chatSchema, variableSchema } from './schemas.ts';

const room = z.object({ organization_id: pathId('organization_id'), room_id: pathId('room_id') });

const pendingRoute = createRoute({
  method: 'get',
  path: '/orgs/{organization_id}/rooms/{room_id}/pending_chats',
  tags: ['Chats'],
  summary: 'List pending chats of a room',
  security: userTokenSecurity,
  middleware: roomGuards,
  request: {
    params: room,
    query: z.object({ ...collectionQuery, ordering: z.enum(['created_at', '-created_at']).optional() }),
  },
  responses: {
    200: jsonOf(collectionSchema(chatSchema), 'Pending chats, newest first unless ordered otherwise'),
    ...refusalResponses(400, 401, 403, 404, 503),
  },
});

const variablesRoute = createRoute({
  method: 'get',
  path: '/orgs/{organization_id}/rooms/{room_id}/visitors/{visitor_id}/variables',
  tags: ['Visitors'],
  summary: 'List the variables of a visitor',
  security: userTokenSecurity,
  middleware: organizationGuards,
  request: { params: room.extend({ visitor_id: z.string() }), query: z.object(collectionQuery) },
  responses: {
    200: jsonOf(collectionSchema(variableSchema), 'Variables by key'),
    ...refusalResponses(400, 401, 403, 404, 503),
  },
});

/** What is listed of a room: its pending chats (seed 001) and its visitors' variables (protocol.md 3.2). */
export const roomRoutes = createRouter();

roomRoutes.openapi(pendingRoute, async (c) => {
  const { organization_id, room_id } = c.req.valid('param');
  const query = c.req.valid('query');
  const ordering = query.ordering ?? '-created_at';
  const read = readPage(query, ordering, idKey);
  if (!read.ok) return refuse(c, read.refusal);
  const database = organizationDatabase(c);
  if ((await findRoom(database, organization_id, room_id)) === null) {
    return refuse(c, { reason: 'not_found', detail: 'Room not found.' });
  }
  const rows = await listPendingChatsOfRoom(database, organization_id, room_id, ordering, read.page.keyset);
  const parts = { page: read.page, rows, keyOf: (row: { id: string }) => [row.id], resource: chatResource };
  return c.json(collectionResponse(c, parts), 200);
});

roomRoutes.openapi(variablesRoute, async (c) => {
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
