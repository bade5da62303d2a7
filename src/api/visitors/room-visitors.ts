import { z } from '@hono/zod-openapi';
import type { VisitorRow } from '../../db/rows.ts';
import { enterRoom, stayInRoom } from '../../directory/room-visitors.ts';
import { visitorDatabase } from '../../http/app-environment.ts';
import { integerField } from '../../http/fields.ts';
import { refuse, refuseField } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { defineRoute, VERBS } from '../define-route.ts';
import { roomForVisitor } from '../reach-cache.ts';
import { ROOM_NOT_FOUND, roomPath, VISITOR_NOT_FOUND } from '../shared/paths.ts';
import { asRoomVisitor, inRoom, ROOM_VISITORS, roomVisitorPath } from './paths.ts';
import { keepPresent } from './presence.ts';
import { roomVisitorSchema } from './public-schemas.ts';
import { detailFields, detailsOf } from './visitor-details.ts';

/** How long a visitor is present by default, in seconds. */
const DEFAULT_EXPIRES_IN = 120;
const expiresIn = integerField({ min: 1, max: 86_400 });

const createSchema = z
  .object({
    id: z.string().openapi({ description: 'The visitor of the token.' }),
    presence_expires_in: expiresIn.nullish().openapi({ description: `Seconds; ${DEFAULT_EXPIRES_IN} without it.` }),
    ...detailFields,
  })
  .openapi('CreateRoomVisitor');
const updateSchema = z.object({ presence_expires_in: expiresIn, ...detailFields }).openapi('UpdateRoomVisitor');

const enterRoute = defineRoute({
  operationId: 'enterRoom',
  ...inRoom,
  method: 'post',
  idempotency: 'organization',
  path: ROOM_VISITORS,
  summary: 'Come to a room, or come again',
  description:
    'Makes the visitor present in the room for `presence_expires_in` seconds, 120 if it is not given. The first call answers 201, a further one 200. A visitor without a chat or variable is forgotten a day after their visit. The hub keeps the page and the screen that the body names, and the browser, address and place that the request shows. An `id` other than that of the token is 400.',
  request: { params: roomPath, body: bodyOf(createSchema) },
  answers: {
    200: jsonOf(roomVisitorSchema, 'The visitor has come to the room before'),
    201: jsonOf(roomVisitorSchema, 'The visitor is new in the room'),
  },
});

/** Room visitors: a visitor's presence and details in a room. */
export const roomVisitorRoutes = createRouter();

roomVisitorRoutes.openapi(enterRoute, async (c) => {
  const { id, presence_expires_in, ...said } = c.req.valid('json');
  const { visitor } = c.var;
  if (id.toLowerCase() !== visitor.id) return refuseField(c, 'id', 'This is not the visitor of the token.');
  const room = await roomForVisitor(c, c.req.valid('param').room_id);
  if (room === null) return refuse(c, ROOM_NOT_FOUND);
  const place = { organization_id: room.organization_id, room_id: room.id, visitor_id: visitor.id };
  const presence = { details: detailsOf(c, said), presence_expires_in: presence_expires_in ?? DEFAULT_EXPIRES_IN };
  const { row, is_new } = await enterRoom(visitorDatabase(c), place, presence, Date.now());
  await keepPresent(c, row);
  return c.json(resourceOf(row), is_new ? 201 : 200);
});

for (const method of ['put', 'patch'] as const) {
  const route = defineRoute({
    operationId: `${VERBS[method]}RoomVisitor`,
    ...asRoomVisitor,
    method,
    path: `${ROOM_VISITORS}/{visitor_id}` as const,
    summary: 'Stay in a room',
    description:
      'Renews the presence for `presence_expires_in` seconds, which is required. Both methods do the same: details that are left out stay. A visitor who has not come to the room yet is 404.',
    request: { params: roomVisitorPath, body: bodyOf(updateSchema) },
    answers: { 200: jsonOf(roomVisitorSchema, 'The visitor') },
  });
  roomVisitorRoutes.openapi(route, async (c) => {
    const { presence_expires_in, ...said } = c.req.valid('json');
    const room = await roomForVisitor(c, c.req.valid('param').room_id);
    if (room === null) return refuse(c, ROOM_NOT_FOUND);
    const place = { organization_id: room.organization_id, room_id: room.id, visitor_id: c.var.visitor.id };
    const presence = { details: detailsOf(c, said), presence_expires_in };
    const row = await stayInRoom(visitorDatabase(c), place, presence, Date.now());
    if (row === null) return refuse(c, VISITOR_NOT_FOUND);
    await keepPresent(c, row);
    return c.json(resourceOf(row), 200);
  });
}

function resourceOf({ id, room_id, presence_expires_in }: VisitorRow) {
  return { id, room_id, presence_expires_in };
}
