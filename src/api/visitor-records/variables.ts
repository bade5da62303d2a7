import { z } from '@hono/zod-openapi';
import { findNewestChatInEachRoom } from '../../chats/visitor-chats.ts';
import { inParallel } from '../../delivery/in-parallel.ts';
import { findRoomVisitor } from '../../directory/room-visitors.ts';
import {
  changeVisitorVariable,
  deleteVisitorVariable,
  findVisitorVariable,
  listVisitorVariables,
  NAME_VARIABLE,
  setVisitorVariable,
  type VisitorVariable,
} from '../../directory/visitors.ts';
import { threadNameOfChat } from '../../domain/address.ts';
import { newCommandId } from '../../domain/commands.ts';
import type { AppContext } from '../../http/app-environment.ts';
import { collectionQuery, collectionResponse, collectionSchema, idKey, readPage } from '../../http/collection.ts';
import { isoTimeSchema, pathVisitorId } from '../../http/fields.ts';
import { type Refused, refuse, refuseField } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { isoTime } from '../../resources/clock.ts';
import { organizationUser } from '../access.ts';
import { copyDatabase } from '../copy-database.ts';
import { defineRoute, VERBS } from '../define-route.ts';
import { executeCommand } from '../execute-command.ts';
import { quotaOf, quotaReached } from '../quotas.ts';
import { ownRoom } from '../reach-cache.ts';
import { refuseThread } from '../refuse-thread.ts';
import { ROOM_NOT_FOUND, roomPath, VISITOR_NOT_FOUND } from '../shared/paths.ts';
import { problemOfVariable, variableKeyField, variableValueField } from '../shared/variable-fields.ts';
import { beginKeeping } from '../visitor-presence.ts';

/** Most threads that get the visitor's name at the same time. A visitor has one thread in each room. */
const RENAMED_AT_A_TIME = 10;

const visitorPath = roomPath.extend({ visitor_id: pathVisitorId() });
const variablePath = visitorPath.extend({ key: z.string().openapi({ param: { name: 'key', in: 'path' } }) });
type VisitorPath = z.output<typeof visitorPath>;

const createSchema = z.object({ key: variableKeyField(), value: variableValueField() }).openapi('SetVisitorVariable');
const changeSchema = z.object({ value: variableValueField() }).openapi('ChangeVisitorVariable');

const variableSchema = z
  .object({ key: z.string(), value: z.string(), created_at: isoTimeSchema, updated_at: isoTimeSchema })
  .openapi('VisitorVariable');

const shared = { tag: 'Visitors', access: organizationUser };
const ALL = '/orgs/{organization_id}/rooms/{room_id}/visitors/{visitor_id}/variables';
const ONE = `${ALL}/{key}` as const;

const listRoute = defineRoute({
  operationId: 'listVisitorVariables',
  ...shared,
  method: 'get',
  path: ALL,
  summary: 'List the variables of a visitor',
  description: 'The variables are the same in every room of the visitor. Requests of channels set them too.',
  request: { params: visitorPath, query: z.object(collectionQuery) },
  answers: {
    200: jsonOf(collectionSchema(variableSchema), 'Variables by key'),
  },
});

const setRoute = defineRoute({
  operationId: 'createVisitorVariable',
  ...shared,
  method: 'post',
  idempotency: 'organization',
  path: ALL,
  summary: 'Set a variable of a visitor',
  description:
    'Makes the variable (201), or sets the value of one that is there (200), so the call can be repeated. The variable `username` is the name of the visitor in their open chats and later ones; a blank name is 400. Above the quota of a visitor’s variables a new key is 409.',
  request: { params: visitorPath, body: bodyOf(createSchema) },
  refusals: [409],
  answers: {
    200: jsonOf(variableSchema, 'The variable, which existed before'),
    201: jsonOf(variableSchema, 'The new variable'),
  },
});

const itemRoute = defineRoute({
  operationId: 'getVisitorVariable',
  ...shared,
  method: 'get',
  path: ONE,
  summary: 'Get a variable of a visitor',
  description: 'A variable that was never set is not found.',
  request: { params: variablePath },
  answers: { 200: jsonOf(variableSchema, 'The variable') },
});

const removeRoute = defineRoute({
  operationId: 'deleteVisitorVariable',
  ...shared,
  method: 'delete',
  path: ONE,
  summary: 'Delete a variable of a visitor',
  description:
    'Deleting `username` takes the name of the visitor away: in their open chats and later ones, not in messages that are there. Repeating the call answers 404.',
  request: { params: variablePath },
  refusals: [409],
  answers: { 204: { description: 'Deleted' } },
});

const VARIABLE_NOT_FOUND = { reason: 'not_found', detail: 'Visitor variable not found.' } as const;

/**
 * /orgs/<organization_id>/rooms/<room_id>/visitors/<visitor_id>/variables (visitors' API). A visitor has the same
 * variables in all rooms. Threads write them too.
 */
export const visitorVariableRoutes = createRouter();

visitorVariableRoutes.openapi(listRoute, async (c) => {
  const asked = readPage(c.req.valid('query'), 'key', idKey);
  if (!asked.ok) return refuse(c, asked.refusal);
  const { organization_id, room_id, visitor_id } = c.req.valid('param');
  const database = await copyDatabase(c);
  const rows = await listVisitorVariables(database, organization_id, room_id, visitor_id, asked.page.keyset);
  if (rows === null) return refuse(c, VISITOR_NOT_FOUND);
  const body = collectionResponse(c, { page: asked.page, rows, keyOf: ({ key }) => [key], resource: resourceOf });
  return c.json(body, 200);
});

visitorVariableRoutes.openapi(setRoute, async (c) => {
  const path = c.req.valid('param');
  const { key, value } = c.req.valid('json');
  const refused = (await refuseVisitor(c, path)) ?? refuseValue(c, key, value);
  if (refused !== null) return refused;
  const { organization_id, visitor_id } = path;
  const database = await copyDatabase(c);
  await beginKeeping(c, database, path);
  const quota = await quotaOf(c, 'visitor_variables');
  const variable = { key, value };
  const set = await setVisitorVariable(database, organization_id, visitor_id, variable, quota.limit, Date.now());
  if (!set.ok) return refuse(c, set.reason === 'quota' ? quotaReached(quota) : VISITOR_NOT_FOUND);
  const unnamed = await rename(c, path, key, value);
  return unnamed ?? c.json(resourceOf(set.variable), set.is_new ? 201 : 200);
});

visitorVariableRoutes.openapi(itemRoute, async (c) => {
  const { key, ...path } = c.req.valid('param');
  const refused = await refuseVisitor(c, path);
  if (refused !== null) return refused;
  const variable = await findVisitorVariable(await copyDatabase(c), path.visitor_id, key);
  return variable === null ? refuse(c, VARIABLE_NOT_FOUND) : c.json(resourceOf(variable), 200);
});

for (const method of ['put', 'patch'] as const) {
  const route = defineRoute({
    operationId: `${VERBS[method]}VisitorVariable`,
    ...shared,
    method,
    path: ONE,
    summary: 'Change a variable of a visitor',
    description:
      'Both methods set `value`. A variable that was never set is 404: POST makes one. A change of `username` renames the visitor in their open chats and later ones; a blank name is 400.',
    request: { params: variablePath, body: bodyOf(changeSchema) },
    refusals: [409],
    answers: { 200: jsonOf(variableSchema, 'The variable') },
  });
  visitorVariableRoutes.openapi(route, async (c) => {
    const { key, ...path } = c.req.valid('param');
    const { value } = c.req.valid('json');
    const refused = (await refuseVisitor(c, path)) ?? refuseValue(c, key, value);
    if (refused !== null) return refused;
    const changed = await changeVisitorVariable(await copyDatabase(c), path.visitor_id, key, value, Date.now());
    if (changed === null) return refuse(c, VARIABLE_NOT_FOUND);
    const unnamed = await rename(c, path, key, value);
    return unnamed ?? c.json(resourceOf(changed), 200);
  });
}

visitorVariableRoutes.openapi(removeRoute, async (c) => {
  const { key, ...path } = c.req.valid('param');
  const refused = await refuseVisitor(c, path);
  if (refused !== null) return refused;
  const isDeleted = await deleteVisitorVariable(await copyDatabase(c), path.visitor_id, key, Date.now());
  if (!isDeleted) return refuse(c, VARIABLE_NOT_FOUND);
  const unnamed = await rename(c, path, key, null);
  return unnamed ?? c.body(null, 204);
});

/** The refusal when the organization has no such room, or the room has no such visitor. Null when both exist. */
async function refuseVisitor(c: AppContext, { room_id, visitor_id }: VisitorPath): Promise<Refused | null> {
  const room = await ownRoom(c, room_id);
  if (room === null) return refuse(c, ROOM_NOT_FOUND);
  const place = { organization_id: room.organization_id, room_id, visitor_id };
  const visitor = await findRoomVisitor(await copyDatabase(c), place);
  return visitor === null ? refuse(c, VISITOR_NOT_FOUND) : null;
}

function refuseValue(c: AppContext, key: string, value: string): Refused | null {
  const problem = problemOfVariable(key, value);
  return problem === null ? null : refuseField(c, 'value', problem);
}

/**
 * Sends the visitor's name (null: it was removed) to the threads of the visitor's newest chats, one in each room.
 * Answers the first refusal; null when no thread refuses.
 */
async function rename(
  c: AppContext,
  { organization_id, visitor_id }: VisitorPath,
  key: string,
  name: string | null,
): Promise<Refused | null> {
  if (key !== NAME_VARIABLE) return null;
  const chats = await findNewestChatInEachRoom(await copyDatabase(c), organization_id, visitor_id);
  const results = await inParallel(chats, RENAMED_AT_A_TIME, async (chat_id) => {
    const thread = threadNameOfChat(chat_id);
    if (thread === null) throw new Error('a chat that D1 has copied from a thread names none');
    const head = { v: 1 as const, type: 'rename_visitor' as const, command_id: newCommandId() };
    return await executeCommand(c.env, c.var.cost, thread, { ...head, chat_id, visitor_id, name });
  });
  const refused = results.find((result) => !result.ok);
  return refused === undefined ? null : refuseThread(c, refused.refusal);
}

function resourceOf({ key, value, created_at, at }: VisitorVariable) {
  return { key, value, created_at: isoTime(created_at), updated_at: isoTime(at) };
}
