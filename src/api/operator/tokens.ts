import { z } from '@hono/zod-openapi';
import type { TokenRow } from '../../db/rows.ts';
import { insertToken, listTokens, newToken, revokeToken, SCOPES, tokenDigest } from '../../directory/tokens.ts';
import { findUser } from '../../directory/users.ts';
import { identityDatabase } from '../../http/app-environment.ts';
import { nameTarget } from '../../http/audit.ts';
import { collectionQuery, collectionSchema, idCollection, readIdPage } from '../../http/collection.ts';
import { isoTimeSchema, pathId, textField, timeField } from '../../http/fields.ts';
import { refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { isoTime, isoTimeOrNull } from '../../resources/clock.ts';
import { newUuid } from '../../resources/uuid.ts';
import { operatorOfOrganization } from '../access.ts';
import { defineRoute } from '../define-route.ts';
import { USER_NOT_FOUND, userPath } from '../shared/paths.ts';

const common = { tag: 'Administration', access: operatorOfOrganization };
const ALL = '/organizations/{organization_id}/users/{user_id}/tokens';

const newTokenBody = z
  .object({
    scopes: z.array(z.enum(SCOPES)).max(SCOPES.length).optional(),
    label: textField({ max: 255, blank: true }).optional(),
    expires_at: timeField()
      .nullish()
      .openapi({ type: ['string', 'null'] }),
  })
  .openapi('AdminNewToken');

const tokenSchema = z
  .object({
    id: z.string(),
    user_id: z.string(),
    organization_id: z.string(),
    label: z.string(),
    scopes: z.array(z.enum(SCOPES)),
    expires_at: isoTimeSchema.nullable(),
    revoked_at: isoTimeSchema.nullable(),
    created_at: isoTimeSchema,
  })
  .openapi('AdminToken');

const createdTokenSchema = tokenSchema
  .extend({
    token: z.string().openapi({ description: 'The token itself. Only this answer shows it; it is stored nowhere.' }),
  })
  .openapi('AdminCreatedToken');

const createToken = defineRoute({
  operationId: 'adminCreateToken',
  ...common,
  method: 'post',
  path: ALL,
  summary: 'Create a token for a user',
  description:
    'Only this answer shows the token. Each call makes another one. Without `scopes` it has none; without `expires_at` it works until it is revoked.',
  request: { params: userPath, body: bodyOf(newTokenBody) },
  answers: { 201: jsonOf(createdTokenSchema, 'Created') },
});

const getTokens = defineRoute({
  operationId: 'adminListTokens',
  ...common,
  method: 'get',
  path: ALL,
  summary: 'List the tokens of a user',
  description: 'By id, with expired and revoked ones. The tokens themselves are shown nowhere.',
  request: { params: userPath, query: z.object(collectionQuery) },
  answers: { 200: jsonOf(collectionSchema(tokenSchema), 'A page') },
});

const removeToken = defineRoute({
  operationId: 'adminDeleteToken',
  ...common,
  method: 'delete',
  path: `${ALL}/{token_id}`,
  summary: 'Revoke a token',
  description: 'Repeating it changes nothing. Other isolates may accept the token for AUTH_CACHE_SECONDS longer.',
  request: { params: userPath.extend({ token_id: pathId('token_id') }) },
  answers: { 204: { description: 'Revoked' } },
});

export const tokenRoutes = createRouter();

tokenRoutes.openapi(createToken, async (c) => {
  const { user_id } = c.req.valid('param');
  const body = c.req.valid('json');
  const now = Date.now();
  const token = newToken();
  const id = newUuid(now);
  const scopes = [...new Set(body.scopes ?? [])];
  nameTarget(c, { type: 'token', id, details: { scopes } });
  const row = await insertToken(identityDatabase(c), c.var.organization.id, {
    digest: tokenDigest(token),
    id,
    user_id,
    label: body.label ?? '',
    scopes,
    expires_at: body.expires_at ?? null,
    created_at: now,
  });
  if (row === null) return refuse(c, USER_NOT_FOUND);
  return c.json({ ...tokenResource(row), token }, 201);
});

tokenRoutes.openapi(getTokens, async (c) => {
  const { user_id } = c.req.valid('param');
  const asked = readIdPage(c.req.valid('query'));
  if (!asked.ok) return refuse(c, asked.refusal);
  const database = identityDatabase(c);
  if ((await findUser(database, c.var.organization.id, user_id)) === null) return refuse(c, USER_NOT_FOUND);
  const rows = await listTokens(database, c.var.organization.id, user_id, asked.page.keyset);
  return c.json(idCollection(c, asked.page, rows, tokenResource), 200);
});

tokenRoutes.openapi(removeToken, async (c) => {
  const { user_id, token_id } = c.req.valid('param');
  const row = await revokeToken(identityDatabase(c), c.var.organization.id, user_id, token_id, Date.now());
  if (row === null) return refuse(c, { reason: 'not_found' });
  return c.body(null, 204);
});

function tokenResource(row: TokenRow): z.infer<typeof tokenSchema> {
  return {
    id: row.id,
    user_id: row.user_id,
    organization_id: row.organization_id,
    label: row.label,
    scopes: JSON.parse(row.scopes) as (typeof SCOPES)[number][],
    expires_at: isoTimeOrNull(row.expires_at),
    revoked_at: isoTimeOrNull(row.revoked_at),
    created_at: isoTime(row.created_at),
  };
}
