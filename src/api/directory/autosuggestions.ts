import { z } from '@hono/zod-openapi';
import type { AutosuggestionRow } from '../../db/rows.ts';
import {
  type AutosuggestionChanges,
  deleteAutosuggestion,
  findAutosuggestion,
  insertAutosuggestion,
  listAutosuggestions,
  MOST_AUTOSUGGESTIONS,
  updateAutosuggestion,
} from '../../directory/autosuggestions.ts';
import { findRoom } from '../../directory/rooms.ts';
import { findUser } from '../../directory/users.ts';
import { type AppContext, identityDatabase, organizationDatabase } from '../../http/app-environment.ts';
import { nameTarget } from '../../http/audit.ts';
import { collectionQuery, collectionResponse, collectionSchema, idKey, readPage } from '../../http/collection.ts';
import { integerField, isoTimeSchema, pathId, textField, uuidField } from '../../http/fields.ts';
import { type Refused, refuse, refuseField } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { type AppRouter, createRouter } from '../../http/router.ts';
import { autosuggestionResource } from '../../resources/autosuggestion.ts';
import { newUuid } from '../../resources/uuid.ts';
import { defineRoute } from '../define-route.ts';
import { ROOM_NOT_FOUND, roomPath } from '../shared/paths.ts';
import type { Door } from './door.ts';

const id = z.string().openapi({ format: 'uuid' });
const autosuggestionSchema = z
  .object({
    id,
    room_id: id,
    url_pattern: z.string(),
    seconds: z.int(),
    language_code: z.string().nullable(),
    user_id: id,
    created_at: isoTimeSchema,
    updated_at: isoTimeSchema,
  })
  .openapi('Autosuggestion');

const fields = {
  url_pattern: textField({ max: 2000 })
    .refine((text) => /^(https?:\/\/|\*)/i.test(text), 'Enter a URL, in which * stands for any text.')
    .openapi({
      description: 'The URL of a page; each `*` stands for any text.',
      example: 'https://shop.example/cart*',
    }),
  seconds: integerField({ min: 0, max: 86_400 }).openapi({
    description: 'For how long a visitor has been on the page at least.',
  }),
  language_code: textField({ max: 35 }).nullable().openapi({ description: 'Null: any language.' }),
  user_id: uuidField().openapi({ description: 'The user or bot whose conversation starter is offered.' }),
};
const whole = z
  .object({ ...fields, seconds: fields.seconds.default(0), language_code: fields.language_code.default(null) })
  .openapi('NewAutosuggestion');
const changes = z.object(fields).partial().openapi('PatchAutosuggestion');

const NOT_FOUND = { reason: 'not_found', detail: 'Autosuggestion not found.' } as const;
const FULL = { reason: 'conflict', detail: `A room has at most ${MOST_AUTOSUGGESTIONS} autosuggestions.` } as const;

/** The rules by which a room offers conversation starters to its visitors (an extension). */
export function autosuggestionRoutesOf(door: Door): AppRouter {
  const common = { tag: door.tagOf('Rooms'), access: door.writer('settings') };
  const all = `${door.organization}/rooms/{room_id}/autosuggestions` as const;
  const one = `${all}/{autosuggestion_id}` as const;
  const onePath = roomPath.extend({ autosuggestion_id: pathId('autosuggestion_id') });
  const routes = createRouter();

  const getAll = defineRoute({
    operationId: door.nameOf('listAutosuggestions'),
    ...common,
    method: 'get',
    path: all,
    summary: 'List the autosuggestions of a room',
    description: 'In the order in which they were made: the first that applies is offered.',
    request: { params: roomPath, query: z.object(collectionQuery) },
    answers: { 200: jsonOf(collectionSchema(autosuggestionSchema), 'A page') },
  });
  routes.openapi(getAll, async (c) => {
    const { room_id } = c.req.valid('param');
    const asked = readPage(c.req.valid('query'), 'id', idKey);
    if (!asked.ok) return refuse(c, asked.refusal);
    const database = organizationDatabase(c);
    const { id: organizationId } = c.var.organization;
    if ((await findRoom(database, organizationId, room_id)) === null) return refuse(c, ROOM_NOT_FOUND);
    const rows = await listAutosuggestions(database, organizationId, room_id, asked.page.keyset);
    const parts = { page: asked.page, rows, keyOf: (rule: { id: string }) => [rule.id] };
    return c.json(collectionResponse(c, { ...parts, resource: autosuggestionResource }), 200);
  });

  const create = defineRoute({
    operationId: door.nameOf('createAutosuggestion'),
    ...common,
    method: 'post',
    idempotency: 'organization',
    path: all,
    summary: 'Offer visitors of a room a conversation starter',
    description:
      'On pages whose URL has the form of `url_pattern`, after `seconds`, in `language_code`. What is offered is the conversation starter of the user in the language of the visitor, else of the room; a user without one offers nothing. Somebody who is no user of the organization is 400, more than 100 of a room are 409. Each call makes another one.',
    request: { params: roomPath, body: bodyOf(whole) },
    refusals: [409],
    answers: { 201: jsonOf(autosuggestionSchema, 'Created') },
  });
  routes.openapi(create, async (c) => {
    const { room_id } = c.req.valid('param');
    const rule = c.req.valid('json');
    const database = organizationDatabase(c);
    if ((await findRoom(database, c.var.organization.id, room_id)) === null) return refuse(c, ROOM_NOT_FOUND);
    const unknown = await refuseUnknownUser(c, rule.user_id);
    if (unknown !== null) return unknown;
    const now = Date.now();
    const made = { ...rule, id: newUuid(now), room_id, created_at: now };
    nameTarget(c, { type: 'autosuggestion', id: made.id });
    const row = await insertAutosuggestion(database, c.var.organization.id, made);
    return row === null ? refuse(c, FULL) : c.json(autosuggestionResource(row), 201);
  });

  const getOne = defineRoute({
    operationId: door.nameOf('getAutosuggestion'),
    ...common,
    method: 'get',
    path: one,
    summary: 'Get an autosuggestion of a room',
    description: 'The rule, without the text: that is the conversation starter of its user.',
    request: { params: onePath },
    answers: { 200: jsonOf(autosuggestionSchema, 'The autosuggestion') },
  });
  routes.openapi(getOne, async (c) => {
    const { room_id, autosuggestion_id } = c.req.valid('param');
    const database = organizationDatabase(c);
    const row = await findAutosuggestion(database, c.var.organization.id, room_id, autosuggestion_id);
    return row === null ? refuse(c, NOT_FOUND) : c.json(autosuggestionResource(row), 200);
  });

  const put = defineRoute({
    operationId: door.nameOf('replaceAutosuggestion'),
    ...common,
    method: 'put',
    path: one,
    summary: 'Replace an autosuggestion of a room',
    description: 'A field that is left out gets its default. Chats that it has started keep their text.',
    request: { params: onePath, body: bodyOf(whole) },
    answers: { 200: jsonOf(autosuggestionSchema, 'Changed') },
  });
  routes.openapi(put, async (c) => {
    const { room_id, autosuggestion_id } = c.req.valid('param');
    const changed = await change(c, room_id, autosuggestion_id, c.req.valid('json'));
    return 'row' in changed ? c.json(autosuggestionResource(changed.row), 200) : changed.refused;
  });

  const patch = defineRoute({
    operationId: door.nameOf('updateAutosuggestion'),
    ...common,
    method: 'patch',
    path: one,
    summary: 'Change an autosuggestion of a room',
    description: 'A field that is left out stays. Chats that it has started keep their text.',
    request: { params: onePath, body: bodyOf(changes) },
    answers: { 200: jsonOf(autosuggestionSchema, 'Changed') },
  });
  routes.openapi(patch, async (c) => {
    const { room_id, autosuggestion_id } = c.req.valid('param');
    const changed = await change(c, room_id, autosuggestion_id, c.req.valid('json'));
    return 'row' in changed ? c.json(autosuggestionResource(changed.row), 200) : changed.refused;
  });

  const remove = defineRoute({
    operationId: door.nameOf('deleteAutosuggestion'),
    ...common,
    method: 'delete',
    path: one,
    summary: 'Delete an autosuggestion of a room',
    description:
      'Nobody is offered it any more. Chats that it has started stay as they are. Repeating the call answers 404.',
    request: { params: onePath },
    answers: { 204: { description: 'Deleted' } },
  });
  routes.openapi(remove, async (c) => {
    const { room_id, autosuggestion_id } = c.req.valid('param');
    const database = organizationDatabase(c);
    const isDeleted = await deleteAutosuggestion(database, c.var.organization.id, room_id, autosuggestion_id);
    return isDeleted ? c.body(null, 204) : refuse(c, NOT_FOUND);
  });

  return routes;
}

async function change(
  c: AppContext,
  roomId: string,
  ruleId: string,
  fields: AutosuggestionChanges,
): Promise<{ row: AutosuggestionRow } | { refused: Refused }> {
  const { id: organizationId } = c.var.organization;
  const database = organizationDatabase(c);
  if (fields.user_id !== undefined) {
    const isThere = (await findAutosuggestion(database, organizationId, roomId, ruleId)) !== null;
    const unknown = isThere ? await refuseUnknownUser(c, fields.user_id) : null;
    if (unknown !== null) return { refused: unknown };
  }
  const row = await updateAutosuggestion(database, organizationId, roomId, ruleId, fields, Date.now());
  return row === null ? { refused: refuse(c, NOT_FOUND) } : { row };
}

async function refuseUnknownUser(c: AppContext, userId: string): Promise<Refused | null> {
  if ((await findUser(identityDatabase(c), c.var.organization.id, userId)) !== null) return null;
  return refuseField(c, 'user_id', 'No user with this id in the organization.');
}
