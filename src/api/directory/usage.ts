import { z } from '@hono/zod-openapi';
import type { OrganizationRow } from '../../db/rows.ts';
import { findOrganization } from '../../directory/organizations.ts';
import { readUsage } from '../../directory/quotas.ts';
import { identityDatabase, organizationDatabase } from '../../http/app-environment.ts';
import { refuse } from '../../http/refusals.ts';
import { jsonOf } from '../../http/route-parts.ts';
import { type AppRouter, createRouter } from '../../http/router.ts';
import { dayOf } from '../../resources/clock.ts';
import { QUOTA_NAMES, quotasOf } from '../../resources/quotas.ts';
import { defineRoute } from '../define-route.ts';
import { organizationPath } from '../shared/paths.ts';
import type { Door } from './door.ts';

const usageSchema = z.object({
  results: z.array(
    z.object({
      quota: z.enum(QUOTA_NAMES).openapi({ example: 'rooms' }),
      used: z.int().nullable().openapi({
        description:
          'Null for what each visitor has of their own. Of webhooks the most that one app has. The stored bytes of today are counted in portions of 100,000.',
        example: 3,
      }),
      limit: z.int().openapi({ example: 1000 }),
    }),
  ),
});
const OPERATOR_FORM = usageSchema.openapi('AdminUsage');
const TENANT_FORM = usageSchema.openapi('Usage');

/** The bytes that the organization has stored today, as far as they are counted. */
function storedToday({ stored_day, stored_bytes }: OrganizationRow): number {
  return stored_day === dayOf(Date.now()) ? stored_bytes : 0;
}

/** What an organization uses of its quotas, behind a door. */
export function usageRoutesOf(door: Door): AppRouter {
  const routes = createRouter();

  const getUsage = defineRoute({
    operationId: door.nameOf('getUsage'),
    tag: door.tagOf('Organization'),
    access: door.writer('settings'),
    method: 'get',
    path: `${door.organization}/usage`,
    summary: 'Show what an organization uses of its quotas',
    description: 'Deleted things do not count. The operator of the hub sets the quotas.',
    request: { params: organizationPath },
    answers: { 200: jsonOf(door.isOperator ? OPERATOR_FORM : TENANT_FORM, 'Each quota') },
  });
  routes.openapi(getUsage, async (c) => {
    const { id } = c.var.organization;
    const organization = await findOrganization(identityDatabase(c), id);
    if (organization === null) return refuse(c, { reason: 'organization_unknown' });
    const limits = quotasOf(organization.quotas);
    const used = await readUsage(identityDatabase(c), organizationDatabase(c), id);
    const results = QUOTA_NAMES.map((quota) => ({
      quota,
      used: quota === 'visitor_variables' ? null : quota === 'stored_bytes' ? storedToday(organization) : used[quota],
      limit: limits[quota],
    }));
    return c.json({ results }, 200);
  });

  return routes;
}
