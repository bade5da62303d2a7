import { z } from '@hono/zod-openapi';
import { isVisitorRevoked } from '../../directory/revoked-visitors.ts';
import { cachedHubKeys } from '../../directory/signing-keys.ts';
import { TOKEN_SECONDS } from '../../directory/token-keys.ts';
import { issueVisitorToken, newVisitorSession, resumeVisitorSession } from '../../directory/visitor-sessions.ts';
import { type AppContext, identityDatabase } from '../../http/app-environment.ts';
import { publicOrigin } from '../../http/collection.ts';
import { isoTimeSchema, pathId } from '../../http/fields.ts';
import { knownOrganization } from '../../http/organization-cache.ts';
import { guesses } from '../../http/rate-limits.ts';
import { refuse, refuseField } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { isoTime } from '../../resources/clock.ts';
import { newVisitor } from '../access.ts';
import { defineRoute } from '../define-route.ts';

const requestSchema = z
  .object({
    visitor_secret_id: z
      .string()
      .nullish()
      .openapi({ description: 'From an earlier authentication: the same visitor again. Without it a new one.' }),
  })
  .openapi('AuthenticateVisitor');

const sessionSchema = z
  .object({
    visitor_id: z.string(),
    visitor_secret_id: z.string(),
    visitor_global_id: z.string().openapi({ description: 'Older name of `visitor_id`.' }),
    organization_id: z.string().openapi({ format: 'uuid' }),
    socket_url: z.string().openapi({ format: 'uri', description: 'The visitor’s live socket (docs/live.md).' }),
    access_token: z.string(),
    expires_at: isoTimeSchema,
    expires_in: z.int().openapi({ description: 'Seconds.' }),
    minimal_bar_version: z.int(),
  })
  .openapi('VisitorSession');

const route = defineRoute({
  operationId: 'authenticateVisitor',
  method: 'post',
  path: '/public/orgs/{organization_id}/auth',
  tag: 'Public API',
  access: newVisitor,
  summary: 'Authenticate a visitor',
  description:
    'Makes a new visitor, or finds the one of `visitor_secret_id`, and answers with an access token for 30 minutes. Keep the secret: with it the same visitor comes back, and gets a new token. A secret that this organization did not give out, or has revoked, is 400. An organization without an active subscription is 403.',
  request: {
    params: z.object({ organization_id: pathId('organization_id') }),
    body: { ...bodyOf(requestSchema), required: false },
  },
  refusals: [403],
  answers: {
    200: jsonOf(sessionSchema, 'A visitor and a token for them'),
  },
});

/** The oldest accepted version of the vendor's web client. Clients of this hub do not need it. */
const MINIMAL_BAR_VERSION = 3;

/**
 * POST /public/orgs/<organization_id>/auth (visitors' API): gives a visitor an identity and an access token for 30
 * minutes. Nothing is stored.
 */
export const authRoutes = createRouter();

authRoutes.openapi(route, async (c) => {
  const { organization_id } = c.req.valid('param');
  const organization = await knownOrganization(c, organization_id);
  if (organization === null) {
    await guesses.count(c);
    return refuse(c, { reason: 'organization_unknown' });
  }
  c.set('organization', organization);
  if (organization.has_active_subscription === 0) return refuse(c, { reason: 'subscription_inactive' });
  const { visitors, signing } = await cachedHubKeys(c.env, c.var.cost);
  const secret = c.req.valid('json').visitor_secret_id ?? null;
  const session =
    secret === null
      ? newVisitorSession(visitors, organization_id)
      : resumeVisitorSession(visitors, organization_id, secret);
  if (session === null) return refuseField(c, 'visitor_secret_id', UNKNOWN_SECRET);
  const { visitor_id, visitor_secret_id } = session;
  // Read from D1 each time: a token from an old copy would outlive the list of revocations.
  if (secret !== null && (await isVisitorRevoked(identityDatabase(c), organization_id, visitor_id))) {
    return refuseField(c, 'visitor_secret_id', UNKNOWN_SECRET);
  }
  const { token, expires_at } = await issueVisitorToken(signing, { visitor_id, organization_id }, Date.now());
  const body = {
    visitor_id,
    visitor_secret_id,
    visitor_global_id: visitor_id,
    organization_id,
    socket_url: socketUrl(c, visitor_id),
    access_token: token,
    expires_at: isoTime(expires_at),
    expires_in: TOKEN_SECONDS.visitor,
    minimal_bar_version: MINIMAL_BAR_VERSION,
  };
  return c.json(body, 200, { 'Cache-Control': 'no-store' });
});

const UNKNOWN_SECRET = 'Unknown visitor secret.';

/** The URL of the visitor's live socket. */
function socketUrl(c: AppContext, visitorId: string): string {
  return `${publicOrigin(c).replace(/^http/, 'ws')}/api/v5/public/visitors/${visitorId}/live`;
}
