import { SCOPES } from '../../directory/tokens.ts';
import { createRouter } from '../../http/router.ts';
import { operatorOfOrganization } from '../access.ts';
import { appRoutesOf } from '../app-registry/apps.ts';
import { appDeliveryRoutesOf } from '../app-registry/deliveries.ts';
import type { Door } from '../app-registry/door.ts';
import { installationRoutesOf } from '../app-registry/installations.ts';
import { webhookTestRoutesOf } from '../app-registry/test-webhook.ts';
import { appWebhookRoutesOf } from '../app-registry/webhooks.ts';
import { operatorDoor } from '../directory/door.ts';

/** The registry of apps for the operator of the hub, who may grant every scope. */
const door: Door = {
  nameOf: operatorDoor.nameOf,
  organization: '/organizations/{organization_id}',
  tag: 'Administration',
  readers: operatorOfOrganization,
  writers: operatorOfOrganization,
  grantableScopes: () => new Set(SCOPES),
  userId: () => null,
};

/** Apps with their webhooks and installations. */
export const appRoutes = createRouter();
appRoutes.route('/', appRoutesOf(door));
appRoutes.route('/', appWebhookRoutesOf(door));
appRoutes.route('/', installationRoutesOf(door));
appRoutes.route('/', appDeliveryRoutesOf(door));
appRoutes.route('/', webhookTestRoutesOf(door));
