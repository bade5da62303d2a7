import type { AppMiddleware } from '../../http/app-environment.ts';
import { authenticate } from '../../http/authenticate.ts';
import { userTokenSecurity } from '../../http/openapi.ts';
import { requireOrganization, requireScope, requireSubscription } from '../../http/permissions.ts';
import type { Door } from '../app-registry/door.ts';

/** What every user of the organization may do: see what is installed and open it. */
export const organizationGuards: AppMiddleware[] = [
  authenticate(),
  requireOrganization({ unknown: 403 }),
  requireSubscription(),
];

/** What the scope `settings` opens for whoever it is. */
export const settingsGuards: AppMiddleware[] = [authenticate(), requireSubscription(), requireScope('settings')];

/** The registry for an organization's own users. Nobody gives an app a scope that they do not have. */
export const organizationDoor: Door = {
  organization: '/orgs/{organization_id}',
  tags: ['Apps'],
  security: userTokenSecurity,
  readers: organizationGuards,
  writers: [...organizationGuards, requireScope('settings')],
  grantableScopes: (c) => c.var.principal.scopes,
  userId: (c) => c.var.principal.user.id,
};
