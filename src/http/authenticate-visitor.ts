import { hubKeysFor } from '../directory/signing-keys.ts';
import { readVisitorToken } from '../directory/visitor-sessions.ts';
import { errorText, writeLog } from '../platform/log.ts';
import { storedBytesOf } from '../resources/quotas.ts';
import { isUuid } from '../resources/uuid.ts';
import type { AppContext, AppMiddleware, VisitorPrincipal } from './app-environment.ts';
import { parseAuthorization } from './authenticate.ts';
import { knownOrganization } from './organization-cache.ts';
import { refuse } from './refusals.ts';

/**
 * Guards of the routes for visitors, in this order: `authenticateVisitor()`, `requireVisitorOrganization()` and
 * `requireOwnVisitor()` where the path names one, `requireVisitorSubscription()`.
 */

/** Accepts a visitor's access token and sets `visitor`. Everything else is 401, including tokens of users. */
export function authenticateVisitor(): AppMiddleware {
  return async (c, next) => {
    const credentials = parseAuthorization(c.req.header('Authorization'));
    if (credentials === null || credentials.scheme !== 'bearer') return refuse(c, { reason: 'not_authenticated' });
    if (credentials.token === '') return refuse(c, { reason: 'token_invalid' });
    let visitor: VisitorPrincipal | null;
    try {
      visitor = await findVisitorPrincipal(c, credentials.token);
    } catch (error) {
      writeLog('error', 'authentication_unavailable', { error: errorText(error) });
      return refuse(c, { reason: 'unavailable' });
    }
    if (visitor === null) return refuse(c, { reason: 'token_invalid' });
    c.set('visitor', visitor);
    await next();
  };
}

async function findVisitorPrincipal(c: AppContext, token: string): Promise<VisitorPrincipal | null> {
  const { signing } = await hubKeysFor(c.env, c.var.cost, token);
  const claims = await readVisitorToken(signing, token, Date.now());
  const row = claims === null ? null : await knownOrganization(c, claims.organization_id);
  if (claims === null || row === null || row.revoked_visitors.has(claims.visitor_id)) return null;
  return {
    id: claims.visitor_id,
    expires_at: claims.expires_at,
    organization: {
      id: row.id,
      database: row.database,
      has_active_subscription: row.has_active_subscription === 1,
      private_chats: row.private_chats === 1,
      encryption_public_key: row.encryption_public_key,
      stored: storedBytesOf(row),
    },
  };
}

/** The path's `organization_id` must be the token's, else 403. */
export function requireVisitorOrganization(): AppMiddleware {
  return async (c, next) => {
    const organizationId = c.req.param('organization_id')?.toLowerCase() ?? '';
    if (!isUuid(organizationId)) return refuse(c, { reason: 'not_found' });
    if (organizationId !== c.var.visitor.organization.id) return refuse(c, { reason: 'organization_foreign' });
    await next();
  };
}

/** The path's `visitor_id` must be the token's, else 403. */
export function requireOwnVisitor(): AppMiddleware {
  return async (c, next) => {
    const visitorId = c.req.param('visitor_id')?.toLowerCase();
    if (visitorId !== c.var.visitor.id) return refuse(c, { reason: 'visitor_foreign' });
    await next();
  };
}

/** The visitor's organization must have an active subscription, else 403. */
export function requireVisitorSubscription(): AppMiddleware {
  return async (c, next) => {
    if (!c.var.visitor.organization.has_active_subscription) return refuse(c, { reason: 'subscription_inactive' });
    await next();
  };
}
