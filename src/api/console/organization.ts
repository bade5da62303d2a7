import { createRoute, z } from '@hono/zod-openapi';
import { updateOrganization, viewOrganization } from '../../directory/organizations.ts';
import { identityDatabase } from '../../http/app-environment.ts';
import { purgeOrganization } from '../../http/authenticate.ts';
import { messageListDays, pathId, textField } from '../../http/fields.ts';
import { userTokenSecurity } from '../../http/openapi.ts';
import { refusalResponses, refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { organizationResource } from '../../resources/organization.ts';
import { organizationGuards, settingsGuards } from './guards.ts';
import { organizationSchema } from './schemas.ts';

const common = { tags: ['Organization'], security: userTokenSecurity };
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

const getOrganization = createRoute({
  ...common,
  method: 'get',
  path: PATH,
  summary: 'Get the organization',
  middleware: organizationGuards,
  request: { params },
  responses: { 200: jsonOf(organizationSchema, 'The organization'), ...refusalResponses(401, 403, 404, 503) },
});

const patchOrganization = createRoute({
  ...common,
  method: 'patch',
  path: PATH,
  summary: 'Change the organization',
  middleware: settingsGuards,
  request: { params, body: bodyOf(changes) },
  responses: {
    200: jsonOf(organizationSchema, 'Changed'),
    ...refusalResponses(400, 401, 403, 404, 413, 503),
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
