import { z } from '@hono/zod-openapi';
import { countReached, MOST_REACHED } from '../../directory/router-reach.ts';
import {
  deleteRouter,
  findRouter,
  findUnknownRooms,
  findUnknownTargets,
  insertRouter,
  listRouters,
  type RouterTarget,
  updateRouter,
} from '../../directory/routers.ts';
import {
  type AppContext,
  directoryDatabases,
  identityDatabase,
  organizationDatabase,
} from '../../http/app-environment.ts';
import { nameTarget } from '../../http/audit.ts';
import { collectionQuery, collectionSchema, idCollection, readIdPage } from '../../http/collection.ts';
import { isoTimeSchema, pathId, textField, uuidField } from '../../http/fields.ts';
import { type FieldErrors, type Refusal, refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { type AppRouter, createRouter } from '../../http/router.ts';
import { routerResource } from '../../resources/router.ts';
import { newUuid } from '../../resources/uuid.ts';
import { defineRoute } from '../define-route.ts';
import { quotaOf, quotaReached } from '../quotas.ts';
import { organizationPath } from '../shared/paths.ts';
import { chosenId, type Door } from './door.ts';

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
  );

const routerSchema = z.object({
  id: z.string(),
  organization_id: z.string(),
  name: z.string(),
  targets: z.array(z.object({ kind: kindField, id: z.string().nullable(), include_bots: z.boolean() })),
  room_ids: z.array(z.string()),
  created_at: isoTimeSchema,
  updated_at: isoTimeSchema,
});

const count = z.int().min(0).max(MOST_REACHED);

/** The same for each door, under the names that its generated clients have. */
function formsOf(prefix: string) {
  const fields = z.object({
    name: textField({ max: 255 }),
    targets: z.array(target.openapi(`${prefix}RouterTarget`)).max(TARGETS),
    room_ids: z.array(uuidField()).max(ROOMS),
  });
  const changes = fields.partial();
  return {
    router: routerSchema.openapi(`${prefix}Router`),
    /** Only the operator's has the `id`. */
    created: changes
      .required({ name: true })
      .extend(prefix === '' ? {} : chosenId)
      .openapi(`${prefix}NewRouter`) as z.ZodType<NewRouter>,
    changes: changes.openapi(`${prefix}PatchRouter`),
    asked: fields
      .pick({ targets: true, room_ids: true })
      .partial({ room_ids: true })
      .openapi(`${prefix}RouterReachQuestion`),
    reached: z.object({ users: count, bots: count }).openapi(`${prefix}RouterReach`),
  };
}
type NewRouter = { id?: string | undefined; name: string; targets?: RouterTarget[]; room_ids?: string[] };
const OPERATOR_FORMS = formsOf('Admin');
const TENANT_FORMS = formsOf('');

const ROUTER_EXISTS: Refusal = { reason: 'conflict', detail: 'A router with this id already exists.' };
const ROUTER_NOT_FOUND: Refusal = { reason: 'not_found', detail: 'Router not found.' };

/** The routers of an organization, behind a door. */
export function routerRoutesOf(door: Door): AppRouter {
  const forms = door.isOperator ? OPERATOR_FORMS : TENANT_FORMS;
  const common = { tag: door.tagOf('Routers'), access: door.writer('settings') };
  const all = `${door.organization}/routers` as const;
  const one = `${all}/{router_id}` as const;
  const routes = createRouter();

  const getRouters = defineRoute({
    operationId: door.nameOf('listRouters'),
    ...common,
    method: 'get',
    path: all,
    summary: 'List the routers of an organization',
    description: 'By id, each with its targets and rooms.',
    request: { params: organizationPath, query: z.object(collectionQuery) },
    answers: { 200: jsonOf(collectionSchema(forms.router), 'A page') },
  });
  routes.openapi(getRouters, async (c) => {
    const asked = readIdPage(c.req.valid('query'));
    if (!asked.ok) return refuse(c, asked.refusal);
    const rows = await listRouters(organizationDatabase(c), c.var.organization.id, asked.page.keyset);
    return c.json(idCollection(c, asked.page, rows, routerResource), 200);
  });

  const postRouter = defineRoute({
    operationId: door.nameOf('createRouter'),
    ...common,
    method: 'post',
    idempotency: 'organization',
    path: all,
    summary: 'Create a router',
    description: `Chats of its rooms are routed to its targets. The targets \`all\` and \`organization\` mean people, and bots too with \`include_bots\`; a bot whose user or team is named counts always. A room without a router reaches all people of its organization, and no bot. An unknown user, team, partner or room is 400; above the quota of routers it is 409. ${door.repeatedCreation}`,
    request: { params: organizationPath, body: bodyOf(forms.created) },
    refusals: [409],
    answers: { 201: jsonOf(forms.router, 'Created') },
  });
  routes.openapi(postRouter, async (c) => {
    const { targets = [], room_ids = [], ...body } = c.req.valid('json');
    const fields = await unknownNames(c, { targets, room_ids });
    if (fields !== null) return refuse(c, { reason: 'invalid', fields });
    const now = Date.now();
    const id = body.id ?? newUuid(now);
    nameTarget(c, { type: 'router', id });
    const router = { id, name: body.name, targets, room_ids, created_at: now };
    const quota = await quotaOf(c, 'routers');
    const added = await insertRouter(organizationDatabase(c), c.var.organization.id, router, quota.limit);
    if (!added.ok) return refuse(c, added.reason === 'quota' ? quotaReached(quota) : ROUTER_EXISTS);
    return c.json(routerResource(added.row), 201);
  });

  const askReach = defineRoute({
    operationId: door.nameOf('askRouterReach'),
    ...common,
    method: 'post',
    path: `${all}/reach`,
    summary: 'Count whom targets would reach',
    description: `Saves nothing: it answers how many people and bots a router with these targets would reach in these rooms, each counted up to ${MOST_REACHED.toLocaleString('en')}. Partners count while one of the rooms is shared with them; without \`room_ids\` none does. Unknown ones reach nobody.`,
    request: { params: organizationPath, body: bodyOf(forms.asked) },
    answers: { 200: jsonOf(forms.reached, 'How many') },
  });
  routes.openapi(askReach, async (c) => {
    const { targets, room_ids = [] } = c.req.valid('json');
    return c.json(await countReached(directoryDatabases(c), c.var.organization.id, targets, room_ids), 200);
  });

  const getRouter = defineRoute({
    operationId: door.nameOf('getRouter'),
    ...common,
    method: 'get',
    path: one,
    summary: 'Get a router',
    description: 'A router of another organization is not found.',
    request: { params: routerPath },
    answers: { 200: jsonOf(forms.router, 'The router') },
  });
  routes.openapi(getRouter, async (c) => {
    const router = await findRouter(organizationDatabase(c), c.var.organization.id, c.req.valid('param').router_id);
    return router === null ? refuse(c, ROUTER_NOT_FOUND) : c.json(routerResource(router), 200);
  });

  const patchRouter = defineRoute({
    operationId: door.nameOf('updateRouter'),
    ...common,
    method: 'patch',
    path: one,
    summary: 'Change a router',
    description:
      'A field that is left out stays; `targets` and `room_ids` are replaced as a whole. An unknown user, team, partner or room is 400. The call can be repeated.',
    request: { params: routerPath, body: bodyOf(forms.changes) },
    answers: { 200: jsonOf(forms.router, 'Changed') },
  });
  routes.openapi(patchRouter, async (c) => {
    const { router_id } = c.req.valid('param');
    const { name, targets, room_ids } = c.req.valid('json');
    const fields = await unknownNames(c, { targets: targets ?? [], room_ids: room_ids ?? [] });
    if (fields !== null) return refuse(c, { reason: 'invalid', fields });
    const changes = { name, targets, room_ids };
    const router = await updateRouter(organizationDatabase(c), c.var.organization.id, router_id, changes, Date.now());
    return router === null ? refuse(c, ROUTER_NOT_FOUND) : c.json(routerResource(router), 200);
  });

  const removeRouter = defineRoute({
    operationId: door.nameOf('deleteRouter'),
    ...common,
    method: 'delete',
    path: one,
    summary: 'Delete a router',
    description:
      'A room that has no other router reaches all people of its organization again. Repeating the call answers 404.',
    request: { params: routerPath },
    answers: { 204: { description: 'Deleted' } },
  });
  routes.openapi(removeRouter, async (c) => {
    const { router_id } = c.req.valid('param');
    const isDeleted = await deleteRouter(organizationDatabase(c), c.var.organization.id, router_id);
    return isDeleted ? c.body(null, 204) : refuse(c, ROUTER_NOT_FOUND);
  });

  return routes;
}

type Named = { targets: readonly RouterTarget[]; room_ids: readonly string[] };

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
