import { z } from '@hono/zod-openapi';
import { viewRooms } from '../../directory/room-views.ts';
import { findRoomInSet, listReachedRooms } from '../../directory/rooms.ts';
import { organizationDatabase } from '../../http/app-environment.ts';
import { collectionQuery, collectionResponse, collectionSchema, idKey, readPage } from '../../http/collection.ts';
import { pathId } from '../../http/fields.ts';
import { refuse } from '../../http/refusals.ts';
import { jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { roomResource } from '../../resources/room.ts';
import { ownUser } from '../access.ts';
import { defineRoute } from '../define-route.ts';
import { userReach } from '../reach-cache.ts';
import { callerDatabases } from './caller.ts';
import { roomSchema } from './schemas.ts';

const common = { tag: 'Rooms', access: ownUser };
const userPath = z.object({ user_id: pathId('user_id') });

const getRooms = defineRoute({
  operationId: 'listUserRooms',
  ...common,
  method: 'get',
  path: '/users/{user_id}/rooms',
  summary: 'List the rooms that reach the user',
  request: { params: userPath, query: z.object(collectionQuery) },
  answers: { 200: jsonOf(collectionSchema(roomSchema), 'A page') },
});

const getRoom = defineRoute({
  operationId: 'getUserRoom',
  ...common,
  method: 'get',
  path: '/users/{user_id}/rooms/{room_id}',
  summary: 'Get a room that reaches the user',
  request: { params: userPath.extend({ room_id: pathId('room_id') }) },
  answers: { 200: jsonOf(roomSchema, 'The room') },
});

/** The rooms whose routers reach a user, shared ones too. */
export const userRoomRoutes = createRouter();

userRoomRoutes.openapi(getRooms, async (c) => {
  const asked = readPage(c.req.valid('query'), 'id', idKey);
  if (!asked.ok) return refuse(c, asked.refusal);
  const rows = await listReachedRooms(organizationDatabase(c), await userReach(c), asked.page.keyset);
  const views = await viewRooms(callerDatabases(c), rows, Date.now());
  const keyOf = (room: { id: string }) => [room.id];
  return c.json(collectionResponse(c, { page: asked.page, rows: views, keyOf, resource: roomResource }), 200);
});

userRoomRoutes.openapi(getRoom, async (c) => {
  const row = await findRoomInSet(organizationDatabase(c), await userReach(c), c.req.valid('param').room_id);
  const [view] = row === null ? [] : await viewRooms(callerDatabases(c), [row], Date.now());
  if (view === undefined) return refuse(c, { reason: 'not_found', detail: 'Room not found.' });
  return c.json(roomResource(view), 200);
});
