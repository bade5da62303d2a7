import { z } from '@hono/zod-openapi';
import type { RoomRow } from '../../db/rows.ts';
import { viewRooms } from '../../directory/room-views.ts';
import {
  DEFAULT_ROOM_OPTIONS,
  deleteRoom,
  findRoom,
  insertRoom,
  listRooms,
  updateRoom,
} from '../../directory/rooms.ts';
import { type AppContext, organizationDatabase } from '../../http/app-environment.ts';
import { collectionQuery, collectionResponse, collectionSchema, idKey, readPage } from '../../http/collection.ts';
import { booleanParameter, pathId, textField } from '../../http/fields.ts';
import { type Refusal, refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { roomResource } from '../../resources/room.ts';
import { newUuid } from '../../resources/uuid.ts';
import { organizationUser, organizationUserWith } from '../access.ts';
import { defineRoute } from '../define-route.ts';
import { purgeReach } from '../reach-cache.ts';
import { callerDatabases } from './caller.ts';
import { roomSchema } from './schemas.ts';

const common = { tag: 'Rooms' };
const ALL = '/orgs/{organization_id}/rooms';
const ONE = '/orgs/{organization_id}/rooms/{room_id}';
const ROOM_NOT_FOUND: Refusal = { reason: 'not_found', detail: 'Room not found.' };
const organizationPath = z.object({ organization_id: pathId('organization_id') });
const roomPath = organizationPath.extend({ room_id: pathId('room_id') });

const changes = z.object({
  name: textField({ max: 255 }).optional(),
  display_name: textField({ max: 255 }).optional(),
  language_code: textField({ max: 35 }).optional(),
  domain: textField({ max: 255 }).nullish(),
  is_open: z.boolean().optional(),
});
const wholeRoom = changes.required({ name: true });

const getRooms = defineRoute({
  operationId: 'listRooms',
  ...common,
  method: 'get',
  path: ALL,
  summary: 'List the rooms of the organization',
  access: organizationUser,
  request: {
    params: organizationPath,
    query: z.object({
      ...collectionQuery,
      include_deleted: booleanParameter().optional(),
      is_shared: booleanParameter().optional(),
    }),
  },
  answers: { 200: jsonOf(collectionSchema(roomSchema), 'A page') },
});

const createRoom = defineRoute({
  operationId: 'createRoom',
  ...common,
  method: 'post',
  path: ALL,
  summary: 'Create a room',
  access: organizationUserWith('settings'),
  request: { params: organizationPath, body: bodyOf(wholeRoom) },
  refusals: [409],
  answers: { 201: jsonOf(roomSchema, 'Created') },
});

const getRoom = defineRoute({
  operationId: 'getRoom',
  ...common,
  method: 'get',
  path: ONE,
  summary: 'Get a room of the organization',
  access: organizationUser,
  request: { params: roomPath },
  answers: { 200: jsonOf(roomSchema, 'The room') },
});

const changed = {
  200: jsonOf(roomSchema, 'Changed'),
};

const putRoom = defineRoute({
  operationId: 'replaceRoom',
  ...common,
  method: 'put',
  path: ONE,
  summary: 'Replace a room',
  description: 'What is left out goes back to its default; the display name to the name.',
  access: organizationUserWith('settings'),
  request: { params: roomPath, body: bodyOf(wholeRoom) },
  answers: changed,
});

const patchRoom = defineRoute({
  operationId: 'updateRoom',
  ...common,
  method: 'patch',
  path: ONE,
  summary: 'Change a room',
  access: organizationUserWith('settings'),
  request: { params: roomPath, body: bodyOf(changes) },
  answers: changed,
});

const removeRoom = defineRoute({
  operationId: 'deleteRoom',
  ...common,
  method: 'delete',
  path: ONE,
  summary: 'Delete a room',
  description: 'Its chats stay visible to whom it reaches.',
  access: organizationUserWith('settings'),
  request: { params: roomPath },
  answers: { 204: { description: 'Deleted' } },
});

export const roomRoutes = createRouter();

roomRoutes.openapi(getRooms, async (c) => {
  const { organization_id } = c.req.valid('param');
  const { include_deleted: includesDeleted = false, is_shared: isShared = null, ...query } = c.req.valid('query');
  const asked = readPage(query, 'id', idKey);
  if (!asked.ok) return refuse(c, asked.refusal);
  const options = { includesDeleted, isShared };
  const rows = await listRooms(organizationDatabase(c), organization_id, options, asked.page.keyset);
  const views = await viewRooms(callerDatabases(c), rows, Date.now());
  const keyOf = (room: { id: string }) => [room.id];
  return c.json(collectionResponse(c, { page: asked.page, rows: views, keyOf, resource: roomResource }), 200);
});

roomRoutes.openapi(createRoom, async (c) => {
  const { organization_id } = c.req.valid('param');
  const { is_open, ...body } = c.req.valid('json');
  const now = Date.now();
  const row = await insertRoom(organizationDatabase(c), organization_id, {
    ...body,
    id: newUuid(now),
    display_name: body.display_name ?? body.name,
    is_open: flag(is_open),
    updated_by_user_id: c.var.principal.user.id,
    created_at: now,
  });
  if (row === null) return refuse(c, { reason: 'conflict', detail: 'A room with this id already exists.' });
  purgeReach();
  return c.json(await resourceOf(c, row), 201);
});

roomRoutes.openapi(getRoom, async (c) => {
  const { organization_id, room_id } = c.req.valid('param');
  const row = await findRoom(organizationDatabase(c), organization_id, room_id);
  return row === null ? refuse(c, ROOM_NOT_FOUND) : c.json(await resourceOf(c, row), 200);
});

roomRoutes.openapi(putRoom, async (c) => {
  const { is_open, ...body } = c.req.valid('json');
  const { language_code, domain } = DEFAULT_ROOM_OPTIONS;
  const whole = { language_code, domain, display_name: body.name, ...body, is_open: flag(is_open ?? true) };
  const row = await changeRoom(c, c.req.valid('param'), whole);
  return row === null ? refuse(c, ROOM_NOT_FOUND) : c.json(await resourceOf(c, row), 200);
});

roomRoutes.openapi(patchRoom, async (c) => {
  const { is_open, ...body } = c.req.valid('json');
  const row = await changeRoom(c, c.req.valid('param'), { ...body, is_open: flag(is_open) });
  return row === null ? refuse(c, ROOM_NOT_FOUND) : c.json(await resourceOf(c, row), 200);
});

roomRoutes.openapi(removeRoom, async (c) => {
  const { organization_id, room_id } = c.req.valid('param');
  const isDeleted = await deleteRoom(organizationDatabase(c), organization_id, room_id, Date.now());
  purgeReach();
  return isDeleted ? c.body(null, 204) : refuse(c, ROOM_NOT_FOUND);
});

type Changes = Omit<z.infer<typeof changes>, 'is_open'> & { is_open: RoomRow['is_open'] | undefined };

async function changeRoom(
  c: AppContext,
  { organization_id, room_id }: z.infer<typeof roomPath>,
  { name, display_name, language_code, domain, is_open }: Changes,
): Promise<RoomRow | null> {
  const columns = { name, display_name, language_code, domain, is_open };
  const by = { updated_by_user_id: c.var.principal.user.id };
  const row = await updateRoom(organizationDatabase(c), organization_id, room_id, { ...columns, ...by }, Date.now());
  purgeReach();
  return row;
}

async function resourceOf(c: AppContext, row: RoomRow) {
  const [view] = await viewRooms(callerDatabases(c), [row], Date.now());
  if (view === undefined) throw new Error('a room has a view');
  return roomResource(view);
}

function flag(value: boolean | undefined): RoomRow['is_open'] | undefined {
  return value === undefined ? undefined : value ? 1 : 0;
}
