import { z } from '@hono/zod-openapi';
import { updateOrganization, viewOrganization } from '../../directory/organizations.ts';
import { identityDatabase } from '../../http/app-environment.ts';
import { purgeOrganization } from '../../http/authenticate.ts';
import { messageListDays, pathId, textField } from '../../http/fields.ts';
import { refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { organizationResource } from '../../resources/organization.ts';
import { organizationUser, organizationUserWith } from '../access.ts';
import { defineRoute } from '../define-route.ts';
import { organizationSchema } from './schemas.ts';

const common = { tag: 'Organization' };
const PATH = '/orgs/{organization_id}';
const params = z.object({ organization_id: pathId('organization_id') });

const changes = z.object({
  name: textField({ max: 64 }).optional(),
  email: textField({ max: 254 })
    .refine((text) => /^[^\s@]+@[^\s@]+$/.test(text), 'Enter a valid email address.')
    .nullish(),
  phone: textField({ max: 64 }).nullish(),
  street: textField({ max: 255 }).nullish(),
  postal_code: textField({ max: 32 }).nullish(),
  city: textField({ max: 255 }).nullish(),
  country: textField({ max: 255 }).nullish(),
  business_id: textField({ max: 64 }).nullish(),
  message_list_days: messageListDays.optional(),
});

const getOrganization = defineRoute({
  operationId: 'getOrganization',
  ...common,
  method: 'get',
  path: PATH,
  summary: 'Get the organization',
  access: organizationUser,
  request: { params },
  answers: { 200: jsonOf(organizationSchema, 'The organization') },
});

const patchOrganization = defineRoute({
  operationId: 'updateOrganization',
  ...common,
  method: 'patch',
  path: PATH,
  summary: 'Change the organization',
  access: organizationUserWith('settings'),
  request: { params, body: bodyOf(changes) },
  answers: {
    200: jsonOf(organizationSchema, 'Changed'),
  },
});

export const organizationRoutes = createRouter();

organizationRoutes.openapi(getOrganization, async (c) => {
  const view = await viewOrganization(identityDatabase(c), c.req.valid('param').organization_id, Date.now());
  if (view === null) return refuse(c, { reason: 'organization_unknown' });
  return c.json(organizationResource(view), 200);
});

organizationRoutes.openapi(patchOrganization, async (c) => {
  const { organization_id } = c.req.valid('param');
  const { name, message_list_days, ...profile } = c.req.valid('json');
  const database = identityDatabase(c);
  const now = Date.now();
  await updateOrganization(database, organization_id, { name, message_list_days, profile }, now);
  const view = await viewOrganization(database, organization_id, now);
  if (view === null) return refuse(c, { reason: 'organization_unknown' });
  purgeOrganization(organization_id);
  return c.json(organizationResource(view), 200);
});
