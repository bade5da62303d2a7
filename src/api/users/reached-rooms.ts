import { z } from '@hono/zod-openapi';
import { viewRooms } from '../../directory/room-views.ts';
import { findRoomInSet, listReachedRooms } from '../../directory/rooms.ts';
import { directoryDatabases, organizationDatabase } from '../../http/app-environment.ts';
import { collectionQuery, collectionSchema, idCollection, readIdPage } from '../../http/collection.ts';
import { pathId } from '../../http/fields.ts';
import { refuse } from '../../http/refusals.ts';
import { jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { roomResource } from '../../resources/room.ts';
import { ownUser } from '../access.ts';
import { defineRoute } from '../define-route.ts';
import { userReach } from '../reach-cache.ts';
import { ROOM_NOT_FOUND } from '../shared/paths.ts';
import { roomSchema } from '../shared/room-schema.ts';

const common = { tag: 'Rooms', access: ownUser };
const userPath = z.object({ user_id: pathId('user_id') });

const getRooms = defineRoute({
  operationId: 'listUserRooms',
  ...common,
  method: 'get',
  path: '/users/{user_id}/rooms',
  summary: 'List the rooms that reach the user',
  description:
    'Rooms whose chats are routed to the user, shared ones of partners too, by id. A room without routers reaches all users of its organization. Deleted rooms are left out.',
  request: { params: userPath, query: z.object(collectionQuery) },
  answers: { 200: jsonOf(collectionSchema(roomSchema), 'A page') },
});

const getRoom = defineRoute({
  operationId: 'getUserRoom',
  ...common,
  method: 'get',
  path: '/users/{user_id}/rooms/{room_id}',
  summary: 'Get a room that reaches the user',
  description: 'Shared rooms of partners too. A room that does not reach the user is not found.',
  request: { params: userPath.extend({ room_id: pathId('room_id') }) },
  answers: { 200: jsonOf(roomSchema, 'The room') },
});

/** The rooms whose routers reach a user, including shared rooms. */
export const reachedRoomRoutes = createRouter();

reachedRoomRoutes.openapi(getRooms, async (c) => {
  const asked = readIdPage(c.req.valid('query'));
  if (!asked.ok) return refuse(c, asked.refusal);
  const rows = await listReachedRooms(organizationDatabase(c), await userReach(c), asked.page.keyset);
  const views = await viewRooms(directoryDatabases(c), rows, Date.now());
  return c.json(idCollection(c, asked.page, views, roomResource), 200);
});

reachedRoomRoutes.openapi(getRoom, async (c) => {
  const row = await findRoomInSet(organizationDatabase(c), await userReach(c), c.req.valid('param').room_id);
  const [view] = row === null ? [] : await viewRooms(directoryDatabases(c), [row], Date.now());
  if (view === undefined) return refuse(c, ROOM_NOT_FOUND);
  return c.json(roomResource(view), 200);
});
