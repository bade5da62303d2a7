import { z } from '@hono/zod-openapi';
import type { RoomRow } from '../../db/rows.ts';
import { listOnlineUsers } from '../../directory/online-users.ts';
import { viewRooms } from '../../directory/room-views.ts';
import { userFacts } from '../../directory/users.ts';
import { type AppContext, identityDatabase, visitorDatabase } from '../../http/app-environment.ts';
import { collectionQuery, collectionResponse, collectionSchema, idKey, readPage } from '../../http/collection.ts';
import { refusalResponses, refuse } from '../../http/refusals.ts';
import { jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { roomResource } from '../../resources/room.ts';
import { publicName } from '../../resources/user.ts';
import { defineRoute } from '../define-route.ts';
import { roomForVisitor } from '../reach-cache.ts';
import { ROOM_NOT_FOUND, roomPath } from '../shared/paths.ts';
import { inRoom, ROOM } from './paths.ts';
import { onlineUserSchema, publicRoomSchema } from './public-schemas.ts';

const getRoom = defineRoute({
  operationId: 'getPublicRoom',
  ...inRoom,
  method: 'get',
  path: ROOM,
  summary: 'Get a room, and whether somebody is online in it',
  description:
    '`is_online` says that the room is open and reaches a user who is online now. A deleted room is not found.',
  request: { params: roomPath },
  answers: { 200: jsonOf(publicRoomSchema, 'The room') },
});

const getBrand = defineRoute({
  operationId: 'getPublicRoomBrand',
  ...inRoom,
  method: 'get',
  path: `${ROOM}/brand` as const,
  summary: 'Get the brand of a room',
  description: 'Rooms have no brands here, so there is nothing to find.',
  request: { params: roomPath },
  answers: refusalResponses(404),
});

const getOnlineUsers = defineRoute({
  operationId: 'listPublicRoomOnlineUsers',
  ...inRoom,
  method: 'get',
  path: `${ROOM}/online_users` as const,
  summary: 'List the users who are online and serve the room',
  description:
    'Users that the room reaches and who are present and shown online, by id, with their public names only: the alias, else the full name.',
  request: { params: roomPath, query: z.object(collectionQuery) },
  answers: {
    200: jsonOf(collectionSchema(onlineUserSchema), 'A page'),
  },
});

/** Rooms as visitors see them. */
export const roomRoutes = createRouter();

roomRoutes.openapi(getRoom, async (c) => {
  const room = await roomForVisitor(c, c.req.valid('param').room_id);
  if (room === null) return refuse(c, ROOM_NOT_FOUND);
  const { id, display_name, language_code } = room;
  const { is_online, is_open } = await stateOf(c, room);
  return c.json({ id, display_name, language_code, is_online, is_open, brand: null }, 200);
});

roomRoutes.openapi(getBrand, async (c) => {
  const room = await roomForVisitor(c, c.req.valid('param').room_id);
  return refuse(c, room === null ? ROOM_NOT_FOUND : { reason: 'not_found', detail: 'The room has no brand.' });
});

roomRoutes.openapi(getOnlineUsers, async (c) => {
  const asked = readPage(c.req.valid('query'), 'id', idKey);
  if (!asked.ok) return refuse(c, asked.refusal);
  const room = await roomForVisitor(c, c.req.valid('param').room_id);
  if (room === null) return refuse(c, ROOM_NOT_FOUND);
  const rows = await listOnlineUsers(visitorDatabases(c), room, Date.now(), asked.page.keyset);
  const body = collectionResponse(c, {
    page: asked.page,
    rows: rows.map(userFacts),
    keyOf: ({ id }) => [id],
    resource: (user) => ({ id: user.id, public_name: publicName(user), avatar: user.avatar }),
  });
  return c.json(body, 200);
});

/** Whether a room is open and reaches somebody who is online now. */
export async function isOnline(c: AppContext, room: RoomRow): Promise<boolean> {
  return (await stateOf(c, room)).is_online;
}

/** Whether a room is open now, and whether it also reaches somebody who is online. */
export async function stateOf(c: AppContext, room: RoomRow): Promise<{ is_online: boolean; is_open: boolean }> {
  const [view] = await viewRooms(visitorDatabases(c), [room], Date.now());
  if (view === undefined) throw new Error('a room has a view');
  return roomResource(view);
}

function visitorDatabases(c: AppContext) {
  return { identity: identityDatabase(c), organization: visitorDatabase(c) };
}
