import { z } from '@hono/zod-openapi';
import { findUser, updateUser, userPreferences } from '../../directory/users.ts';
import { type AppContext, identityDatabase } from '../../http/app-environment.ts';
import { integerField, pathId, textField } from '../../http/fields.ts';
import { objectField } from '../../http/json-field.ts';
import { refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import type { UserPreferences } from '../../resources/user-account.ts';
import { ownUser } from '../access.ts';
import { defineRoute } from '../define-route.ts';
import { USER_NOT_FOUND } from '../shared/paths.ts';
import { preferencesSchema } from '../shared/user-schemas.ts';

const common = { tag: 'Users', access: ownUser };
const PATH = '/users/{user_id}/preferences';
const params = z.object({ user_id: pathId('user_id') });

/** What a console may keep, as JSON in UTF-8. A user's row is read often. */
const CONSOLE_BYTES = 4_000;

const CAPACITY =
  'With as many open chats as `chat_capacity` the user is offered no pending chats, and cannot join another (409); null means no limit. A change takes effect within `AUTH_CACHE_SECONDS`.';

const changes = z
  .object({
    chat_capacity: integerField({ min: 0, max: 1000 }).nullish(),
    ui_language_code: textField({ max: 35 }).optional(),
    console: objectField({ bytes: CONSOLE_BYTES, levels: 8 }).optional(),
  })
  .openapi('UserPreferencesChanges');

const getPreferences = defineRoute({
  operationId: 'getPreferences',
  ...common,
  method: 'get',
  path: PATH,
  summary: 'Get your preferences',
  description: 'What was never set has its default: no limit of chats, the language `en`, and `{}` for `console`.',
  request: { params },
  answers: { 200: jsonOf(preferencesSchema, 'The preferences') },
});

const answers = { 200: jsonOf(preferencesSchema, 'Changed') };

const patchPreferences = defineRoute({
  operationId: 'updatePreferences',
  ...common,
  method: 'patch',
  path: PATH,
  summary: 'Change your preferences',
  description: `A field that is left out stays; \`console\` is replaced as a whole. ${CAPACITY}`,
  request: { params, body: bodyOf(changes) },
  answers,
});

const putPreferences = defineRoute({
  operationId: 'replacePreferences',
  ...common,
  method: 'put',
  path: PATH,
  summary: 'Replace your preferences',
  description: `A field that is left out gets its default, but for \`console\`, which stays. ${CAPACITY}`,
  request: { params, body: bodyOf(changes) },
  answers,
});

export const preferenceRoutes = createRouter();

preferenceRoutes.openapi(getPreferences, async (c) => {
  const row = await findUser(identityDatabase(c), c.var.principal.organization.id, c.req.valid('param').user_id);
  return row === null ? refuse(c, USER_NOT_FOUND) : c.json(userPreferences(row), 200);
});

preferenceRoutes.openapi(patchPreferences, async (c) => {
  const preferences = await changePreferences(c, c.req.valid('param').user_id, c.req.valid('json'));
  return preferences === null ? refuse(c, USER_NOT_FOUND) : c.json(preferences, 200);
});

preferenceRoutes.openapi(putPreferences, async (c) => {
  // No default for `console`: a client that does not know it must not empty a person's console.
  const { chat_capacity = null, ui_language_code = null, console } = c.req.valid('json');
  const whole = { chat_capacity, ui_language_code, console };
  const preferences = await changePreferences(c, c.req.valid('param').user_id, whole);
  return preferences === null ? refuse(c, USER_NOT_FOUND) : c.json(preferences, 200);
});

async function changePreferences(
  c: AppContext,
  userId: string,
  { console, ...others }: { [Name in keyof UserPreferences]?: UserPreferences[Name] | null | undefined },
): Promise<UserPreferences | null> {
  const { organization } = c.var.principal;
  const preferences = { ...others, ...(console == null ? {} : { console: JSON.stringify(console) }) };
  const row = await updateUser(identityDatabase(c), organization.id, userId, { preferences }, Date.now());
  return row === null ? null : userPreferences(row);
}
