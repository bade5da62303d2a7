import { createRouter } from '../../http/router.ts';
import { organizationUser, organizationUserWith } from '../access.ts';
import { appRoutesOf } from '../app-registry/apps.ts';
import { appDeliveryRoutesOf } from '../app-registry/deliveries.ts';
import type { Door } from '../app-registry/door.ts';
import { installationRoutesOf } from '../app-registry/installations.ts';
import { webhookTestRoutesOf } from '../app-registry/test-webhook.ts';
import { appWebhookRoutesOf } from '../app-registry/webhooks.ts';
import { publicAppRoutes } from './public-apps.ts';
import { triggerRoutes } from './trigger.ts';

/** The registry for an organization's own users. Nobody gives an app a scope that they do not have. */
const organizationDoor: Door = {
  nameOf: (operation) => operation,
  organization: '/orgs/{organization_id}',
  tag: 'Apps',
  readers: organizationUser,
  writers: organizationUserWith('settings'),
  grantableScopes: (c) => c.var.principal.scopes,
  userId: (c) => c.var.principal.user.id,
};

/** Apps, their webhooks and installations, mounted at /api/v5. */
export const appsRoutes = createRouter();
appsRoutes.route('/', appRoutesOf(organizationDoor));
appsRoutes.route('/', appWebhookRoutesOf(organizationDoor));
appsRoutes.route('/', installationRoutesOf(organizationDoor));
appsRoutes.route('/', appDeliveryRoutesOf(organizationDoor));
appsRoutes.route('/', webhookTestRoutesOf(organizationDoor));
appsRoutes.route('/', publicAppRoutes);
appsRoutes.route('/', triggerRoutes);
