import { z } from '@hono/zod-openapi';
import type { RoomRow, VisitorRow } from '../../db/rows.ts';
import { findRoomVisitor, listRoomVisitors, roomVisitor } from '../../directory/room-visitors.ts';
import type { AppContext } from '../../http/app-environment.ts';
import { collectionQuery, collectionSchema, idCollection, readIdPage } from '../../http/collection.ts';
import { booleanParameter, pathId, pathVisitorId } from '../../http/fields.ts';
import { refuse } from '../../http/refusals.ts';
import { jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { roomVisitorResource } from '../../resources/room-visitor.ts';
import { organizationUser, ownUser } from '../access.ts';
import { copyDatabase } from '../copy-database.ts';
import { defineRoute } from '../define-route.ts';
import { ownRoom, reachedRoom } from '../reach-cache.ts';
import { ROOM_NOT_FOUND, roomPath, VISITOR_NOT_FOUND } from '../shared/paths.ts';
import { roomVisitorSchema } from './room-visitor-schema.ts';

const common = { tag: 'Visitors', method: 'get' as const };
const userRoom = z.object({ user_id: pathId('user_id'), room_id: pathId('room_id') });

const listRoute = defineRoute({
  operationId: 'listRoomVisitors',
  ...common,
  path: '/orgs/{organization_id}/rooms/{room_id}/visitors',
  summary: 'List the visitors of a room of the organization',
  description:
    'Visitors who came to the room or wrote to it, by id. `is_present` chooses those who are there now, or the others, and may end a page early. Of visitors who come through a channel the hub knows no page, browser or place.',
  access: organizationUser,
  request: {
    params: roomPath,
    query: z.object({ ...collectionQuery, is_present: booleanParameter().optional() }),
  },
  answers: {
    200: jsonOf(collectionSchema(roomVisitorSchema), 'Visitors by their ids'),
  },
});

const item = { 200: jsonOf(roomVisitorSchema, 'The visitor') };

const itemRoute = defineRoute({
  operationId: 'getRoomVisitor',
  ...common,
  path: '/orgs/{organization_id}/rooms/{room_id}/visitors/{visitor_id}',
  summary: 'Get a visitor of a room of the organization',
  description:
    'What the hub cannot know, such as the shopping cart, is null. A visitor who never came to this room is not found.',
  access: organizationUser,
  request: { params: roomPath.extend({ visitor_id: pathVisitorId() }) },
  answers: item,
});

const userItemRoute = defineRoute({
  operationId: 'getUserRoomVisitor',
  ...common,
  path: '/users/{user_id}/rooms/{room_id}/visitors/{visitor_id}',
  summary: 'Get a visitor of a room that reaches the user',
  description:
    'Rooms of partners count too. A room that does not reach the user, or a visitor who never came to it, is not found.',
  access: ownUser,
  request: { params: userRoom.extend({ visitor_id: pathVisitorId() }) },
  answers: item,
});

/** Visitors of a room as the organization sees them. Visitors of channels have fewer details. */
export const visitorRoutes = createRouter();

visitorRoutes.openapi(listRoute, async (c) => {
  const { is_present = null, ...query } = c.req.valid('query');
  const asked = readIdPage(query);
  if (!asked.ok) return refuse(c, asked.refusal);
  const room = await ownRoom(c, c.req.valid('param').room_id);
  if (room === null) return refuse(c, ROOM_NOT_FOUND);
  const now = Date.now();
  const { keyset } = asked.page;
  const found = await listRoomVisitors(await copyDatabase(c), room.organization_id, room.id, is_present, now, keyset);
  const resource = (row: VisitorRow) => roomVisitorResource(roomVisitor(row, now));
  return c.json(idCollection(c, asked.page, found.rows, resource, found.cut_at), 200);
});

visitorRoutes.openapi(itemRoute, async (c) => {
  const { room_id, visitor_id } = c.req.valid('param');
  return await showVisitor(c, await ownRoom(c, room_id), visitor_id);
});

visitorRoutes.openapi(userItemRoute, async (c) => {
  const { room_id, visitor_id } = c.req.valid('param');
  return await showVisitor(c, await reachedRoom(c, room_id), visitor_id);
});

async function showVisitor(c: AppContext, room: RoomRow | null, visitor_id: string) {
  if (room === null) return refuse(c, ROOM_NOT_FOUND);
  const place = { organization_id: room.organization_id, room_id: room.id, visitor_id };
  const row = await findRoomVisitor(await copyDatabase(c), place);
  if (row === null) return refuse(c, VISITOR_NOT_FOUND);
  return c.json(roomVisitorResource(roomVisitor(row, Date.now())), 200);
}
