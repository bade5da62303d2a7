import { z } from '@hono/zod-openapi';
import {
  deleteRouter,
  findRouter,
  findUnknownRooms,
  findUnknownTargets,
  insertRouter,
  listRouters,
  type Router,
  type RouterTarget,
  updateRouter,
} from '../../directory/routers.ts';
import { type AppContext, identityDatabase, organizationDatabase } from '../../http/app-environment.ts';
import { nameTarget } from '../../http/audit.ts';
import { collectionQuery, collectionSchema, idCollection, readIdPage } from '../../http/collection.ts';
import { isoTimeSchema, pathId, textField, uuidField } from '../../http/fields.ts';
import { type FieldErrors, refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { isoTime } from '../../resources/clock.ts';
import { newUuid } from '../../resources/uuid.ts';
import { operatorOfOrganization } from '../access.ts';
import { defineRoute } from '../define-route.ts';
import { chosenId } from '../directory/door.ts';
import { organizationPath } from '../shared/paths.ts';

const TARGETS = 200;
const ROOMS = 500;

const routerPath = organizationPath.extend({ router_id: pathId('router_id') });

const kindField = z.enum(['all', 'user', 'team', 'organization']);

/** Whether a target names nobody. Only then `include_bots` means something. */
const meansEverybody = (kind: RouterTarget['kind']) => kind === 'all' || kind === 'organization';

const target = z
  .object({ kind: kindField, id: uuidField().nullish(), include_bots: z.boolean().default(false) })
  .superRefine(({ kind, id }, context) => {
    if (kind !== 'all' && id == null)
      context.addIssue({ code: 'custom', path: ['id'], message: 'This field is required.' });
  })
  .transform(
    ({ kind, id, include_bots }): RouterTarget => ({
      kind,
      id: kind === 'all' ? null : (id ?? null),
      include_bots: include_bots && meansEverybody(kind),
    }),
  )
  .openapi('AdminRouterTarget');

const routerFields = z.object({
  name: textField({ max: 255 }),
  targets: z.array(target).max(TARGETS),
  room_ids: z.array(uuidField()).max(ROOMS),
});
const routerChanges = routerFields.partial();
const newRouter = routerChanges.required({ name: true }).extend(chosenId);

const routerSchema = z
  .object({
    id: z.string(),
    organization_id: z.string(),
    name: z.string(),
    targets: z.array(z.object({ kind: kindField, id: z.string().nullable(), include_bots: z.boolean() })),
    room_ids: z.array(z.string()),
    created_at: isoTimeSchema,
    updated_at: isoTimeSchema,
  })
  .openapi('AdminRouter');

function routerResource(router: Router): z.infer<typeof routerSchema> {
  return {
    id: router.id,
    organization_id: router.organization_id,
    name: router.name,
    targets: router.targets,
    room_ids: router.room_ids,
    created_at: isoTime(router.created_at),
    updated_at: isoTime(router.updated_at),
  };
}

const reading = { tag: 'Administration', access: operatorOfOrganization };
const writing = { tag: 'Administration', access: operatorOfOrganization };
const ONE = '/organizations/{organization_id}/routers/{router_id}';
const ALL = '/organizations/{organization_id}/routers';

const postRouter = defineRoute({
  operationId: 'adminCreateRouter',
  ...writing,
  method: 'post',
  path: ALL,
  summary: 'Create a router',
  description:
    'Chats of its rooms are routed to its targets. The targets `all` and `organization` mean people, and bots too with `include_bots`; a bot whose user or team is named counts always. A room without a router reaches all people of its organization, and no bot.',
  request: { params: organizationPath, body: bodyOf(newRouter.openapi('AdminNewRouter')) },
  refusals: [409],
  answers: { 201: jsonOf(routerSchema, 'Created') },
});

const getRouters = defineRoute({
  operationId: 'adminListRouters',
  ...reading,
  method: 'get',
  path: ALL,
  summary: 'List the routers of an organization',
  description: 'By id, each with its targets and rooms.',
  request: { params: organizationPath, query: z.object(collectionQuery) },
  answers: { 200: jsonOf(collectionSchema(routerSchema), 'A page') },
});

const getRouter = defineRoute({
  operationId: 'adminGetRouter',
  ...reading,
  method: 'get',
  path: ONE,
  summary: 'Get a router',
  description: 'A router of another organization is not found.',
  request: { params: routerPath },
  answers: { 200: jsonOf(routerSchema, 'The router') },
});

const patchRouter = defineRoute({
  operationId: 'adminUpdateRouter',
  ...writing,
  method: 'patch',
  path: ONE,
  summary: 'Change a router',
  description:
    'A field that is left out stays; `targets` and `room_ids` are replaced as a whole. An unknown user, team, partner or room is 400. The call can be repeated.',
  request: { params: routerPath, body: bodyOf(routerChanges.openapi('AdminPatchRouter')) },
  answers: { 200: jsonOf(routerSchema, 'Changed') },
});

const removeRouter = defineRoute({
  operationId: 'adminDeleteRouter',
  ...writing,
  method: 'delete',
  path: ONE,
  summary: 'Delete a router',
  description:
    'A room that has no other router reaches all people of its organization again. Repeating the call answers 404.',
  request: { params: routerPath },
  answers: { 204: { description: 'Deleted' } },
});

export const routerRoutes = createRouter();

routerRoutes.openapi(postRouter, async (c) => {
  const { targets = [], room_ids = [], ...body } = c.req.valid('json');
  const fields = await unknownNames(c, { targets, room_ids });
  if (fields !== null) return refuse(c, { reason: 'invalid', fields });
  const now = Date.now();
  const id = body.id ?? newUuid(now);
  nameTarget(c, { type: 'router', id });
  const router = await insertRouter(organizationDatabase(c), c.var.organization.id, {
    id,
    name: body.name,
    targets,
    room_ids,
    created_at: now,
  });
  if (router === null) return refuse(c, { reason: 'conflict', detail: 'A router with this id already exists.' });
  return c.json(routerResource(router), 201);
});

routerRoutes.openapi(getRouters, async (c) => {
  const asked = readIdPage(c.req.valid('query'));
  if (!asked.ok) return refuse(c, asked.refusal);
  const rows = await listRouters(organizationDatabase(c), c.var.organization.id, asked.page.keyset);
  return c.json(idCollection(c, asked.page, rows, routerResource), 200);
});

routerRoutes.openapi(getRouter, async (c) => {
  const router = await findRouter(organizationDatabase(c), c.var.organization.id, c.req.valid('param').router_id);
  return router === null ? refuse(c, { reason: 'not_found' }) : c.json(routerResource(router), 200);
});

routerRoutes.openapi(patchRouter, async (c) => {
  const { router_id } = c.req.valid('param');
  const { name, targets, room_ids } = c.req.valid('json');
  const fields = await unknownNames(c, { targets: targets ?? [], room_ids: room_ids ?? [] });
  if (fields !== null) return refuse(c, { reason: 'invalid', fields });
  const changes = { name, targets, room_ids };
  const router = await updateRouter(organizationDatabase(c), c.var.organization.id, router_id, changes, Date.now());
  if (router === null) return refuse(c, { reason: 'not_found' });
  return c.json(routerResource(router), 200);
});

routerRoutes.openapi(removeRouter, async (c) => {
  const { router_id } = c.req.valid('param');
  const isDeleted = await deleteRouter(organizationDatabase(c), c.var.organization.id, router_id);
  return isDeleted ? c.body(null, 204) : refuse(c, { reason: 'not_found' });
});

type Named = { targets: z.infer<typeof newRouter>['targets'] & {}; room_ids: string[] };

/**
 * Messages for targets and rooms that the organization may not name, nested like the payload. Null when there are none.
 */
async function unknownNames(c: AppContext, { targets, room_ids }: Named): Promise<FieldErrors | null> {
  const { organization } = c.var;
  const places = targets.length === 0 ? [] : await findUnknownTargets(identityDatabase(c), organization, targets);
  const rooms =
    room_ids.length === 0 ? null : await findUnknownRooms(organizationDatabase(c), organization.id, room_ids);
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
