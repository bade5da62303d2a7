import { z } from '@hono/zod-openapi';
import { deleteRoom, findRoom, insertRoom, listRooms, updateRoom } from '../../directory/rooms.ts';
import { collectionQuery, collectionSchema } from '../../http/collection.ts';
import { refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { newUuid } from '../../resources/uuid.ts';
import { operator } from '../access.ts';
import { defineRoute } from '../define-route.ts';
import { purgeReach } from '../reach-cache.ts';
import { idCollection, readIdPage } from './id-collection.ts';
import { roomDatabaseOf } from './organization-database.ts';
import { flag, newRoom, organizationPath, roomChanges, roomPath, roomResource, roomSchema } from './schemas.ts';

const common = { tag: 'Administration', access: operator };
const ONE = '/organizations/{organization_id}/rooms/{room_id}';
const ALL = '/organizations/{organization_id}/rooms';

const createRoom = defineRoute({
  operationId: 'adminCreateRoom',
  ...common,
  method: 'post',
  path: ALL,
  summary: 'Create a room',
  request: { params: organizationPath, body: bodyOf(newRoom) },
  refusals: [409],
  answers: { 201: jsonOf(roomSchema, 'Created') },
});

const getRooms = defineRoute({
  operationId: 'adminListRooms',
  ...common,
  method: 'get',
  path: ALL,
  summary: 'List the rooms of an organization',
  request: { params: organizationPath, query: z.object(collectionQuery) },
  answers: { 200: jsonOf(collectionSchema(roomSchema), 'A page') },
});

const getRoom = defineRoute({
  operationId: 'adminGetRoom',
  ...common,
  method: 'get',
  path: ONE,
  summary: 'Get a room',
  request: { params: roomPath },
  answers: { 200: jsonOf(roomSchema, 'The room') },
});

const patchRoom = defineRoute({
  operationId: 'adminUpdateRoom',
  ...common,
  method: 'patch',
  path: ONE,
  summary: 'Change a room',
  request: { params: roomPath, body: bodyOf(roomChanges) },
  answers: { 200: jsonOf(roomSchema, 'Changed') },
});

const removeRoom = defineRoute({
  operationId: 'adminDeleteRoom',
  ...common,
  method: 'delete',
  path: ONE,
  summary: 'Delete a room',
  request: { params: roomPath },
  answers: { 204: { description: 'Deleted' } },
});

export const roomRoutes = createRouter();

roomRoutes.openapi(createRoom, async (c) => {
  const { organization_id } = c.req.valid('param');
  const body = c.req.valid('json');
  const database = await roomDatabaseOf(c, organization_id);
  if (database === null) return refuse(c, { reason: 'organization_unknown' });
  const now = Date.now();
  const row = await insertRoom(database, organization_id, {
    id: body.id ?? newUuid(now),
    name: body.name,
    display_name: body.display_name ?? body.name,
    ...optionsOf(body),
    created_at: now,
  });
  if (row === null) return refuse(c, { reason: 'conflict', detail: 'A room with this id already exists.' });
  purgeReach();
  return c.json(roomResource(row), 201);
});

roomRoutes.openapi(getRooms, async (c) => {
  const { organization_id } = c.req.valid('param');
  const asked = readIdPage(c.req.valid('query'));
  if (!asked.ok) return refuse(c, asked.refusal);
  const database = await roomDatabaseOf(c, organization_id);
  if (database === null) return refuse(c, { reason: 'organization_unknown' });
  const rows = await listRooms(
    database,
    organization_id,
    { includesDeleted: false, isShared: null },
    asked.page.keyset,
  );
  return c.json(idCollection(c, asked.page, rows, roomResource), 200);
});

roomRoutes.openapi(getRoom, async (c) => {
  const { organization_id, room_id } = c.req.valid('param');
  const database = await roomDatabaseOf(c, organization_id);
  const row = database === null ? null : await findRoom(database, organization_id, room_id);
  return row === null ? refuse(c, { reason: 'not_found' }) : c.json(roomResource(row), 200);
});

roomRoutes.openapi(patchRoom, async (c) => {
  const { organization_id, room_id } = c.req.valid('param');
  const body = c.req.valid('json');
  const changes = { name: body.name, display_name: body.display_name, ...optionsOf(body), updated_by_user_id: null };
  const database = await roomDatabaseOf(c, organization_id);
  const row = database === null ? null : await updateRoom(database, organization_id, room_id, changes, Date.now());
  purgeReach();
  return row === null ? refuse(c, { reason: 'not_found' }) : c.json(roomResource(row), 200);
});

roomRoutes.openapi(removeRoom, async (c) => {
  const { organization_id, room_id } = c.req.valid('param');
  const database = await roomDatabaseOf(c, organization_id);
  const isDeleted = database !== null && (await deleteRoom(database, organization_id, room_id, Date.now()));
  purgeReach();
  return isDeleted ? c.body(null, 204) : refuse(c, { reason: 'not_found' });
});

/** Undefined leaves an option as it is, or gives a new room its default. */
function optionsOf(body: z.infer<typeof roomChanges>) {
  return {
    language_code: body.language_code,
    visitor_chat_idle_ttl: body.visitor_chat_idle_ttl,
    task_chat_ttl: body.task_chat_ttl,
    require_online: flag(body.require_online),
    is_open: flag(body.is_open),
    domain: body.domain,
  };
}
