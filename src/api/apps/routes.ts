import { createRouter } from '../../http/router.ts';
import { appRoutesOf } from '../app-registry/apps.ts';
import { appDeliveryRoutesOf } from '../app-registry/deliveries.ts';
import { installationRoutesOf } from '../app-registry/installations.ts';
import { webhookTestRoutesOf } from '../app-registry/test-webhook.ts';
import { appWebhookRoutesOf } from '../app-registry/webhooks.ts';
import { organizationDoor } from './guards.ts';
import { publicAppRoutes } from './public-apps.ts';
import { triggerRoutes } from './trigger.ts';

/** Apps, their webhooks and installations, mounted at /api/v5. */
export const appsRoutes = createRouter();
appsRoutes.route('/', appRoutesOf(organizationDoor));
appsRoutes.route('/', appWebhookRoutesOf(organizationDoor));
appsRoutes.route('/', installationRoutesOf(organizationDoor));
appsRoutes.route('/', appDeliveryRoutesOf(organizationDoor));
appsRoutes.route('/', webhookTestRoutesOf(organizationDoor));
appsRoutes.route('/', publicAppRoutes);
appsRoutes.route('/', triggerRoutes);
