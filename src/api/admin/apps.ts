import { organizationExists } from '../../directory/organizations.ts';
import { SCOPES } from '../../directory/tokens.ts';
import { type AppMiddleware, identityDatabase } from '../../http/app-environment.ts';
import { refuse } from '../../http/refusals.ts';
import { createRouter } from '../../http/router.ts';
import { isUuid } from '../../resources/uuid.ts';
import { operator, withGuards } from '../access.ts';
import { appRoutesOf } from '../app-registry/apps.ts';
import { appDeliveryRoutesOf } from '../app-registry/deliveries.ts';
import type { Door } from '../app-registry/door.ts';
import { installationRoutesOf } from '../app-registry/installations.ts';
import { webhookTestRoutesOf } from '../app-registry/test-webhook.ts';
import { appWebhookRoutesOf } from '../app-registry/webhooks.ts';

const requireExistingOrganization: AppMiddleware = async (c, next) => {
  const id = c.req.param('organization_id')?.toLowerCase() ?? '';
  if (!isUuid(id) || !(await organizationExists(identityDatabase(c), id))) {
    return refuse(c, { reason: 'organization_unknown' });
  }
  await next();
};

/** The registry for the operator of the hub, who may give every scope. */
const operatorDoor: Door = {
  nameOf: (operation) => `admin${operation.charAt(0).toUpperCase()}${operation.slice(1)}`,
  organization: '/organizations/{organization_id}',
  tag: 'Administration',
  readers: withGuards(operator, requireExistingOrganization),
  writers: withGuards(operator, requireExistingOrganization),
  grantableScopes: () => new Set(SCOPES),
  userId: () => null,
};

/** Apps with their webhooks and installations. */
export const appRoutes = createRouter();
appRoutes.route('/', appRoutesOf(operatorDoor));
appRoutes.route('/', appWebhookRoutesOf(operatorDoor));
appRoutes.route('/', installationRoutesOf(operatorDoor));
appRoutes.route('/', appDeliveryRoutesOf(operatorDoor));
appRoutes.route('/', webhookTestRoutesOf(operatorDoor));
