import { z } from '@hono/zod-openapi';
import type { TokenRow } from '../../db/rows.ts';
import {
  insertToken,
  listTokens,
  MAX_TOKENS,
  newToken,
  revokeToken,
  SCOPES,
  type Scope,
  tokenDigest,
} from '../../directory/tokens.ts';
import { findUser } from '../../directory/users.ts';
import { identityDatabase } from '../../http/app-environment.ts';
import { nameTarget } from '../../http/audit.ts';
import { collectionQuery, collectionSchema, idCollection, readIdPage } from '../../http/collection.ts';
import { isoTimeSchema, pathId, textField, timeField } from '../../http/fields.ts';
import { type Refusal, refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { type AppRouter, createRouter } from '../../http/router.ts';
import { type TokenFacts, tokenResource } from '../../resources/token.ts';
import { newUuid } from '../../resources/uuid.ts';
import { defineRoute } from '../define-route.ts';
import { USER_NOT_FOUND, userPath } from '../shared/paths.ts';
import type { Door } from './door.ts';

const newTokenBody = z.object({
  scopes: z.array(z.enum(SCOPES)).max(SCOPES.length).optional(),
  label: textField({ max: 255, blank: true }).optional(),
  expires_at: timeField()
    .nullish()
    .openapi({ type: ['string', 'null'] }),
});

const tokenSchema = z.object({
  id: z.string(),
  user_id: z.string(),
  organization_id: z.string(),
  label: z.string(),
  scopes: z.array(z.enum(SCOPES)),
  is_session: z.boolean().openapi({ description: 'Whether it is a session of the console.' }),
  expires_at: isoTimeSchema.nullable(),
  revoked_at: isoTimeSchema.nullable(),
  created_at: isoTimeSchema,
});

const createdTokenSchema = tokenSchema.extend({
  token: z.string().openapi({ description: 'The token itself. Only this answer shows it; it is stored nowhere.' }),
});

/** The same for each door, under the names that its generated clients have. */
const formsOf = (prefix: string, noun: string) => ({
  body: newTokenBody.openapi(`${prefix}New${noun}`),
  item: tokenSchema.openapi(`${prefix}${noun}`),
  created: createdTokenSchema.openapi(`${prefix}Created${noun}`),
});
const OPERATOR_FORMS = formsOf('Admin', 'Token');
const TENANT_FORMS = formsOf('', 'UserToken');

const TOO_MANY_TOKENS: Refusal = {
  reason: 'conflict',
  detail: `A user can have at most ${MAX_TOKENS.toLocaleString('en')} tokens, revoked ones too.`,
};

/** The tokens of users. */
export function tokenRoutesOf(door: Door): AppRouter {
  const { body, item, created } = door.isOperator ? OPERATOR_FORMS : TENANT_FORMS;
  const common = { tag: door.tagOf('Users'), access: door.credentials };
  const all = `${door.organization}/users/{user_id}/tokens` as const;
  const routes = createRouter();

  const createToken = defineRoute({
    operationId: door.nameOf('createToken'),
    ...common,
    method: 'post',
    path: all,
    summary: 'Create a token for a user',
    description: `Only this answer shows the token. Each call makes another one. Without \`scopes\` it has none; without \`expires_at\` it works until it is revoked. Tenants can give only scopes that their own token has: others are 403. More than ${MAX_TOKENS.toLocaleString('en')} of a user are 409.`,
    request: { params: userPath, body: bodyOf(body) },
    refusals: [409],
    answers: { 201: jsonOf(created, 'Created') },
  });
  routes.openapi(createToken, async (c) => {
    const { user_id } = c.req.valid('param');
    const { label = '', expires_at = null, ...given } = c.req.valid('json');
    const scopes = [...new Set(given.scopes ?? [])];
    const lacking = door.lackingScope(c, scopes);
    if (lacking !== undefined) return refuse(c, { reason: 'scope_missing', scope: lacking });
    const now = Date.now();
    const token = newToken();
    const id = newUuid(now);
    nameTarget(c, { type: 'token', id, details: { scopes } });
    const digest = tokenDigest(token);
    const database = identityDatabase(c);
    const { id: organizationId } = c.var.organization;
    const made = { digest, id, user_id, label, scopes, expires_at, created_at: now };
    const row = await insertToken(database, organizationId, made);
    if (row !== null) return c.json({ ...tokenResource(factsOf(row)), token }, 201);
    const isKnown = (await findUser(database, organizationId, user_id)) !== null;
    return refuse(c, isKnown ? TOO_MANY_TOKENS : USER_NOT_FOUND);
  });

  const getTokens = defineRoute({
    operationId: door.nameOf('listTokens'),
    ...common,
    method: 'get',
    path: all,
    summary: 'List the tokens of a user',
    description: 'By id, with expired and revoked ones, and with sessions. The tokens themselves are shown nowhere.',
    request: { params: userPath, query: z.object(collectionQuery) },
    answers: { 200: jsonOf(collectionSchema(item), 'A page') },
  });
  routes.openapi(getTokens, async (c) => {
    const { user_id } = c.req.valid('param');
    const asked = readIdPage(c.req.valid('query'));
    if (!asked.ok) return refuse(c, asked.refusal);
    const database = identityDatabase(c);
    if ((await findUser(database, c.var.organization.id, user_id)) === null) return refuse(c, USER_NOT_FOUND);
    const rows = await listTokens(database, c.var.organization.id, user_id, asked.page.keyset);
    return c.json(
      idCollection(c, asked.page, rows, (row) => tokenResource(factsOf(row))),
      200,
    );
  });

  const removeToken = defineRoute({
    operationId: door.nameOf('deleteToken'),
    ...common,
    method: 'delete',
    path: `${all}/{token_id}`,
    summary: 'Revoke a token',
    description:
      'The sessions that it began end too. Repeating it changes nothing. Other isolates may accept the token for AUTH_CACHE_SECONDS longer.',
    request: { params: userPath.extend({ token_id: pathId('token_id') }) },
    answers: { 204: { description: 'Revoked' } },
  });
  routes.openapi(removeToken, async (c) => {
    const { user_id, token_id } = c.req.valid('param');
    const row = await revokeToken(identityDatabase(c), c.var.organization.id, user_id, token_id, Date.now());
    if (row === null) return refuse(c, { reason: 'not_found' });
    return c.body(null, 204);
  });

  return routes;
}

function factsOf({ scopes, session_until, ...row }: TokenRow): TokenFacts<Scope> {
  return { ...row, scopes: JSON.parse(scopes) as Scope[], is_session: session_until !== null };
}
