import { z } from '@hono/zod-openapi';
import { findUser, userAccount } from '../../directory/users.ts';
import { type AppContext, identityDatabase } from '../../http/app-environment.ts';
import { pathId } from '../../http/fields.ts';
import { refuse } from '../../http/refusals.ts';
import { jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { type UserAccountResource, userAccountResource } from '../../resources/user-account.ts';
import { anyUser, ownUser } from '../access.ts';
import { defineRoute } from '../define-route.ts';
import { USER_NOT_FOUND } from '../shared/paths.ts';
import { userSchema } from '../shared/user-schemas.ts';

const common = { tag: 'Users', method: 'get' as const, answers: { 200: jsonOf(userSchema, 'The user') } };

const getMe = defineRoute({
  operationId: 'getMe',
  ...common,
  path: '/users/me',
  summary: 'Get the user of the token',
  description: 'A token names its user, so a program that was given nothing else finds its user and organization here.',
  access: anyUser,
});

const getUser = defineRoute({
  operationId: 'getUser',
  ...common,
  path: '/users/{user_id}',
  summary: 'Get your own user',
  description: 'The same as `/users/me`. The id of another user is 403: an organization reads its users below `/orgs`.',
  access: ownUser,
  request: { params: z.object({ user_id: pathId('user_id') }) },
});

/** Users as they see themselves. */
export const accountRoutes = createRouter();

accountRoutes.openapi(getMe, async (c) => {
  const resource = await readCaller(c);
  return resource === null ? refuse(c, USER_NOT_FOUND) : c.json(resource, 200);
});

accountRoutes.openapi(getUser, async (c) => {
  const resource = await readCaller(c);
  return resource === null ? refuse(c, USER_NOT_FOUND) : c.json(resource, 200);
});

/** Null when the caller was deleted while their token was cached. */
async function readCaller(c: AppContext): Promise<UserAccountResource | null> {
  const { id, name } = c.var.organization;
  const row = await findUser(identityDatabase(c), id, c.var.principal.user.id);
  return row === null ? null : userAccountResource(userAccount(row, { id, name }, Date.now()));
}
