import { z } from '@hono/zod-openapi';
import type { Database } from '../../db/database.ts';
import type { OrganizationRow } from '../../db/rows.ts';
import {
  deleteRouter,
  findRouter,
  findUnknownRooms,
  findUnknownTargets,
  insertRouter,
  listRouters,
  updateRouter,
} from '../../directory/routers.ts';
import { type AppContext, identityDatabase } from '../../http/app-environment.ts';
import { collectionQuery, collectionSchema } from '../../http/collection.ts';
import { type FieldErrors, refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { newUuid } from '../../resources/uuid.ts';
import { operator } from '../access.ts';
import { defineRoute } from '../define-route.ts';
import { purgeReach } from '../reach-cache.ts';
import { idCollection, readIdPage } from './id-collection.ts';
import { organizationWithDatabase, roomDatabaseOf } from './organization-database.ts';
import { newRouter, routerChanges, routerPath, routerResource, routerSchema } from './router-schemas.ts';
import { organizationPath } from './schemas.ts';

const common = { tag: 'Administration', access: operator };
const ONE = '/organizations/{organization_id}/routers/{router_id}';
const ALL = '/organizations/{organization_id}/routers';

const postRouter = defineRoute({
  operationId: 'adminCreateRouter',
  ...common,
  method: 'post',
  path: ALL,
  summary: 'Create a router',
  description:
    'Chats of its rooms are routed to whom its targets name. A room without a router reaches all users of its organization.',
  request: { params: organizationPath, body: bodyOf(newRouter) },
  refusals: [409],
  answers: { 201: jsonOf(routerSchema, 'Created') },
});

const getRouters = defineRoute({
  operationId: 'adminListRouters',
  ...common,
  method: 'get',
  path: ALL,
  summary: 'List the routers of an organization',
  request: { params: organizationPath, query: z.object(collectionQuery) },
  answers: { 200: jsonOf(collectionSchema(routerSchema), 'A page') },
});

const getRouter = defineRoute({
  operationId: 'adminGetRouter',
  ...common,
  method: 'get',
  path: ONE,
  summary: 'Get a router',
  request: { params: routerPath },
  answers: { 200: jsonOf(routerSchema, 'The router') },
});

const patchRouter = defineRoute({
  operationId: 'adminUpdateRouter',
  ...common,
  method: 'patch',
  path: ONE,
  summary: 'Change a router',
  description: 'Targets and rooms are replaced as a whole.',
  request: { params: routerPath, body: bodyOf(routerChanges) },
  answers: { 200: jsonOf(routerSchema, 'Changed') },
});

const removeRouter = defineRoute({
  operationId: 'adminDeleteRouter',
  ...common,
  method: 'delete',
  path: ONE,
  summary: 'Delete a router',
  request: { params: routerPath },
  answers: { 204: { description: 'Deleted' } },
});

export const routerRoutes = createRouter();

routerRoutes.openapi(postRouter, async (c) => {
  const { targets = [], room_ids = [], ...body } = c.req.valid('json');
  const known = await organizationWithDatabase(c, c.req.valid('param').organization_id);
  if (known === null) return refuse(c, { reason: 'organization_unknown' });
  const { organization, database } = known;
  const fields = await unknownNames(c, organization, database, { targets, room_ids });
  if (fields !== null) return refuse(c, { reason: 'invalid', fields });
  const now = Date.now();
  const router = await insertRouter(database, organization.id, {
    id: body.id ?? newUuid(now),
    name: body.name,
    targets,
    room_ids,
    created_at: now,
  });
  if (router === null) return refuse(c, { reason: 'conflict', detail: 'A router with this id already exists.' });
  purgeReach();
  return c.json(routerResource(router), 201);
});

routerRoutes.openapi(getRouters, async (c) => {
  const { organization_id } = c.req.valid('param');
  const asked = readIdPage(c.req.valid('query'));
  if (!asked.ok) return refuse(c, asked.refusal);
  const database = await roomDatabaseOf(c, organization_id);
  if (database === null) return refuse(c, { reason: 'organization_unknown' });
  const rows = await listRouters(database, organization_id, asked.page.keyset);
  return c.json(idCollection(c, asked.page, rows, routerResource), 200);
});

routerRoutes.openapi(getRouter, async (c) => {
  const { organization_id, router_id } = c.req.valid('param');
  const database = await roomDatabaseOf(c, organization_id);
  const router = database === null ? null : await findRouter(database, organization_id, router_id);
  return router === null ? refuse(c, { reason: 'not_found' }) : c.json(routerResource(router), 200);
});

routerRoutes.openapi(patchRouter, async (c) => {
  const { organization_id, router_id } = c.req.valid('param');
  const { name, targets, room_ids } = c.req.valid('json');
  const known = await organizationWithDatabase(c, organization_id);
  if (known === null) return refuse(c, { reason: 'not_found' });
  const { organization, database } = known;
  const fields = await unknownNames(c, organization, database, { targets: targets ?? [], room_ids: room_ids ?? [] });
  if (fields !== null) return refuse(c, { reason: 'invalid', fields });
  const router = await updateRouter(database, organization_id, router_id, { name, targets, room_ids }, Date.now());
  if (router === null) return refuse(c, { reason: 'not_found' });
  purgeReach();
  return c.json(routerResource(router), 200);
});

routerRoutes.openapi(removeRouter, async (c) => {
  const { organization_id, router_id } = c.req.valid('param');
  const database = await roomDatabaseOf(c, organization_id);
  const isDeleted = database !== null && (await deleteRouter(database, organization_id, router_id));
  if (!isDeleted) return refuse(c, { reason: 'not_found' });
  purgeReach();
  return c.body(null, 204);
});

type Named = { targets: z.infer<typeof newRouter>['targets'] & {}; room_ids: string[] };

/** Messages for the targets and rooms that the organization may not name, nested like the payload; null when there are none. */
async function unknownNames(
  c: AppContext,
  organization: OrganizationRow,
  database: Database,
  { targets, room_ids }: Named,
): Promise<FieldErrors | null> {
  const places = targets.length === 0 ? [] : await findUnknownTargets(identityDatabase(c), organization, targets);
  const rooms = room_ids.length === 0 ? null : await findUnknownRooms(database, organization.id, room_ids);
  const fields: FieldErrors = {};
  if (places.length > 0) {
    fields['targets'] = targets.map(
      ({ kind }, place): FieldErrors => (places.includes(place) ? { id: [UNKNOWN[kind]] } : {}),
    );
  }
  if (rooms !== null && rooms.size > 0) {
    fields['room_ids'] = room_ids.map((id) => (rooms.has(id) ? ['Unknown room.'] : {}));
  }
  return Object.keys(fields).length === 0 ? null : fields;
}

const UNKNOWN = {
  all: 'Unknown target.',
  user: 'Unknown user.',
  team: 'Unknown team.',
  organization: 'Unknown partner organization.',
} as const;
