import type { AppMiddleware } from '../../http/app-environment.ts';
import { authenticate } from '../../http/authenticate.ts';
import { requireOrganization, requireOwnUser, requireScope, requireSubscription } from '../../http/permissions.ts';
import { refuse } from '../../http/refusals.ts';

/** Routes under /users/<user_id>: the token's own user, an active subscription (Chats API). */
export const userGuards: AppMiddleware[] = [authenticate(), requireOwnUser(), requireSubscription()];

/** With private history on, only the scope `reports` opens an organization's chats (Chats API). */
const requireHistory: AppMiddleware = async (c, next) => {
  const { organization, scopes } = c.var.principal;
  if (organization.private_chat_history && !scopes.has('reports')) {
    return refuse(c, { reason: 'scope_missing', scope: 'reports' });
  }
  await next();
};

/** The messages of a user's routed chats, which private history closes too (Chats API, List chat messages). */
export const userHistoryGuards: AppMiddleware[] = [...userGuards, requireHistory];

const ownOrganization: AppMiddleware[] = [authenticate(), requireOrganization({ unknown: 403 }), requireSubscription()];

/** Routes under /orgs/<organization_id> over all chats of the organization. */
export const organizationGuards: AppMiddleware[] = [...ownOrganization, requireHistory];

/** Routes under /orgs/<organization_id>/rooms: the lists of a room always need `reports` (Chats API). */
export const roomGuards: AppMiddleware[] = [...ownOrganization, requireScope('reports')];
