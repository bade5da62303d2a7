import { z } from '@hono/zod-openapi';
import { databasesOf, IDENTITY_BINDING } from '../../db/database.ts';
import { type AuditEntry, type AuditFilter, listAuditEntries, OPERATOR } from '../../directory/audit-log.ts';
import { identityDatabase, organizationDatabase } from '../../http/app-environment.ts';
import { collectionQuery, collectionSchema, idCollection, idKey, type Page, readPage } from '../../http/collection.ts';
import { isoTimeSchema, timeBoundField, timeField, uuidField } from '../../http/fields.ts';
import { type Refusal, refuse } from '../../http/refusals.ts';
import { jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { auditEntryResource } from '../../resources/audit-entry.ts';
import { operator, organizationUserWith } from '../access.ts';
import { defineRoute } from '../define-route.ts';
import { organizationPath } from '../shared/paths.ts';

const nullableText = z.string().nullable();

const entrySchema = z
  .object({
    id: z.string(),
    created_at: isoTimeSchema,
    organization_id: nullableText,
    actor: z.object({
      type: z.enum(['operator', 'user']),
      id: nullableText.openapi({ description: 'The user; null for the operator of the hub.' }),
      token_id: nullableText.openapi({
        description: 'The token of the user, or the installation by which an app acted.',
      }),
      app_id: nullableText.openapi({ description: 'The app that acted for the user, or as its bot user.' }),
    }),
    action: z.string().openapi({ description: 'The `operationId` of the call in this document.' }),
    target: z
      .object({ type: z.string(), id: z.string() })
      .nullable()
      .openapi({ description: 'What the call made or changed. Null for a call that names nothing.' }),
    details: z.record(z.string(), z.unknown()).openapi({
      description: 'Further ids of the path, the names of the fields that were sent, and scopes that were given.',
    }),
    status: z.int().nullable().openapi({
      description: 'Null for a change. The answer to a call that was logged although it changed nothing.',
    }),
    address: nullableText.openapi({
      description: 'The address from which the call came; null for the operator, and when it is unknown.',
    }),
    request_id: z.string().openapi({ description: 'The header `x-request-id` of the answer.' }),
  })
  .openapi('AuditEntry');

const query = z.object({
  ...collectionQuery,
  actor_id: z.union([uuidField(), z.literal(OPERATOR)]).optional(),
  action: z.string().max(100).optional(),
  target_id: z.string().max(255).optional(),
  created_at_after: timeField().optional(),
  created_at_before: timeBoundField().optional(),
});
type Query = z.infer<typeof query>;

const NOT_TOGETHER = 'Only one of actor_id, action and target_id can be given.';
const NEEDS_ORGANIZATION = 'Only together with organization_id.';

/** Who did what in an organization (SECURITY.md). Shows tenants no address of the operator. */
export const auditLogRoutes = createRouter();
/** The same for the operator, who sees the entries of all organizations, and those of none. */
export const operatorAuditLogRoutes = createRouter();

const DESCRIPTION =
  'Changes of tokens, secrets, shares, apps, installations, channels, rooms, teams, members and users, each written in the transaction of its change; every lasting token that an app was given; the end of an installation whose app its owner has deleted; what a partner begins or ends to share; whom a user has added to a chat or removed from one; every reading of a channel’s secret; and every call of the operator, of reading ones too. Newest first. One of `actor_id`, `action` and `target_id` may be given, besides times. Entries are kept for 400 days.';

const getAuditLog = defineRoute({
  operationId: 'listAuditLog',
  tag: 'Organization',
  access: organizationUserWith('settings'),
  method: 'get',
  path: '/orgs/{organization_id}/audit_log',
  summary: 'List who changed what in an organization',
  description: DESCRIPTION,
  request: { params: organizationPath, query },
  answers: { 200: jsonOf(collectionSchema(entrySchema), 'A page') },
});

auditLogRoutes.openapi(getAuditLog, async (c) => {
  const { organization } = c.var;
  const identity = identityDatabase(c);
  const databases = organization.database === IDENTITY_BINDING ? [identity] : [identity, organizationDatabase(c)];
  const asked = askedBy(c.req.valid('query'), organization.id);
  if (!asked.ok) return refuse(c, asked.refusal);
  const rows = await listAuditEntries(databases, asked.filter, asked.page.keyset);
  return c.json(idCollection(c, asked.page, rows, shownToTenants), 200);
});

const getAllAuditLogs = defineRoute({
  operationId: 'adminListAuditLog',
  tag: 'Administration',
  access: operator,
  method: 'get',
  path: '/audit',
  summary: 'List who changed what',
  description: `${DESCRIPTION} Without \`organization_id\` it has the entries of all organizations and can only be limited by times.`,
  request: { query: query.extend({ organization_id: uuidField().optional() }) },
  answers: { 200: jsonOf(collectionSchema(entrySchema), 'A page') },
});

operatorAuditLogRoutes.openapi(getAllAuditLogs, async (c) => {
  const { organization_id = null, ...rest } = c.req.valid('query');
  const databases = [...databasesOf(c.env, c.var.cost).values()];
  const asked = askedBy(rest, organization_id);
  if (!asked.ok) return refuse(c, asked.refusal);
  const rows = await listAuditEntries(databases, asked.filter, asked.page.keyset);
  return c.json(idCollection(c, asked.page, rows, auditEntryResource), 200);
});

type Asked = { ok: true; filter: AuditFilter; page: Page } | { ok: false; refusal: Refusal };

/** What a query asks for. Each of its filters has an index of an organization; two of them together have none. */
function askedBy(
  { created_at_after, created_at_before, cursor, page_size, ...filters }: Query,
  id: string | null,
): Asked {
  const given = (['actor_id', 'action', 'target_id'] as const).flatMap((column) => {
    const value = filters[column];
    return value === undefined ? [] : [{ column, value }];
  });
  const [by = null, second] = given;
  const problem = second !== undefined ? { field: second.column, message: NOT_TOGETHER } : null;
  const lack = by !== null && id === null ? { field: by.column, message: NEEDS_ORGANIZATION } : null;
  const wrong = problem ?? lack;
  if (wrong !== null) {
    return { ok: false, refusal: { reason: 'invalid', fields: { [wrong.field]: [wrong.message] } } };
  }
  const asked = readPage({ cursor, page_size }, '-id', idKey);
  if (!asked.ok) return asked;
  const filter = { organization_id: id, by, after: created_at_after ?? null, before: created_at_before ?? null };
  return { ok: true, filter, page: asked.page };
}

function shownToTenants(entry: AuditEntry): z.infer<typeof entrySchema> {
  return { ...auditEntryResource(entry), ...(entry.actor_type === 'operator' ? { address: null } : {}) };
}
