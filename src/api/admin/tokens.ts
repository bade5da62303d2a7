import { z } from '@hono/zod-openapi';
import { insertToken, listTokens, newToken, revokeToken, tokenDigest } from '../../directory/tokens.ts';
import { findUser } from '../../directory/users.ts';
import { identityDatabase } from '../../http/app-environment.ts';
import { purgeToken } from '../../http/authenticate.ts';
import { collectionQuery, collectionSchema } from '../../http/collection.ts';
import { refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { newUuid } from '../../resources/uuid.ts';
import { operator } from '../access.ts';
import { defineRoute } from '../define-route.ts';
import { idCollection, readIdPage } from './id-collection.ts';
import { createdTokenSchema, newTokenBody, tokenPath, tokenResource, tokenSchema, userPath } from './schemas.ts';

const common = { tag: 'Administration', access: operator };
const ALL = '/organizations/{organization_id}/users/{user_id}/tokens';

const createToken = defineRoute({
  operationId: 'adminCreateToken',
  ...common,
  method: 'post',
  path: ALL,
  summary: 'Create a token for a user',
  description: 'The answer shows the token this once.',
  request: { params: userPath, body: bodyOf(newTokenBody) },
  answers: { 201: jsonOf(createdTokenSchema, 'Created') },
});

const getTokens = defineRoute({
  operationId: 'adminListTokens',
  ...common,
  method: 'get',
  path: ALL,
  summary: 'List the tokens of a user',
  request: { params: userPath, query: z.object(collectionQuery) },
  answers: { 200: jsonOf(collectionSchema(tokenSchema), 'A page') },
});

const removeToken = defineRoute({
  operationId: 'adminDeleteToken',
  ...common,
  method: 'delete',
  path: `${ALL}/{token_id}`,
  summary: 'Revoke a token',
  description: 'Revoking it again changes nothing. Other isolates may honour it for AUTH_CACHE_SECONDS longer.',
  request: { params: tokenPath },
  answers: { 204: { description: 'Revoked' } },
});

export const tokenRoutes = createRouter();

tokenRoutes.openapi(createToken, async (c) => {
  const { organization_id, user_id } = c.req.valid('param');
  const body = c.req.valid('json');
  const now = Date.now();
  const token = newToken();
  const row = await insertToken(identityDatabase(c), organization_id, {
    digest: tokenDigest(token),
    id: newUuid(now),
    user_id,
    label: body.label ?? '',
    scopes: [...new Set(body.scopes ?? [])],
    expires_at: body.expires_at ?? null,
    created_at: now,
  });
  if (row === null) return refuse(c, { reason: 'not_found' });
  return c.json({ ...tokenResource(row), token }, 201);
});

tokenRoutes.openapi(getTokens, async (c) => {
  const { organization_id, user_id } = c.req.valid('param');
  const asked = readIdPage(c.req.valid('query'));
  if (!asked.ok) return refuse(c, asked.refusal);
  const database = identityDatabase(c);
  if ((await findUser(database, organization_id, user_id)) === null) return refuse(c, { reason: 'not_found' });
  const rows = await listTokens(database, organization_id, user_id, asked.page.keyset);
  return c.json(idCollection(c, asked.page, rows, tokenResource), 200);
});

tokenRoutes.openapi(removeToken, async (c) => {
  const { organization_id, user_id, token_id } = c.req.valid('param');
  const row = await revokeToken(identityDatabase(c), organization_id, user_id, token_id, Date.now());
  if (row === null) return refuse(c, { reason: 'not_found' });
  purgeToken(row.digest);
  return c.body(null, 204);
});
