import { matchedRoutes } from 'hono/route';
import { noCost } from '../db/cost.ts';
import { writeLog } from '../platform/log.ts';
import type { AppContext, AppMiddleware, Principal, VisitorPrincipal } from './app-environment.ts';

/**
 * The outermost middleware: gives the request an id (also in the header `x-request-id`) and a count of its cost. It
 * writes one line to the log when the request is answered. The line names the route's pattern instead of the URL, and
 * has no token, body or query.
 */
export function logRequests(): AppMiddleware {
  return async (c, next) => {
    const started = Date.now();
    c.set('requestId', crypto.randomUUID());
    c.header('x-request-id', c.var.requestId);
    c.set('cost', noCost());
    await next();
    writeLog('info', 'request', requestFields(c, Date.now() - started));
  };
}

function requestFields(c: AppContext, duration: number) {
  const principal = c.get('principal') as Principal | undefined;
  return {
    request_id: c.var.requestId,
    method: c.req.method,
    route: routePattern(c),
    status: c.res.status,
    duration_ms: duration,
    organization_id: principal?.organization.id ?? organizationOfVisitor(c),
    user_id: principal?.user.id ?? null,
    cost: c.var.cost,
  };
}

/** The organization of a visitor's request. It has none before they have a token, unless the route says which. */
function organizationOfVisitor(c: AppContext): string | null {
  const visitor = c.get('visitor') as VisitorPrincipal | undefined;
  const named = c.get('organization') as { id: string } | undefined;
  return visitor?.organization.id ?? named?.id ?? null;
}

/** Pattern of the route that a request reached, such as `/api/v5/orgs/:organization_id/…`; null when it reached none. */
export function routePattern(c: AppContext): string | null {
  return matchedRoutes(c).findLast((route) => route.method !== 'ALL')?.path ?? null;
}
