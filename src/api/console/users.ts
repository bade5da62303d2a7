import { z } from '@hono/zod-openapi';
import { findUser, listUsers, type UserOrdering, updateUser, userAccount } from '../../directory/users.ts';
import { type AppContext, identityDatabase } from '../../http/app-environment.ts';
import { purgeUser } from '../../http/authenticate.ts';
import { collectionQuery, collectionResponse, collectionSchema, readPage } from '../../http/collection.ts';
import { booleanParameter, pathId, textField } from '../../http/fields.ts';
import { type Refusal, refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { isDay } from '../../resources/clock.ts';
import { type UserAccountResource, userAccountResource } from '../../resources/user-account.ts';
import { anyUser, organizationUser, ownUser, userOrScope } from '../access.ts';
import { defineRoute } from '../define-route.ts';
import { callerOrganization } from './caller.ts';
import { userSchema } from './schemas.ts';

const common = { tag: 'Users' };
const USER_NOT_FOUND: Refusal = { reason: 'not_found', detail: 'User not found.' };
const organizationPath = z.object({ organization_id: pathId('organization_id') });
const organizationUserPath = organizationPath.extend({ user_id: pathId('user_id') });

const changes = z.object({
  is_online_enabled: z.boolean().optional(),
  first_name: textField({ max: 255 }).optional(),
  last_name: textField({ max: 255, blank: true }).optional(),
  alias: textField({ max: 255 }).nullish(),
  title: textField({ max: 255 }).nullish(),
  phone: textField({ max: 64 }).nullish(),
  gender: textField({ max: 64 }).nullish(),
  birthday: z.string().refine(isDay, 'Date has wrong format. Use YYYY-MM-DD.').nullish(),
});

const getMe = defineRoute({
  operationId: 'getMe',
  ...common,
  method: 'get',
  path: '/users/me',
  summary: 'Get the user of the token',
  access: anyUser,
  answers: { 200: jsonOf(userSchema, 'The user') },
});

const getUser = defineRoute({
  operationId: 'getUser',
  ...common,
  method: 'get',
  path: '/users/{user_id}',
  summary: 'Get oneself',
  access: ownUser,
  request: { params: z.object({ user_id: pathId('user_id') }) },
  answers: { 200: jsonOf(userSchema, 'The user') },
});

const getUsers = defineRoute({
  operationId: 'listUsers',
  ...common,
  method: 'get',
  path: '/orgs/{organization_id}/users',
  summary: 'List the users of the organization',
  access: organizationUser,
  request: {
    params: organizationPath,
    query: z.object({
      ...collectionQuery,
      ordering: z.enum(['created_at', '-created_at', 'email', '-email']).default('created_at'),
      include_deleted: booleanParameter().optional(),
    }),
  },
  answers: { 200: jsonOf(collectionSchema(userSchema), 'A page') },
});

const getOrganizationUser = defineRoute({
  operationId: 'getOrganizationUser',
  ...common,
  method: 'get',
  path: '/orgs/{organization_id}/users/{user_id}',
  summary: 'Get a user of the organization',
  access: organizationUser,
  request: { params: organizationUserPath },
  answers: { 200: jsonOf(userSchema, 'The user') },
});

const change = {
  ...common,
  path: '/orgs/{organization_id}/users/{user_id}',
  access: userOrScope,
  answers: { 200: jsonOf(userSchema, 'Changed') },
} as const;

const patchUser = defineRoute({
  operationId: 'updateUser',
  ...change,
  method: 'patch',
  summary: 'Change a user',
  description: 'Oneself, or with the scope `users` anybody of the organization.',
  request: { params: organizationUserPath, body: bodyOf(changes) },
});

const putUser = defineRoute({
  operationId: 'replaceUser',
  ...change,
  method: 'put',
  summary: 'Change a user, naming whether they may be shown online',
  description: 'As PATCH: what is left out stays as it is, so that switching `is_online_enabled` loses no profile.',
  request: { params: organizationUserPath, body: bodyOf(changes.required({ is_online_enabled: true })) },
});

export const userRoutes = createRouter();

userRoutes.openapi(getMe, async (c) => {
  const { user, organization } = c.var.principal;
  const resource = await readUser(c, organization.id, user.id);
  return resource === null ? refuse(c, USER_NOT_FOUND) : c.json(resource, 200);
});

userRoutes.openapi(getUser, async (c) => {
  const resource = await readUser(c, c.var.principal.organization.id, c.req.valid('param').user_id);
  return resource === null ? refuse(c, USER_NOT_FOUND) : c.json(resource, 200);
});

userRoutes.openapi(getUsers, async (c) => {
  const { organization_id } = c.req.valid('param');
  const { ordering, include_deleted: includesDeleted = false, ...query } = c.req.valid('query');
  const asked = readPage(query, ordering, KEYS[ordering]);
  if (!asked.ok) return refuse(c, asked.refusal);
  const options = { ordering, includesDeleted };
  const rows = await listUsers(identityDatabase(c), organization_id, options, asked.page.keyset);
  const column = ordering.endsWith('email') ? 'email_order' : 'created_at';
  const [organization, now] = [callerOrganization(c), Date.now()];
  const body = collectionResponse(c, {
    page: asked.page,
    rows,
    keyOf: (row) => [row[column], row.id],
    resource: (row) => userAccountResource(userAccount(row, organization, now)),
  });
  return c.json(body, 200);
});

userRoutes.openapi(getOrganizationUser, async (c) => {
  const { organization_id, user_id } = c.req.valid('param');
  const resource = await readUser(c, organization_id, user_id);
  return resource === null ? refuse(c, USER_NOT_FOUND) : c.json(resource, 200);
});

userRoutes.openapi(patchUser, async (c) => {
  const { organization_id, user_id } = c.req.valid('param');
  const resource = await changeUser(c, organization_id, user_id, c.req.valid('json'));
  return resource === null ? refuse(c, USER_NOT_FOUND) : c.json(resource, 200);
});

userRoutes.openapi(putUser, async (c) => {
  const { organization_id, user_id } = c.req.valid('param');
  const resource = await changeUser(c, organization_id, user_id, c.req.valid('json'));
  return resource === null ? refuse(c, USER_NOT_FOUND) : c.json(resource, 200);
});

const byTime = z.tuple([z.number(), z.string()]);
const byText = z.tuple([z.string(), z.string()]);
const KEYS = { created_at: byTime, '-created_at': byTime, email: byText, '-email': byText } as const satisfies {
  [ordering in Exclude<UserOrdering, 'id'>]: typeof byTime | typeof byText;
};

async function readUser(c: AppContext, organizationId: string, userId: string): Promise<UserAccountResource | null> {
  const row = await findUser(identityDatabase(c), organizationId, userId);
  return row === null ? null : userAccountResource(userAccount(row, callerOrganization(c), Date.now()));
}

async function changeUser(
  c: AppContext,
  organizationId: string,
  userId: string,
  body: z.infer<typeof changes>,
): Promise<UserAccountResource | null> {
  const { is_online_enabled, first_name, last_name, alias, ...profile } = body;
  const now = Date.now();
  const columns = {
    first_name,
    last_name,
    alias,
    is_online_enabled: is_online_enabled === undefined ? undefined : is_online_enabled ? (1 as const) : (0 as const),
  };
  const row = await updateUser(identityDatabase(c), organizationId, userId, { ...columns, profile }, now);
  if (row === null) return null;
  purgeUser(userId);
  return userAccountResource(userAccount(row, callerOrganization(c), now));
}
