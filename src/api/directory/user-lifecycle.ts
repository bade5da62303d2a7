import { deleteUser, insertUser } from '../../directory/users.ts';
import { identityDatabase } from '../../http/app-environment.ts';
import { nameTarget } from '../../http/audit.ts';
import { type Refusal, refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { type AppRouter, createRouter } from '../../http/router.ts';
import { newUuid } from '../../resources/uuid.ts';
import { askUser } from '../../rpc/user.ts';
import { defineRoute } from '../define-route.ts';
import { quotaOf, quotaReached } from '../quotas.ts';
import { organizationPath, USER_NOT_FOUND, userPath } from '../shared/paths.ts';
import type { Door } from './door.ts';
import { accountOf, columnsOf, formOf, refusalOfLine } from './users.ts';

const USER_EXISTS: Refusal = { reason: 'conflict', detail: 'A user with this id already exists.' };
const OWN_USER: Refusal = { reason: 'conflict', detail: 'Users cannot delete themselves.' };

/** How users come and go. */
export function userLifecycleRoutesOf(door: Door): AppRouter {
  const { created, schema, resource } = formOf(door);
  const common = { tag: door.tagOf('Users'), access: door.credentials };
  const routes = createRouter();

  const createUser = defineRoute({
    operationId: door.nameOf('createUser'),
    ...common,
    method: 'post',
    idempotency: 'identity',
    path: `${door.organization}/users`,
    summary: 'Create a user',
    description: `The user is a person, or a bot with \`is_bot\`. They have no token yet. An extension or a direct number that is taken is 409, and so is a user above the quota. ${door.repeatedCreation}`,
    request: { params: organizationPath, body: bodyOf(created) },
    refusals: [409],
    answers: { 201: jsonOf(schema, 'Created') },
  });
  routes.openapi(createUser, async (c) => {
    const { first_name, id: chosen, ...fields } = c.req.valid('json');
    const now = Date.now();
    const id = chosen ?? newUuid(now);
    nameTarget(c, { type: 'user', id });
    const user = { ...columnsOf(fields, now), id, first_name, created_at: now };
    const quota = await quotaOf(c, 'users');
    const added = await insertUser(identityDatabase(c), c.var.organization.id, user, quota.limit);
    if (added.ok) return c.json(resource(accountOf(c, added.row)), 201);
    if (added.reason === 'quota') return refuse(c, quotaReached(quota));
    return refuse(c, (await refusalOfLine(c, id, fields)) ?? USER_EXISTS);
  });

  const removeUser = defineRoute({
    operationId: door.nameOf('deleteUser'),
    ...common,
    method: 'delete',
    path: `${door.organization}/users/{user_id}`,
    summary: 'Delete a user',
    description:
      'The tokens and sessions of the user stop working and their presence ends; in other isolates tokens work for AUTH_CACHE_SECONDS (30 by default) longer. Messages and memberships of the user stay; their own canned replies are deleted. A tenant that would delete their own user is refused: 409. Repeating the call answers 404.',
    request: { params: userPath },
    refusals: [409],
    answers: { 204: { description: 'Deleted' } },
  });
  routes.openapi(removeUser, async (c) => {
    const { user_id } = c.req.valid('param');
    if (door.userId(c) === user_id) return refuse(c, OWN_USER);
    const outcome = await deleteUser(identityDatabase(c), c.var.organization.id, user_id, Date.now());
    if (outcome === null) return refuse(c, USER_NOT_FOUND);
    // Also for a user who was deleted before, because the earlier request may have failed before this step.
    await askUser(c.env, c.var.cost, user_id, (stub) => stub.deleteClients({ v: 1 }));
    return outcome === 'deleted' ? c.body(null, 204) : refuse(c, USER_NOT_FOUND);
  });

  return routes;
}
