import { createRoute, z } from '@hono/zod-openapi';
import { type Database, db } from '../../db/database.ts';
import { findOrganization } from '../../directory/organizations.ts';
import { deleteRoom, findRoom, insertRoom, listRooms, updateRoom } from '../../directory/rooms.ts';
import { type AppContext, identityDatabase } from '../../http/app-environment.ts';
import { collectionQuery, collectionSchema } from '../../http/collection.ts';
import { adminTokenSecurity } from '../../http/openapi.ts';
import { refusalResponses, refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { newUuid } from '../../resources/uuid.ts';
import { idCollection, readIdPage } from './id-collection.ts';
import { newRoom, organizationPath, roomChanges, roomPath, roomResource, roomSchema } from './schemas.ts';

const common = { tags: ['Administration'], security: adminTokenSecurity };
const ONE = '/organizations/{organization_id}/rooms/{room_id}';
const ALL = '/organizations/{organization_id}/rooms';

const createRoom = createRoute({
  ...common,
  method: 'post',
  path: ALL,
  summary: 'Create a room',
  request: { params: organizationPath, body: bodyOf(newRoom) },
  responses: { 201: jsonOf(roomSchema, 'Created'), ...refusalResponses(400, 401, 404, 409, 413) },
});

const getRooms = createRoute({
  ...common,
  method: 'get',
  path: ALL,
  summary: 'List the rooms of an organization',
  request: { params: organizationPath, query: z.object(collectionQuery) },
  responses: { 200: jsonOf(collectionSchema(roomSchema), 'A page'), ...refusalResponses(400, 401, 404) },
});

const getRoom = createRoute({
  ...common,
  method: 'get',
  path: ONE,
  summary: 'Get a room',
  request: { params: roomPath },
  responses: { 200: jsonOf(roomSchema, 'The room'), ...refusalResponses(401, 404) },
});

const patchRoom = createRoute({
  ...common,
  method: 'patch',
  path: ONE,
  summary: 'Change a room',
  request: { params: roomPath, body: bodyOf(roomChanges) },
  responses: { 200: jsonOf(roomSchema, 'Changed'), ...refusalResponses(400, 401, 404, 413) },
});

const removeRoom = createRoute({
  ...common,
  method: 'delete',
  path: ONE,
  summary: 'Delete a room',
  request: { params: roomPath },
  responses: { 204: { description: 'Deleted' }, ...refusalResponses(401, 404) },
});

export const roomRoutes = createRouter();

roomRoutes.openapi(createRoom, async (c) => {
  const { organization_id } = c.req.valid('param');
  const body = c.req.valid('json');
  const database = await databaseOf(c, organization_id);
  if (database === null) return refuse(c, { reason: 'organization_unknown' });
  const now = Date.now();
  const row = await insertRoom(database, organization_id, {
    id: body.id ?? newUuid(now),
    name: body.name,
    display_name: body.display_name ?? body.name,
    language_code: body.language_code ?? 'en',
    created_at: now,
  });
  if (row === null) return refuse(c, { reason: 'conflict', detail: 'A room with this id already exists.' });
  return c.json(roomResource(row), 201);
});

roomRoutes.openapi(getRooms, async (c) => {
  const { organization_id } = c.req.valid('param');
  const asked = readIdPage(c.req.valid('query'));
  if (!asked.ok) return refuse(c, asked.refusal);
  const database = await databaseOf(c, organization_id);
  if (database === null) return refuse(c, { reason: 'organization_unknown' });
  const rows = await listRooms(database, organization_id, asked.page.keyset);
  return c.json(idCollection(c, asked.page, rows, roomResource), 200);
});

roomRoutes.openapi(getRoom, async (c) => {
  const { organization_id, room_id } = c.req.valid('param');
  const database = await databaseOf(c, organization_id);
  const row = database === null ? null : await findRoom(database, organization_id, room_id);
  return row === null ? refuse(c, { reason: 'not_found' }) : c.json(roomResource(row), 200);
});

roomRoutes.openapi(patchRoom, async (c) => {
  const { organization_id, room_id } = c.req.valid('param');
  const changes = c.req.valid('json');
  const database = await databaseOf(c, organization_id);
  const row = database === null ? null : await updateRoom(database, organization_id, room_id, changes, Date.now());
  return row === null ? refuse(c, { reason: 'not_found' }) : c.json(roomResource(row), 200);
});

roomRoutes.openapi(removeRoom, async (c) => {
  const { organization_id, room_id } = c.req.valid('param');
  const database = await databaseOf(c, organization_id);
  const isDeleted = database !== null && (await deleteRoom(database, organization_id, room_id, Date.now()));
  return isDeleted ? c.body(null, 204) : refuse(c, { reason: 'not_found' });
});

/** Rooms lie in their organization's database, which its row names. */
async function databaseOf(c: AppContext, organizationId: string): Promise<Database | null> {
  const organization = await findOrganization(identityDatabase(c), organizationId);
  return organization === null ? null : db(c.env, organization, c.var.cost);
}
