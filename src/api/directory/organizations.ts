import { z } from '@hono/zod-openapi';
import { databasesOf } from '../../db/database.ts';
import { flag } from '../../db/rows.ts';
import {
  insertOrganization,
  listOrganizations,
  updateOrganization,
  viewOrganization,
} from '../../directory/organizations.ts';
import { publicKeyIn } from '../../domain/encryption.ts';
import { identityDatabase } from '../../http/app-environment.ts';
import { nameTarget } from '../../http/audit.ts';
import { collectionQuery, collectionSchema, idCollection, readIdPage } from '../../http/collection.ts';
import { daysKept, emailField, integerField, isoTimeSchema, textField } from '../../http/fields.ts';
import { refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { type AppRouter, createRouter } from '../../http/router.ts';
import {
  type OrganizationView,
  operatorOrganizationResource,
  organizationResource,
} from '../../resources/organization.ts';
import { quotaFields } from '../../resources/quotas.ts';
import { newUuid } from '../../resources/uuid.ts';
import { operator } from '../access.ts';
import { defineRoute } from '../define-route.ts';
import { organizationPath } from '../shared/paths.ts';
import { chosenId, type Door, operatorDoor } from './door.ts';

/** Most characters of a public key. A key of 4096 bits has 800. */
const KEY_CHARACTERS = 2000;
const publicKeyField = textField({ max: KEY_CHARACTERS })
  .transform((text, context) => {
    const key = publicKeyIn(text);
    if (key !== null) return key;
    context.addIssue('Enter an RSA public key of 2048 to 4096 bits in PEM (BEGIN PUBLIC KEY).');
    return z.NEVER;
  })
  .openapi({
    type: 'string',
    minLength: 1,
    maxLength: KEY_CHARACTERS,
    description: 'With which chats that start are encrypted. An RSA key of 2048 to 4096 bits: SPKI in PEM.',
  });

const tenantChanges = z
  .object({
    name: textField({ max: 64 }),
    email: emailField().nullable(),
    phone: textField({ max: 64 }).nullable(),
    street: textField({ max: 255 }).nullable(),
    postal_code: textField({ max: 32 }).nullable(),
    city: textField({ max: 255 }).nullable(),
    country: textField({ max: 255 }).nullable(),
    business_id: textField({ max: 64 }).nullable(),
    message_list_days: daysKept,
    chat_retention_days: daysKept,
    unanswered_retention_days: daysKept,
    is_renaming_allowed: z.boolean(),
    encryption_public_key: publicKeyField.nullable(),
    domain: textField({ max: 255 })
      .transform((text) => text.trim())
      .openapi({ minLength: 1, maxLength: 255, description: 'By which JSON-RPC names the organization.' })
      .nullable(),
  })
  .partial();

const HIGHEST_QUOTA = 1_000_000;
const HIGHEST_BYTES = 1_000_000_000_000;

const operatorChanges = tenantChanges
  .extend({
    name: textField({ max: 255 }),
    has_active_subscription: z.boolean(),
    private_chats: z.boolean(),
    private_chat_history: z.boolean(),
    ...quotaFields((name) =>
      integerField({ min: 0, max: name === 'stored_bytes' ? HIGHEST_BYTES : HIGHEST_QUOTA }).nullable(),
    ),
  })
  .partial();
type OrganizationFields = z.infer<typeof operatorChanges>;

const textOrNull = z.string().nullable();

const organizationSchema = z
  .object({
    id: z.string().openapi({ format: 'uuid' }),
    name: z.string(),
    email: textOrNull,
    phone: textOrNull,
    street: textOrNull,
    postal_code: textOrNull,
    city: textOrNull,
    country: textOrNull,
    business_id: textOrNull,
    script_tag: z.null(),
    is_online: z.boolean(),
    is_humans_online: z.boolean(),
    is_present: z.boolean(),
    max_rules_count: z.null(),
    message_list_days: z.int().nullable(),
    chat_retention_days: z.int().nullable(),
    unanswered_retention_days: z.int().nullable(),
    is_renaming_allowed: z.boolean(),
    domain: textOrNull,
    encryption_public_key: textOrNull,
    created_at: isoTimeSchema,
    updated_at: isoTimeSchema,
  })
  .openapi('Organization');

const operatorSchema = organizationSchema
  .extend({
    database: z.string(),
    has_active_subscription: z.boolean(),
    private_chats: z.boolean(),
    private_chat_history: z.boolean(),
    ...quotaFields(() => z.int()),
  })
  .openapi('AdminOrganization');

/** The fields that a door shows and accepts. */
type Form = {
  changes: z.ZodType<OrganizationFields>;
  schema: z.ZodType<z.infer<typeof organizationSchema>>;
  resource: (organization: OrganizationView) => z.infer<typeof organizationSchema>;
};
const TENANT_FORM: Form = {
  changes: tenantChanges.openapi('PatchOrganization'),
  schema: organizationSchema,
  resource: organizationResource,
};
const OPERATOR_FORM: Form = {
  changes: operatorChanges.openapi('AdminPatchOrganization'),
  schema: operatorSchema,
  resource: operatorOrganizationResource,
};

/** The organization of the path. */
export function organizationRoutesOf(door: Door): AppRouter {
  const { changes, schema, resource } = door.isOperator ? OPERATOR_FORM : TENANT_FORM;
  const common = { tag: door.tagOf('Organization'), path: door.organization };
  const optionsFollow = door.isOperator
    ? ' All requests follow its options within AUTH_CACHE_SECONDS (30 by default). A quota of null is the default again; one below what there is only stops further ones.'
    : '';
  const routes = createRouter();

  const getOrganization = defineRoute({
    operationId: door.nameOf('getOrganization'),
    ...common,
    access: door.reader,
    method: 'get',
    summary: 'Get an organization',
    description: 'With its contact details, and whether any of its users is present or online now.',
    request: { params: organizationPath },
    answers: { 200: jsonOf(schema, 'The organization') },
  });
  routes.openapi(getOrganization, async (c) => {
    const view = await viewOrganization(identityDatabase(c), c.var.organization.id, Date.now());
    return view === null ? refuse(c, { reason: 'organization_unknown' }) : c.json(resource(view), 200);
  });

  const patchOrganization = defineRoute({
    operationId: door.nameOf('updateOrganization'),
    ...common,
    access: door.writer('settings'),
    method: 'patch',
    summary: 'Change an organization',
    description: `A field that is left out stays. \`message_list_days\` limits how far back the list of the organization’s messages goes. \`chat_retention_days\` days after its end a chat is purged of its messages. \`unanswered_retention_days\` days (7 by default) after its last chat ended a visitor’s thread goes with all its chats, if no user has ever taken part in it. Neither can be undone. Without \`is_renaming_allowed\` users need the scope \`users\` to change names, their own too. With \`encryption_public_key\` chats that start from then on are encrypted; null ends that. The call can be repeated.${optionsFollow}`,
    request: { params: organizationPath, body: bodyOf(changes) },
    answers: { 200: jsonOf(schema, 'Changed') },
  });
  routes.openapi(patchOrganization, async (c) => {
    const { id } = c.var.organization;
    const database = identityDatabase(c);
    const now = Date.now();
    await updateOrganization(database, id, columnsOf(c.req.valid('json')), now);
    const view = await viewOrganization(database, id, now);
    return view === null ? refuse(c, { reason: 'organization_unknown' }) : c.json(resource(view), 200);
  });

  return routes;
}

const forOperator = { tag: operatorDoor.tagOf(''), access: operator };

const createOrganization = defineRoute({
  operationId: operatorDoor.nameOf('createOrganization'),
  ...forOperator,
  method: 'post',
  path: '/organizations',
  summary: 'Create an organization',
  description:
    'It starts without rooms and users. `database` names the D1 binding that holds its rooms and chats for ever, `DB` by default. Choose the `id` to make the call repeatable: one that is taken is 409. Without it each call makes another organization.',
  request: {
    body: bodyOf(
      operatorChanges
        .required({ name: true })
        .extend({ ...chosenId, database: z.string().optional() })
        .openapi('AdminNewOrganization'),
    ),
  },
  refusals: [409],
  answers: { 201: jsonOf(operatorSchema, 'Created') },
});

const getOrganizations = defineRoute({
  operationId: operatorDoor.nameOf('listOrganizations'),
  ...forOperator,
  method: 'get',
  path: '/organizations',
  summary: 'List organizations',
  description: 'All organizations of the hub, by id, with their databases and the options that only the operator sets.',
  request: { query: z.object(collectionQuery) },
  answers: { 200: jsonOf(collectionSchema(operatorSchema), 'A page') },
});

/** Only the operator creates and lists organizations. */
export const organizationsRoutes = createRouter();

organizationsRoutes.openapi(createOrganization, async (c) => {
  const { id: chosen, name, database, ...fields } = c.req.valid('json');
  const databases = [...databasesOf(c.env, c.var.cost).keys()];
  if (database !== undefined && !databases.includes(database)) {
    return refuse(c, { reason: 'invalid', fields: { database: [`Must be one of ${databases.sort().join(', ')}.`] } });
  }
  const now = Date.now();
  const id = chosen ?? newUuid(now);
  nameTarget(c, { type: 'organization', id, organization_id: id });
  const view = await insertOrganization(identityDatabase(c), {
    ...columnsOf(fields),
    id,
    name,
    ...(database === undefined ? {} : { database }),
    created_at: now,
  });
  if (view === null) return refuse(c, { reason: 'conflict', detail: 'An organization with this id already exists.' });
  return c.json(operatorOrganizationResource(view), 201);
});

organizationsRoutes.openapi(getOrganizations, async (c) => {
  const asked = readIdPage(c.req.valid('query'));
  if (!asked.ok) return refuse(c, asked.refusal);
  const views = await listOrganizations(identityDatabase(c), Date.now(), asked.page.keyset);
  return c.json(idCollection(c, asked.page, views, operatorOrganizationResource), 200);
});

/** The columns to change. Undefined leaves a value as it is. */
function columnsOf(fields: OrganizationFields) {
  const { name, message_list_days, chat_retention_days, unanswered_retention_days, domain, ...flagsAndProfile } =
    fields;
  const { is_renaming_allowed, has_active_subscription, private_chats, private_chat_history, ...others } =
    flagsAndProfile;
  const { stored_bytes_quota, channels_quota, apps_quota, webhooks_quota, rooms_quota, teams_quota, ...rest } = others;
  const { users_quota, routers_quota, visitor_variables_quota, encryption_public_key, ...profile } = rest;
  return {
    name,
    message_list_days,
    chat_retention_days,
    domain,
    encryption_public_key,
    unanswered_retention_days,
    is_renaming_allowed: flag(is_renaming_allowed),
    has_active_subscription: flag(has_active_subscription),
    private_chats: flag(private_chats),
    private_chat_history: flag(private_chat_history),
    quotas: {
      stored_bytes: stored_bytes_quota,
      channels: channels_quota,
      apps: apps_quota,
      webhooks: webhooks_quota,
      rooms: rooms_quota,
      teams: teams_quota,
      users: users_quota,
      routers: routers_quota,
      visitor_variables: visitor_variables_quota,
    },
    profile,
  };
}
