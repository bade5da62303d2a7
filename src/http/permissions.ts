import { findOrganization, organizationExists } from '../directory/organizations.ts';
import type { Scope } from '../directory/tokens.ts';
import { isUuid } from '../resources/uuid.ts';
import { type AppContext, type AppMiddleware, identityDatabase } from './app-environment.ts';
import { refuse } from './refusals.ts';

/**
 * Guards of routes. src/api/access.ts puts them in this order: `authenticate()`, `requireOrganization` or
 * `requireOwnUser`, `requireSubscription`, `requireOwnToken`, `requireScope`.
 */

/**
 * The path's `organization_id` must be the caller's own. Another organization is 403. An unknown one is 404 in the
 * Messaging API and 403 in the Chats API.
 */
export function requireOrganization(options: { unknown: 403 | 404 }): AppMiddleware {
  return async (c, next) => {
    const organizationId = pathUuid(c, 'organization_id');
    if (organizationId === null) return refuse(c, { reason: 'not_found' });
    if (organizationId !== c.var.principal.organization.id) {
      if (options.unknown === 403 || (await organizationExists(identityDatabase(c), organizationId))) {
        return refuse(c, { reason: 'organization_foreign' });
      }
      return refuse(c, { reason: 'organization_unknown' });
    }
    await next();
  };
}

/** For the operator of the hub: the path's organization must exist, else 404. It becomes `c.var.organization`. */
export function requireKnownOrganization(): AppMiddleware {
  return async (c, next) => {
    const organizationId = pathUuid(c, 'organization_id');
    const organization = organizationId === null ? null : await findOrganization(identityDatabase(c), organizationId);
    if (organization === null) return refuse(c, { reason: 'organization_unknown' });
    c.set('organization', organization);
    await next();
  };
}

/** The path's `user_id` must be the token's user, else 403. */
export function requireOwnUser(): AppMiddleware {
  return async (c, next) => {
    const userId = pathUuid(c, 'user_id');
    if (userId === null) return refuse(c, { reason: 'not_found' });
    if (userId !== c.var.principal.user.id) return refuse(c, { reason: 'user_foreign' });
    await next();
  };
}

/** The caller's organization must have an active subscription, else 403. */
export function requireSubscription(): AppMiddleware {
  return async (c, next) => {
    if (!c.var.principal.organization.has_active_subscription) return refuse(c, { reason: 'subscription_inactive' });
    await next();
  };
}

/**
 * The caller must use a token of their own: the credentials of an app are 403. An app that could make apps, webhooks or
 * secrets would keep them when it is uninstalled, and one that could open apps would renew its trigger forever.
 */
export function requireOwnToken(): AppMiddleware {
  return async (c, next) => {
    if (c.var.principal.app_id !== null) return refuse(c, { reason: 'app_acting' });
    await next();
  };
}

/** The token must have a scope, else 403. */
export function requireScope(scope: Scope): AppMiddleware {
  return async (c, next) => {
    if (!c.var.principal.scopes.has(scope)) return refuse(c, { reason: 'scope_missing', scope });
    await next();
  };
}

/** The token must have one of the scopes, else 403. */
export function requireSomeScope(scopes: readonly Scope[]): AppMiddleware {
  return async (c, next) => {
    const own = c.var.principal.scopes;
    if (!scopes.some((scope) => own.has(scope))) {
      return refuse(c, { reason: 'scope_missing', scope: scopes.join('" or "') });
    }
    await next();
  };
}

function pathUuid(c: AppContext, name: string): string | null {
  const id = c.req.param(name)?.toLowerCase();
  return id !== undefined && isUuid(id) ? id : null;
}
