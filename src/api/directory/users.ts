import { z } from '@hono/zod-openapi';
import { flag, type UserRow } from '../../db/rows.ts';
import { findOrganization } from '../../directory/organizations.ts';
import {
  findTakenLine,
  findUser,
  listUsers,
  type UserOrdering,
  updateUser,
  userAccount,
} from '../../directory/users.ts';
import { type AppContext, identityDatabase } from '../../http/app-environment.ts';
import {
  collectionQuery,
  collectionResponse,
  collectionSchema,
  creationKey,
  orderingParameter,
  readPage,
} from '../../http/collection.ts';
import { booleanParameter, emailField, textField, webUrlField } from '../../http/fields.ts';
import { type Refusal, refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { type AppRouter, createRouter } from '../../http/router.ts';
import { isDay } from '../../resources/clock.ts';
import { operatorAccountResource, type UserAccount, userAccountResource } from '../../resources/user-account.ts';
import { newUuid } from '../../resources/uuid.ts';
import { defineRoute, VERBS } from '../define-route.ts';
import { organizationPath, USER_NOT_FOUND, userPath } from '../shared/paths.ts';
import { userSchema } from '../shared/user-schemas.ts';
import { chosenId, type Door } from './door.ts';

/** A name of a telephone line, without the blanks around it. */
function lineField() {
  return textField({ max: 64 })
    .transform((text) => text.trim())
    .openapi({ minLength: 1, maxLength: 64 })
    .nullable();
}

const tenantChanges = z
  .object({
    is_online_enabled: z.boolean(),
    first_name: textField({ max: 255 }),
    last_name: textField({ max: 255, blank: true }),
    alias: textField({ max: 255 }).nullable(),
    title: textField({ max: 255 }).nullable(),
    phone: textField({ max: 64 }).nullable(),
    gender: textField({ max: 64 }).nullable(),
    birthday: z.string().refine(isDay, 'Date has wrong format. Use YYYY-MM-DD.').nullable(),
    extension: lineField().openapi({ description: 'Unique among the users of the organization, as `did` is.' }),
    did: lineField(),
  })
  .partial();

const operatorChanges = tenantChanges
  .extend({
    avatar_url: webUrlField({ max: 2048 }).nullable(),
    email: emailField().nullable(),
    is_bot: z.boolean(),
    is_staff: z.boolean(),
  })
  .partial();
type UserFields = z.infer<typeof operatorChanges>;

const operatorSchema = userSchema
  .extend({
    avatar_url: z.string().nullable(),
    email: z.string().nullable().openapi({ description: 'Bots have one too.' }),
  })
  .openapi('AdminUser');

type NewUserFields = UserFields & { first_name: string; id?: string | undefined };

/** The fields that a door shows and accepts. `whole`: the body of a PUT; `created`: that of a creation. */
type Form = {
  created: z.ZodType<NewUserFields>;
  whole: z.ZodType<UserFields>;
  changes: z.ZodType<UserFields>;
  schema: z.ZodType<z.infer<typeof userSchema>>;
  resource: (account: UserAccount) => z.infer<typeof userSchema>;
};
const { avatar_url, email, is_bot } = operatorChanges.shape;
const tenantFields = tenantChanges.extend({ avatar_url, email });
const TENANT_FORM: Form = {
  created: tenantFields.extend({ is_bot }).required({ first_name: true }).openapi('NewUser'),
  whole: tenantFields.required({ is_online_enabled: true }).openapi('UpdateUser'),
  changes: tenantFields.openapi('PatchUser'),
  schema: userSchema,
  resource: userAccountResource,
};
const OPERATOR_FORM: Form = {
  created: operatorChanges.required({ first_name: true }).extend(chosenId).openapi('AdminNewUser'),
  whole: operatorChanges.required({ is_online_enabled: true }).openapi('AdminUpdateUser'),
  changes: operatorChanges.openapi('AdminPatchUser'),
  schema: operatorSchema,
  resource: operatorAccountResource,
};

/** The form of a door. */
export const formOf = (door: Door): Form => (door.isOperator ? OPERATOR_FORM : TENANT_FORM);

const NAMES = ['first_name', 'last_name', 'alias'] as const;

const byText = z.tuple([z.string(), z.string()]);
const KEYS = {
  created_at: creationKey,
  '-created_at': creationKey,
  email: byText,
  '-email': byText,
} as const satisfies {
  [ordering in UserOrdering]: typeof creationKey | typeof byText;
};

/** The users of an organization, behind a door. */
export function userRoutesOf(door: Door): AppRouter {
  const { whole, changes, schema, resource } = formOf(door);
  const tag = door.tagOf('Users');
  const all = `${door.organization}/users` as const;
  const one = `${all}/{user_id}` as const;
  const routes = createRouter();

  const getUsers = defineRoute({
    operationId: door.nameOf('listUsers'),
    tag,
    access: door.reader,
    method: 'get',
    path: all,
    summary: 'List the users of an organization',
    description: 'People and bots, those of installed apps too. `include_deleted` adds the deleted ones.',
    request: {
      params: organizationPath,
      query: z.object({
        ...collectionQuery,
        ordering: orderingParameter(['created_at', '-created_at', 'email', '-email']).default('created_at'),
        include_deleted: booleanParameter().optional(),
      }),
    },
    answers: { 200: jsonOf(collectionSchema(schema), 'A page') },
  });
  routes.openapi(getUsers, async (c) => {
    const { ordering, include_deleted: includesDeleted = false, ...query } = c.req.valid('query');
    const asked = readPage(query, ordering, KEYS[ordering]);
    if (!asked.ok) return refuse(c, asked.refusal);
    const options = { ordering, includesDeleted };
    const rows = await listUsers(identityDatabase(c), c.var.organization.id, options, asked.page.keyset);
    const column = ordering.endsWith('email') ? 'email_order' : 'created_at';
    const body = collectionResponse(c, {
      page: asked.page,
      rows,
      keyOf: (row) => [row[column], row.id],
      resource: (row) => resource(accountOf(c, row)),
    });
    return c.json(body, 200);
  });

  const getUser = defineRoute({
    operationId: door.nameOf('getOrganizationUser'),
    tag,
    access: door.reader,
    method: 'get',
    path: one,
    summary: 'Get a user of an organization',
    description: '`is_online` says that the user is present and willing to be shown. A deleted user is not found.',
    request: { params: userPath },
    answers: { 200: jsonOf(schema, 'The user') },
  });
  routes.openapi(getUser, async (c) => {
    const row = await findUser(identityDatabase(c), c.var.organization.id, c.req.valid('param').user_id);
    return row === null ? refuse(c, USER_NOT_FOUND) : c.json(resource(accountOf(c, row)), 200);
  });

  const forms = {
    patch: {
      summary: 'Change a user',
      description:
        'The token of a user changes that user; with the scope `users`, any user of the organization. Without that scope `email` and `avatar_url` are ignored, and an organization may refuse changes of names: 403. An `extension` or a `did` that another user has is 409.',
      body: bodyOf(changes),
    },
    put: {
      summary: 'Change a user and whether they may be shown online',
      description: 'A field that is left out stays as it is, as with PATCH. Only `is_online_enabled` is required.',
      body: bodyOf(whole),
    },
  };
  for (const method of ['patch', 'put'] as const) {
    const { body, ...texts } = forms[method];
    const changeRoute = defineRoute({
      operationId: door.nameOf(`${VERBS[method]}User`),
      tag,
      access: door.userWriter,
      method,
      path: one,
      ...texts,
      request: { params: userPath, body },
      refusals: [409],
      answers: { 200: jsonOf(schema, 'Changed') },
    });
    routes.openapi(changeRoute, async (c) => {
      const { user_id } = c.req.valid('param');
      const { email: address, avatar_url: picture, ...own } = c.req.valid('json');
      const needsScope = !door.isOperator && !c.var.principal.scopes.has('users');
      const fields = needsScope ? own : { ...own, email: address, avatar_url: picture };
      if (needsScope && (await areNamesFixed(c, user_id, fields))) {
        return refuse(c, { reason: 'scope_missing', scope: 'users' });
      }
      const row = await changeUser(c, user_id, fields);
      if (row !== null) return c.json(resource(accountOf(c, row)), 200);
      return refuse(c, (await refusalOfLine(c, user_id, fields)) ?? USER_NOT_FOUND);
    });
  }

  return routes;
}

/** The account in a row of the caller's organization. */
export function accountOf(c: AppContext, row: UserRow): UserAccount {
  const { id, name } = c.var.organization;
  return userAccount(row, { id, name }, Date.now());
}

/** Whether the change has another name than the user has now, and the organization lets nobody rename themselves. */
async function areNamesFixed(c: AppContext, userId: string, fields: UserFields): Promise<boolean> {
  if (NAMES.every((name) => fields[name] === undefined)) return false;
  const { id } = c.var.organization;
  const [organization, row] = await Promise.all([
    findOrganization(identityDatabase(c), id),
    findUser(identityDatabase(c), id, userId),
  ]);
  if (organization === null || row === null || organization.is_renaming_allowed === 1) return false;
  return NAMES.some((name) => fields[name] !== undefined && fields[name] !== row[name]);
}

/** The 409 for an extension or a direct number that another user of the organization has; null when none is. */
export async function refusalOfLine(c: AppContext, userId: string, fields: UserFields): Promise<Refusal | null> {
  const line = await findTakenLine(identityDatabase(c), c.var.organization.id, userId, fields);
  if (line === null) return null;
  return { reason: 'conflict', detail: `Another user of the organization has this ${line}.` };
}

async function changeUser(c: AppContext, userId: string, fields: UserFields): Promise<UserRow | null> {
  const now = Date.now();
  const row = await updateUser(identityDatabase(c), c.var.organization.id, userId, columnsOf(fields, now), now);
  return row;
}

/** Undefined leaves a value as it is. */
export function columnsOf(fields: UserFields, now: number) {
  const { title, phone, gender, birthday, avatar_url, is_bot, is_staff, is_online_enabled, ...columns } = fields;
  return {
    ...columns,
    ...avatarColumns(avatar_url, now),
    is_bot: flag(is_bot),
    is_staff: flag(is_staff),
    is_online_enabled: flag(is_online_enabled),
    profile: { title, phone, gender, birthday },
  };
}

/** A new picture is a new avatar with a new id. */
function avatarColumns(
  url: string | null | undefined,
  now: number,
): { avatar_id?: string | null; avatar_url?: string | null } {
  if (url === undefined) return {};
  return { avatar_id: url === null ? null : newUuid(now), avatar_url: url };
}
