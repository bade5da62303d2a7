import { z } from '@hono/zod-openapi';
import { listSessions, revokeSession } from '../../directory/sessions.ts';
import { SCOPES, type Scope } from '../../directory/tokens.ts';
import { identityDatabase } from '../../http/app-environment.ts';
import { collectionQuery, collectionSchema, idCollection, readIdPage } from '../../http/collection.ts';
import { clearSessionCookie } from '../../http/cookie-session.ts';
import { isoTimeSchema, pathId } from '../../http/fields.ts';
import { refuse } from '../../http/refusals.ts';
import { jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { isoTime } from '../../resources/clock.ts';
import { audited, ownSession } from '../access.ts';
import { defineRoute } from '../define-route.ts';

const ownSessionSchema = z
  .object({
    id: z.string().openapi({ format: 'uuid', description: 'The `token_id` of the session.' }),
    label: z.string().openapi({ description: 'What the browser calls itself.' }),
    scopes: z.array(z.enum(SCOPES)),
    created_at: isoTimeSchema,
    expires_at: isoTimeSchema,
  })
  .openapi('OwnSession');

const getSessions = defineRoute({
  operationId: 'listOwnSessions',
  tag: 'Sessions',
  access: ownSession,
  method: 'get',
  path: '/sessions',
  summary: 'List the sessions of your user',
  description:
    'By id, those that work. No scope is needed, but the cookie of a session is: a token lists none. Tokens of programs are not listed.',
  request: { query: z.object(collectionQuery) },
  answers: { 200: jsonOf(collectionSchema(ownSessionSchema), 'A page') },
});

const removeSession = defineRoute({
  operationId: 'deleteOwnSession',
  tag: 'Sessions',
  access: audited(ownSession),
  method: 'delete',
  path: '/sessions/{token_id}',
  summary: 'End a session of your user',
  description:
    'Signs out one browser, which may be this one. The session of another user is 404, and so is a token. Repeating it changes nothing. Other isolates may accept the session for AUTH_CACHE_SECONDS longer, and its sockets end as late.',
  request: { params: z.object({ token_id: pathId('token_id') }) },
  answers: { 204: { description: 'Ended' } },
});

/** Where a user is signed in, for themselves. */
export const ownSessionRoutes = createRouter();

ownSessionRoutes.openapi(getSessions, async (c) => {
  const { organization, user } = c.var.principal;
  const asked = readIdPage(c.req.valid('query'));
  if (!asked.ok) return refuse(c, asked.refusal);
  const rows = await listSessions(identityDatabase(c), organization.id, user.id, Date.now(), asked.page.keyset);
  return c.json(
    idCollection(c, asked.page, rows, ({ scopes, created_at, expires_at, ...row }) => ({
      ...row,
      scopes: JSON.parse(scopes) as Scope[],
      created_at: isoTime(created_at),
      expires_at: isoTime(expires_at),
    })),
    200,
  );
});

ownSessionRoutes.openapi(removeSession, async (c) => {
  const { organization, user, token_id: current } = c.var.principal;
  const { token_id } = c.req.valid('param');
  const isEnded = await revokeSession(identityDatabase(c), organization.id, user.id, token_id, Date.now());
  if (!isEnded) return refuse(c, { reason: 'not_found' });
  if (token_id === current) clearSessionCookie(c);
  return c.body(null, 204);
});
