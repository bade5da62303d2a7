import { z } from '@hono/zod-openapi';
import { type DatabaseOwner, openOrganizationDatabase } from '../../db/database.ts';
import type { AuditEntry } from '../../directory/audit-log.ts';
import { findOrganization } from '../../directory/organizations.ts';
import { listReachedRooms } from '../../directory/rooms.ts';
import {
  beginSessionOfLink,
  beginSessionOfToken,
  beginSessionOfUser,
  type NewSession,
  renewSession,
  type SessionRow,
  sessionDigest,
} from '../../directory/sessions.ts';
import { signInCodeDigest } from '../../directory/sign-in-links.ts';
import { isTokenForm, newToken, revokeToken, SCOPES } from '../../directory/tokens.ts';
import { findUser, userAccount, userPreferences } from '../../directory/users.ts';
import { type AppContext, type AppMiddleware, identityDatabase } from '../../http/app-environment.ts';
import { auditEntry, nameTarget } from '../../http/audit.ts';
import { holderOfToken } from '../../http/authenticate.ts';
import { clearSessionCookie, readSessionCookie, setSessionCookie } from '../../http/cookie-session.ts';
import { isoTimeSchema } from '../../http/fields.ts';
import { requireSubscription } from '../../http/permissions.ts';
import { guesses } from '../../http/rate-limits.ts';
import { type Refusal, refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { routedRoomsOf } from '../../notifications/routed-rooms-cache.ts';
import { isoTime } from '../../resources/clock.ts';
import { type NestedOrganization, userAccountResource } from '../../resources/user-account.ts';
import { newUuid } from '../../resources/uuid.ts';
import { type Access, audited, newSession, ownSession, withGuards } from '../access.ts';
import { defineRoute } from '../define-route.ts';
import { preferencesSchema, userSchema } from '../shared/user-schemas.ts';
import { browserName } from './browser-name.ts';
import { demoRoutes, demoUserOf } from './demo.ts';
import { ownSessionRoutes } from './own-sessions.ts';

const common = { tag: 'Sessions', path: '/session' } as const;

/** More rooms than that do not fit into the menu of a console. */
const MOST_ROOMS = 200;

const sessionSchema = z
  .object({
    user: userSchema,
    preferences: preferencesSchema,
    organization_id: z.string().openapi({ format: 'uuid' }),
    rooms: z.array(z.object({ id: z.string().openapi({ format: 'uuid' }), name: z.string() })).openapi({
      description: `The rooms that reach the user, by id: ${MOST_ROOMS} at most. \`/users/<user_id>/rooms\` lists all of them.`,
    }),
    scopes: z.array(z.enum(SCOPES)),
    token_id: z.string().openapi({
      format: 'uuid',
      description: 'The id that the session has in the lists of tokens and in the audit log.',
    }),
    expires_at: isoTimeSchema.openapi({ description: 'When the session ends, unless it is read again before.' }),
  })
  .openapi('Session');
type Session = z.infer<typeof sessionSchema>;

const newSessionBody = z
  .object({
    token: z.string().optional().openapi({
      description: 'A token of the user. The session has its scopes, and ends with it.',
    }),
    code: z.string().optional().openapi({ description: 'The code of a sign-in link, which works once.' }),
    demo_user_id: z.string().optional().openapi({
      description: 'A person of the demo of `npm start`. Elsewhere, and for anybody else, it is 404.',
    }),
  })
  .superRefine((body, context) => {
    if (Object.values(body).filter((value) => value !== undefined).length === 1) return;
    context.addIssue({ code: 'custom', message: 'Exactly one of "token", "code" and "demo_user_id" is required.' });
  })
  .openapi('NewSession');

const createSession = defineRoute({
  operationId: 'createSession',
  ...common,
  method: 'post',
  summary: 'Sign in a browser',
  description:
    'The answer sets the cookie of the session, which scripts cannot read. Only a page of the hub may call this, over https or on this machine: else 403. A token that is unknown, revoked or expired is 401, and so is a code that is unknown, used or expired; the credentials of an app are 403.',
  access: newSession,
  refusals: [404],
  request: { body: bodyOf(newSessionBody) },
  answers: { 201: jsonOf(sessionSchema, 'Signed in') },
});

/** A browser without a session asks too, and writes each refusal into its console. It is told without one. */
const tellNobody: AppMiddleware = async (c, next) => {
  if (readSessionCookie(c) === null) return c.body(null, 204);
  await next();
};

const ownOrNoSession: Access = { ...ownSession, guards: [tellNobody, ...ownSession.guards] };

const getSession = defineRoute({
  operationId: 'getSession',
  ...common,
  method: 'get',
  summary: 'Get the session of the browser',
  description:
    'It also moves the end of the session to 12 hours from now, at most once an hour, and never beyond 30 days after the sign-in or the end of the token that began it. Without a cookie of a session nobody is signed in: 204. The cookie of a session that has ended is 401.',
  access: withGuards(ownOrNoSession, requireSubscription()),
  answers: { 200: jsonOf(sessionSchema, 'The session'), 204: { description: 'Nobody is signed in' } },
});

const deleteSession = defineRoute({
  operationId: 'deleteSession',
  ...common,
  method: 'delete',
  summary: 'Sign out a browser',
  description:
    'Ends the session and clears its cookie. Other isolates may accept the session for AUTH_CACHE_SECONDS longer, and its sockets end as late.',
  access: audited(ownSession),
  answers: { 204: { description: 'Signed out' } },
});

/** The session of a browser, mounted at /api/v5. */
export const sessionRoutes = createRouter();
sessionRoutes.route('/', demoRoutes);
sessionRoutes.route('/', ownSessionRoutes);

sessionRoutes.openapi(createSession, async (c) => {
  const { token, code = '', demo_user_id } = c.req.valid('json');
  const session =
    token !== undefined
      ? await signInByToken(c, token)
      : demo_user_id === undefined
        ? await signInByCode(c, code)
        : await signInByClick(c, demo_user_id);
  return 'reason' in session ? refuse(c, session) : c.json(session, 201);
});

async function signInByToken(c: AppContext, token: string): Promise<Session | Refusal> {
  const holder = await holderOfToken(c, token);
  if ('reason' in holder) return holder;
  const { organization, app_id, token_id } = holder;
  if (app_id !== null) return { reason: 'app_acting' };
  if (!organization.has_active_subscription) return { reason: 'subscription_inactive' };
  const begun = await signIn(c, (session, entry) =>
    beginSessionOfToken(identityDatabase(c), organization.id, token_id, session, { ...entry, token_id }),
  );
  const session = begun === null ? null : await sessionOf(c, organization, begun);
  return session ?? { reason: 'token_invalid' };
}

async function signInByCode(c: AppContext, code: string): Promise<Session | Refusal> {
  const begun = isTokenForm(code)
    ? await signIn(c, (session, entry) =>
        beginSessionOfLink(identityDatabase(c), signInCodeDigest(code), session, entry),
      )
    : null;
  const session = begun === null ? null : await sessionOfNewcomer(c, begun);
  if (session !== null) return session;
  await guesses.count(c);
  return { reason: 'code_invalid' };
}

sessionRoutes.openapi(getSession, async (c) => {
  const { organization, user, scopes, token_id, expires_at } = c.var.principal;
  const moved = await renewSession(identityDatabase(c), organization.id, { token_id, expires_at }, Date.now());
  const session = await sessionOf(c, organization, {
    id: token_id,
    user_id: user.id,
    scopes: JSON.stringify([...scopes]),
    expires_at: moved ?? Number(expires_at),
  });
  return session === null ? refuse(c, { reason: 'token_invalid' }) : c.json(session, 200);
});

sessionRoutes.openapi(deleteSession, async (c) => {
  const { organization, user, token_id } = c.var.principal;
  nameTarget(c, { type: 'token', id: token_id });
  await revokeToken(identityDatabase(c), organization.id, user.id, token_id, Date.now());
  clearSessionCookie(c);
  return c.body(null, 204);
});

async function signInByClick(c: AppContext, userId: string): Promise<Session | Refusal> {
  const user = demoUserOf(c, userId.toLowerCase());
  const begun =
    user === null
      ? null
      : await signIn(c, (session, entry) =>
          beginSessionOfUser(identityDatabase(c), user.organization_id, user, session, entry),
        );
  const session = begun === null ? null : await sessionOfNewcomer(c, begun);
  return session ?? { reason: 'not_found' };
}

/** Null when the user was deleted meanwhile. */
async function sessionOfNewcomer(c: AppContext, begun: SessionRow): Promise<Session | null> {
  const organization = await findOrganization(identityDatabase(c), begun.organization_id);
  return organization === null ? null : await sessionOf(c, organization, begun);
}

/** Begins a session with a new secret, and gives the browser its cookie. Null when `begin` finds nobody. */
async function signIn(
  c: AppContext,
  begin: (session: NewSession, entry: AuditEntry) => Promise<SessionRow | null>,
): Promise<SessionRow | null> {
  const now = Date.now();
  const secret = newToken();
  const id = newUuid(now);
  nameTarget(c, { type: 'token', id });
  const entry: AuditEntry = { ...auditEntry(c, null), actor_type: 'user' };
  const label = browserName(c.req.header('User-Agent'));
  const begun = await begin({ digest: sessionDigest(secret), id, label, created_at: now }, entry);
  if (begun !== null) setSessionCookie(c, secret, begun.session_until);
  return begun;
}

/** Null when the user was deleted meanwhile. */
async function sessionOf(
  c: AppContext,
  organization: NestedOrganization & DatabaseOwner,
  { id: token_id, user_id, scopes, expires_at }: Pick<SessionRow, 'id' | 'user_id' | 'scopes' | 'expires_at'>,
): Promise<Session | null> {
  const { id, name } = organization;
  const [row, routed] = await Promise.all([
    findUser(identityDatabase(c), id, user_id),
    routedRoomsOf(c.env, c.var.cost, organization),
  ]);
  if (row === null) return null;
  const reach = routed.ofUser({ id: user_id, is_bot: row.is_bot === 1 }, { includesPrivateHistory: true });
  const database = openOrganizationDatabase(c.env, organization, c.var.cost);
  const rooms = await listReachedRooms(database, reach, { key: null, direction: 'next', limit: MOST_ROOMS });
  return {
    user: userAccountResource(userAccount(row, { id, name }, Date.now())),
    preferences: userPreferences(row),
    organization_id: id,
    rooms: rooms.map((room) => ({ id: room.id, name: room.name })),
    scopes: JSON.parse(scopes) as Session['scopes'],
    token_id,
    expires_at: isoTime(expires_at),
  };
}
