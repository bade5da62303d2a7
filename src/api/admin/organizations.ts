import { z } from '@hono/zod-openapi';
import {
  findOrganization,
  insertOrganization,
  listOrganizations,
  updateOrganization,
} from '../../directory/organizations.ts';
import { identityDatabase } from '../../http/app-environment.ts';
import { purgeOrganization } from '../../http/authenticate.ts';
import { collectionQuery, collectionSchema } from '../../http/collection.ts';
import { refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { newUuid } from '../../resources/uuid.ts';
import { operator } from '../access.ts';
import { defineRoute } from '../define-route.ts';
import { purgeReach } from '../reach-cache.ts';
import { idCollection, readIdPage } from './id-collection.ts';
import {
  flag,
  newOrganization,
  organizationChanges,
  organizationPath,
  organizationResource,
  organizationSchema,
} from './schemas.ts';

const common = { tag: 'Administration', access: operator };

const createOrganization = defineRoute({
  operationId: 'adminCreateOrganization',
  ...common,
  method: 'post',
  path: '/organizations',
  summary: 'Create an organization',
  request: { body: bodyOf(newOrganization) },
  refusals: [409],
  answers: { 201: jsonOf(organizationSchema, 'Created') },
});

const getOrganizations = defineRoute({
  operationId: 'adminListOrganizations',
  ...common,
  method: 'get',
  path: '/organizations',
  summary: 'List organizations',
  request: { query: z.object(collectionQuery) },
  answers: { 200: jsonOf(collectionSchema(organizationSchema), 'A page') },
});

const getOrganization = defineRoute({
  operationId: 'adminGetOrganization',
  ...common,
  method: 'get',
  path: '/organizations/{organization_id}',
  summary: 'Get an organization',
  request: { params: organizationPath },
  answers: { 200: jsonOf(organizationSchema, 'The organization') },
});

const patchOrganization = defineRoute({
  operationId: 'adminUpdateOrganization',
  ...common,
  method: 'patch',
  path: '/organizations/{organization_id}',
  summary: 'Change an organization',
  request: { params: organizationPath, body: bodyOf(organizationChanges) },
  answers: { 200: jsonOf(organizationSchema, 'Changed') },
});

export const organizationRoutes = createRouter();

organizationRoutes.openapi(createOrganization, async (c) => {
  const body = c.req.valid('json');
  const now = Date.now();
  const row = await insertOrganization(identityDatabase(c), {
    id: body.id ?? newUuid(now),
    name: body.name,
    has_active_subscription: flag(body.has_active_subscription ?? true),
    private_chats: flag(body.private_chats ?? false),
    private_chat_history: flag(body.private_chat_history ?? false),
    message_list_days: body.message_list_days ?? null,
    created_at: now,
  });
  if (row === null) return refuse(c, { reason: 'conflict', detail: 'An organization with this id already exists.' });
  return c.json(organizationResource(row), 201);
});

organizationRoutes.openapi(getOrganizations, async (c) => {
  const asked = readIdPage(c.req.valid('query'));
  if (!asked.ok) return refuse(c, asked.refusal);
  const rows = await listOrganizations(identityDatabase(c), asked.page.keyset);
  return c.json(idCollection(c, asked.page, rows, organizationResource), 200);
});

organizationRoutes.openapi(getOrganization, async (c) => {
  const row = await findOrganization(identityDatabase(c), c.req.valid('param').organization_id);
  if (row === null) return refuse(c, { reason: 'organization_unknown' });
  return c.json(organizationResource(row), 200);
});

organizationRoutes.openapi(patchOrganization, async (c) => {
  const { organization_id } = c.req.valid('param');
  const body = c.req.valid('json');
  const changes = {
    name: body.name,
    has_active_subscription: flag(body.has_active_subscription),
    private_chats: flag(body.private_chats),
    private_chat_history: flag(body.private_chat_history),
    message_list_days: body.message_list_days,
  };
  const row = await updateOrganization(identityDatabase(c), organization_id, changes, Date.now());
  if (row === null) return refuse(c, { reason: 'organization_unknown' });
  purgeOrganization(organization_id);
  purgeReach();
  return c.json(organizationResource(row), 200);
});
