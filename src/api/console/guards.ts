import type { AppMiddleware } from '../../http/app-environment.ts';
import { authenticate } from '../../http/authenticate.ts';
import { requireOrganization, requireOwnUser, requireScope, requireSubscription } from '../../http/permissions.ts';
import { refuse } from '../../http/refusals.ts';

/** /users/me: whoever the token stands for. */
export const callerGuards: AppMiddleware[] = [authenticate(), requireSubscription()];

/** Routes under /users/<user_id>: the token's own user. */
export const userGuards: AppMiddleware[] = [authenticate(), requireOwnUser(), requireSubscription()];

/** Routes under /orgs/<organization_id> that every user of the organization may read. */
export const organizationGuards: AppMiddleware[] = [
  authenticate(),
  requireOrganization({ unknown: 403 }),
  requireSubscription(),
];

/** What the scope `settings` opens: rooms, their allowed tags, the organization itself. */
export const settingsGuards: AppMiddleware[] = [...organizationGuards, requireScope('settings')];

/** What the scope `users` opens: teams. */
export const usersGuards: AppMiddleware[] = [...organizationGuards, requireScope('users')];

/** Who may change a user: that user, or whoever has the scope `users`. */
export const changeUserGuards: AppMiddleware[] = [
  ...organizationGuards,
  async (c, next) => {
    const { user, scopes } = c.var.principal;
    const isOwn = c.req.param('user_id')?.toLowerCase() === user.id;
    if (!isOwn && !scopes.has('users')) return refuse(c, { reason: 'scope_missing', scope: 'users' });
    await next();
  },
];
