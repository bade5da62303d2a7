import { z } from '@hono/zod-openapi';
import { organizationExists } from '../../directory/organizations.ts';
import { deleteUser, findUser, insertUser, listUsers, updateUser } from '../../directory/users.ts';
import { identityDatabase } from '../../http/app-environment.ts';
import { purgeUser } from '../../http/authenticate.ts';
import { collectionQuery, collectionSchema } from '../../http/collection.ts';
import { refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { newUuid } from '../../resources/uuid.ts';
import { askUser } from '../../rpc/user.ts';
import { operator } from '../access.ts';
import { defineRoute } from '../define-route.ts';
import { purgeReach } from '../reach-cache.ts';
import { idCollection, readIdPage } from './id-collection.ts';
import { flag, newUser, organizationPath, userChanges, userPath, userResource, userSchema } from './schemas.ts';

const common = { tag: 'Administration', access: operator };
const ONE = '/organizations/{organization_id}/users/{user_id}';
const ALL = '/organizations/{organization_id}/users';

const createUser = defineRoute({
  operationId: 'adminCreateUser',
  ...common,
  method: 'post',
  path: ALL,
  summary: 'Create a user',
  request: { params: organizationPath, body: bodyOf(newUser) },
  refusals: [409],
  answers: { 201: jsonOf(userSchema, 'Created') },
});

const getUsers = defineRoute({
  operationId: 'adminListUsers',
  ...common,
  method: 'get',
  path: ALL,
  summary: 'List the users of an organization',
  request: { params: organizationPath, query: z.object(collectionQuery) },
  answers: { 200: jsonOf(collectionSchema(userSchema), 'A page') },
});

const getUser = defineRoute({
  operationId: 'adminGetUser',
  ...common,
  method: 'get',
  path: ONE,
  summary: 'Get a user',
  request: { params: userPath },
  answers: { 200: jsonOf(userSchema, 'The user') },
});

const patchUser = defineRoute({
  operationId: 'adminUpdateUser',
  ...common,
  method: 'patch',
  path: ONE,
  summary: 'Change a user',
  request: { params: userPath, body: bodyOf(userChanges) },
  answers: { 200: jsonOf(userSchema, 'Changed') },
});

const removeUser = defineRoute({
  operationId: 'adminDeleteUser',
  ...common,
  method: 'delete',
  path: ONE,
  summary: 'Delete a user',
  description: 'The tokens of the user stop working.',
  request: { params: userPath },
  answers: { 204: { description: 'Deleted' } },
});

export const userRoutes = createRouter();

userRoutes.openapi(createUser, async (c) => {
  const { organization_id } = c.req.valid('param');
  const body = c.req.valid('json');
  const database = identityDatabase(c);
  if (!(await organizationExists(database, organization_id))) return refuse(c, { reason: 'organization_unknown' });
  const now = Date.now();
  const row = await insertUser(database, organization_id, {
    id: body.id ?? newUuid(now),
    first_name: body.first_name,
    last_name: body.last_name ?? '',
    alias: body.alias ?? null,
    avatar_id: null,
    avatar_url: null,
    ...avatarColumns(body.avatar_url, now),
    email: body.email ?? null,
    is_bot: flag(body.is_bot ?? false),
    is_staff: flag(body.is_staff ?? false),
    profile: profileOf(body),
    is_online_enabled: flag(body.is_online_enabled ?? true),
    created_at: now,
  });
  if (row === null) return refuse(c, { reason: 'conflict', detail: 'A user with this id already exists.' });
  return c.json(userResource(row), 201);
});

userRoutes.openapi(getUsers, async (c) => {
  const { organization_id } = c.req.valid('param');
  const asked = readIdPage(c.req.valid('query'));
  if (!asked.ok) return refuse(c, asked.refusal);
  const database = identityDatabase(c);
  if (!(await organizationExists(database, organization_id))) return refuse(c, { reason: 'organization_unknown' });
  const rows = await listUsers(
    database,
    organization_id,
    { ordering: 'id', includesDeleted: false },
    asked.page.keyset,
  );
  return c.json(idCollection(c, asked.page, rows, userResource), 200);
});

userRoutes.openapi(getUser, async (c) => {
  const { organization_id, user_id } = c.req.valid('param');
  const row = await findUser(identityDatabase(c), organization_id, user_id);
  return row === null ? refuse(c, { reason: 'not_found' }) : c.json(userResource(row), 200);
});

userRoutes.openapi(patchUser, async (c) => {
  const { organization_id, user_id } = c.req.valid('param');
  const body = c.req.valid('json');
  const now = Date.now();
  const changes = {
    first_name: body.first_name,
    last_name: body.last_name,
    alias: body.alias,
    ...avatarColumns(body.avatar_url, now),
    email: body.email,
    is_bot: flag(body.is_bot),
    is_staff: flag(body.is_staff),
    profile: profileOf(body),
    is_online_enabled: flag(body.is_online_enabled),
  };
  const row = await updateUser(identityDatabase(c), organization_id, user_id, changes, now);
  if (row === null) return refuse(c, { reason: 'not_found' });
  purgeUser(user_id);
  return c.json(userResource(row), 200);
});

userRoutes.openapi(removeUser, async (c) => {
  const { organization_id, user_id } = c.req.valid('param');
  const outcome = await deleteUser(identityDatabase(c), organization_id, user_id, Date.now());
  if (outcome === null) return refuse(c, { reason: 'not_found' });
  purgeUser(user_id);
  purgeReach();
  // Also when they were deleted before: that request may have come no further.
  await askUser(c.env, c.var.cost, user_id, (stub) => stub.deleteClients({ v: 1 }));
  return outcome === 'deleted' ? c.body(null, 204) : refuse(c, { reason: 'not_found' });
});

/** Undefined leaves a part of the profile as it is. */
function profileOf({ title, phone, gender, birthday }: z.infer<typeof userChanges>) {
  return { title, phone, gender, birthday };
}

/** A new picture is a new avatar, with an id of its own. */
function avatarColumns(
  url: string | null | undefined,
  now: number,
): { avatar_id?: string | null; avatar_url?: string | null } {
  if (url === undefined) return {};
  return { avatar_id: url === null ? null : newUuid(now), avatar_url: url };
}
