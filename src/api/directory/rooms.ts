import { z } from '@hono/zod-openapi';
import { flag, type RoomRow } from '../../db/rows.ts';
import { viewRooms } from '../../directory/room-views.ts';
import {
  DEFAULT_ROOM_OPTIONS,
  deleteRoom,
  findRoom,
  insertRoom,
  listRooms,
  updateRoom,
} from '../../directory/rooms.ts';
import { type AppContext, directoryDatabases, organizationDatabase } from '../../http/app-environment.ts';
import { nameTarget } from '../../http/audit.ts';
import { collectionQuery, collectionSchema, idCollection, readIdPage } from '../../http/collection.ts';
import { booleanParameter, integerField, textField } from '../../http/fields.ts';
import { type Refusal, refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { type AppRouter, createRouter } from '../../http/router.ts';
import { operatorRoomResource, type RoomView, roomResource } from '../../resources/room.ts';
import { newUuid } from '../../resources/uuid.ts';
import { defineRoute } from '../define-route.ts';
import { quotaOf, quotaReached } from '../quotas.ts';
import { organizationPath, ROOM_NOT_FOUND, roomPath } from '../shared/paths.ts';
import { roomSchema, serviceHoursSchema } from '../shared/room-schema.ts';
import { chosenId, type Door } from './door.ts';

const names = { name: textField({ max: 255 }), display_name: textField({ max: 255 }) };
/** A chat's lifetime in seconds, at most a year. Null: the chat does not end by itself. */
const lifetime = integerField({ min: 1, max: 31_536_000 }).nullable();
const tenantOptions = {
  language_code: textField({ max: 35 }),
  domain: textField({ max: 255 }).nullable(),
  is_open: z.boolean(),
  service_hours: serviceHoursSchema.nullable(),
  visitor_chat_idle_ttl: lifetime,
  task_chat_ttl: lifetime,
  chat_key_ttl_days: integerField({ min: 0, max: 3650 }).nullable(),
};
const operatorOptions = {
  require_online: z.boolean(),
  is_task_allowed: z.boolean(),
  is_external_allowed: z.boolean(),
};

const tenantChanges = z.object({ ...names, ...tenantOptions }).partial();
const operatorChanges = tenantChanges.extend(z.object(operatorOptions).partial().shape);
type RoomFields = z.infer<typeof operatorChanges>;

/** A whole room, for POST and PUT. A field that is left out gets its default. The default display name is the name. */
const tenantRoom = z.object({
  name: names.name,
  display_name: names.display_name.optional(),
  language_code: tenantOptions.language_code.default(DEFAULT_ROOM_OPTIONS.language_code),
  domain: tenantOptions.domain.default(DEFAULT_ROOM_OPTIONS.domain),
  is_open: tenantOptions.is_open.default(true),
  service_hours: tenantOptions.service_hours.default(null),
  // No defaults: a client that does not know these must not end chats earlier, or make the hub keep keys.
  visitor_chat_idle_ttl: lifetime.optional(),
  task_chat_ttl: lifetime.optional(),
  chat_key_ttl_days: tenantOptions.chat_key_ttl_days.optional(),
});
const operatorRoom = tenantRoom.extend({
  visitor_chat_idle_ttl: lifetime.default(DEFAULT_ROOM_OPTIONS.visitor_chat_idle_ttl),
  task_chat_ttl: lifetime.default(DEFAULT_ROOM_OPTIONS.task_chat_ttl),
  require_online: operatorOptions.require_online.default(false),
  is_task_allowed: operatorOptions.is_task_allowed.default(false),
  is_external_allowed: operatorOptions.is_external_allowed.default(false),
});
type WholeRoom = RoomFields & { name: string };

const operatorRoomSchema = roomSchema
  .extend({
    require_online: z.boolean(),
    is_task_allowed: z.boolean().openapi({ description: 'Whether visitors may start chats of the type `task`.' }),
    is_external_allowed: z.boolean().openapi({
      description: 'Whether visitors may start chats of the type `external`, which do not end by themselves.',
    }),
  })
  .openapi('AdminRoom');

/** The fields that a door shows and accepts. `created`: the body of a POST; `whole`: of a PUT. */
type Form = {
  created: z.ZodType<WholeRoom & { id?: string | undefined }>;
  whole: z.ZodType<WholeRoom>;
  changes: z.ZodType<RoomFields>;
  schema: z.ZodType<z.infer<typeof roomSchema>>;
  resource: (room: RoomView) => z.infer<typeof roomSchema>;
};
const newRoom = tenantRoom.openapi('NewRoom');
const TENANT_FORM: Form = {
  created: newRoom,
  whole: newRoom,
  changes: tenantChanges.openapi('PatchRoom'),
  schema: roomSchema,
  resource: roomResource,
};
const OPERATOR_FORM: Form = {
  created: operatorRoom.extend(chosenId).openapi('AdminNewRoom'),
  whole: operatorRoom.openapi('AdminUpdateRoom'),
  changes: operatorChanges.openapi('AdminPatchRoom'),
  schema: operatorRoomSchema,
  resource: operatorRoomResource,
};

const ROOM_EXISTS: Refusal = { reason: 'conflict', detail: 'A room with this id already exists.' };

/** The rooms of an organization, behind a door. */
export function roomRoutesOf(door: Door): AppRouter {
  const { created, whole, changes, schema, resource } = door.isOperator ? OPERATOR_FORM : TENANT_FORM;
  const tag = door.tagOf('Rooms');
  const writer = door.writer('settings');
  const all = `${door.organization}/rooms` as const;
  const one = `${all}/{room_id}` as const;
  const kept = door.isOperator
    ? '`chat_key_ttl_days` stays as it is.'
    : 'The lifetimes and `chat_key_ttl_days` stay as they are.';
  const routes = createRouter();

  const getRooms = defineRoute({
    operationId: door.nameOf('listRooms'),
    tag,
    access: door.reader,
    method: 'get',
    path: all,
    summary: 'List the rooms of an organization',
    description:
      'By id. `include_deleted` adds the deleted ones; `is_shared` chooses those that are shared with a partner, or the others, and may end a page early. Rooms that partners share are not here.',
    request: {
      params: organizationPath,
      query: z.object({
        ...collectionQuery,
        include_deleted: booleanParameter().optional(),
        is_shared: booleanParameter().optional(),
      }),
    },
    answers: { 200: jsonOf(collectionSchema(schema), 'A page') },
  });
  routes.openapi(getRooms, async (c) => {
    const { include_deleted: includesDeleted = false, is_shared: isShared = null, ...query } = c.req.valid('query');
    const asked = readIdPage(query);
    if (!asked.ok) return refuse(c, asked.refusal);
    const options = { includesDeleted, isShared };
    const found = await listRooms(organizationDatabase(c), c.var.organization.id, options, asked.page.keyset);
    const views = await viewRooms(directoryDatabases(c), found.rows, Date.now());
    return c.json(idCollection(c, asked.page, views, resource, found.cut_at), 200);
  });

  const createRoom = defineRoute({
    operationId: door.nameOf('createRoom'),
    tag,
    access: writer,
    method: 'post',
    idempotency: 'organization',
    path: all,
    summary: 'Create a room',
    description: `A room without routers reaches all users of the organization. \`display_name\` is the name if it is left out. Above the quota of rooms it is 409. ${door.repeatedCreation}`,
    request: { params: organizationPath, body: bodyOf(created) },
    refusals: [409],
    answers: { 201: jsonOf(schema, 'Created') },
  });
  routes.openapi(createRoom, async (c) => {
    const { id: chosen, name, display_name = name, ...options } = c.req.valid('json');
    const now = Date.now();
    const id = chosen ?? newUuid(now);
    nameTarget(c, { type: 'room', id });
    const room = {
      ...columnsOf(options),
      id,
      name,
      display_name,
      updated_by_user_id: door.userId(c),
      created_at: now,
    };
    const quota = await quotaOf(c, 'rooms');
    const added = await insertRoom(organizationDatabase(c), c.var.organization.id, room, quota.limit);
    if (!added.ok) return refuse(c, added.reason === 'quota' ? quotaReached(quota) : ROOM_EXISTS);
    return c.json(resource(await viewOf(c, added.row)), 201);
  });

  const getRoom = defineRoute({
    operationId: door.nameOf('getRoom'),
    tag,
    access: door.reader,
    method: 'get',
    path: one,
    summary: 'Get a room of an organization',
    description:
      '`is_online` says that the room is open and reaches a user who is online now. A deleted room is not found.',
    request: { params: roomPath },
    answers: { 200: jsonOf(schema, 'The room') },
  });
  routes.openapi(getRoom, async (c) => {
    const row = await findRoom(organizationDatabase(c), c.var.organization.id, c.req.valid('param').room_id);
    return row === null ? refuse(c, ROOM_NOT_FOUND) : c.json(resource(await viewOf(c, row)), 200);
  });

  const putRoom = defineRoute({
    operationId: door.nameOf('replaceRoom'),
    tag,
    access: writer,
    method: 'put',
    path: one,
    summary: 'Replace a room',
    description: `A field that is left out gets its default; that of \`display_name\` is the name. ${kept} Chats keep the name, the lifetime and the \`chat_key_ttl_days\` that they started with. The call can be repeated.`,
    request: { params: roomPath, body: bodyOf(whole) },
    answers: { 200: jsonOf(schema, 'Changed') },
  });
  routes.openapi(putRoom, async (c) => {
    const { name, display_name = name, ...options } = c.req.valid('json');
    const row = await changeRoom(c, c.req.valid('param').room_id, { name, display_name, ...options });
    return row === null ? refuse(c, ROOM_NOT_FOUND) : c.json(resource(await viewOf(c, row)), 200);
  });

  const patchRoom = defineRoute({
    operationId: door.nameOf('updateRoom'),
    tag,
    access: writer,
    method: 'patch',
    path: one,
    summary: 'Change a room',
    description:
      'A field that is left out stays. With `service_hours` the room is open at these times only, whatever `is_open` is set to; it counts again without them. Chats keep the name, the lifetime and the `chat_key_ttl_days` that they started with. The call can be repeated.',
    request: { params: roomPath, body: bodyOf(changes) },
    answers: { 200: jsonOf(schema, 'Changed') },
  });
  routes.openapi(patchRoom, async (c) => {
    const row = await changeRoom(c, c.req.valid('param').room_id, c.req.valid('json'));
    return row === null ? refuse(c, ROOM_NOT_FOUND) : c.json(resource(await viewOf(c, row)), 200);
  });

  const removeRoom = defineRoute({
    operationId: door.nameOf('deleteRoom'),
    tag,
    access: writer,
    method: 'delete',
    path: one,
    summary: 'Delete a room',
    description:
      'Its chats stay visible to the users that it reaches. Visitors can start no chats in it. A room that has channels is 409, which names them: move or delete them first. Repeating the call answers 404.',
    request: { params: roomPath },
    refusals: [409],
    answers: { 204: { description: 'Deleted' } },
  });
  routes.openapi(removeRoom, async (c) => {
    const { room_id } = c.req.valid('param');
    const outcome = await deleteRoom(organizationDatabase(c), c.var.organization.id, room_id, Date.now());
    if (outcome === 'not_found') return refuse(c, ROOM_NOT_FOUND);
    if (outcome === 'deleted') return c.body(null, 204);
    const names = outcome.channels.map(({ id, name }) => `${name} (${id})`).join(', ');
    return refuse(c, { reason: 'conflict', detail: `The room has channels. Move or delete them first: ${names}.` });
  });

  function changeRoom(c: AppContext, roomId: string, fields: RoomFields): Promise<RoomRow | null> {
    const columns = { ...columnsOf(fields), updated_by_user_id: door.userId(c) };
    return updateRoom(organizationDatabase(c), c.var.organization.id, roomId, columns, Date.now());
  }

  return routes;
}

/** Undefined leaves a column as it is, or gives a new room its default. */
function columnsOf({
  is_open,
  service_hours,
  require_online,
  is_task_allowed,
  is_external_allowed,
  ...columns
}: RoomFields) {
  return {
    ...columns,
    // What GET has shown outside the service hours comes back in a PUT. It must not close the room for good.
    is_open: service_hours ? undefined : flag(is_open),
    service_hours: service_hours ? JSON.stringify(service_hours) : service_hours,
    require_online: flag(require_online),
    is_task_allowed: flag(is_task_allowed),
    is_external_allowed: flag(is_external_allowed),
  };
}

async function viewOf(c: AppContext, row: RoomRow): Promise<RoomView> {
  const [view] = await viewRooms(directoryDatabases(c), [row], Date.now());
  if (view === undefined) throw new Error('a room has a view');
  return view;
}
