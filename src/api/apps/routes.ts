import { createRouter } from '../../http/router.ts';
import { appRoutesOf } from './apps.ts';
import { type Door, operatorDoor, tenantDoor } from './door.ts';
import { installationDeliveryRoutesOf } from './installation-deliveries.ts';
import { installationTokenRoutesOf } from './installation-tokens.ts';
import { installationRoutesOf } from './installations.ts';
import { installationOfAppRoutesOf } from './installations-of-app.ts';
import { publicAppRoutes } from './public-apps.ts';
import { triggerRoutes } from './trigger.ts';
import { webhookRoutesOf } from './webhooks.ts';

function routesBehind(door: Door) {
  const routes = createRouter();
  for (const routesOf of [
    appRoutesOf,
    webhookRoutesOf,
    installationRoutesOf,
    installationTokenRoutesOf,
    installationDeliveryRoutesOf,
    installationOfAppRoutesOf,
  ]) {
    routes.route('/', routesOf(door));
  }
  return routes;
}

/** Apps, their webhooks and installations for the users of an organization, mounted at /api/v5. */
export const appsRoutes = routesBehind(tenantDoor);
appsRoutes.route('/', publicAppRoutes);
appsRoutes.route('/', triggerRoutes);

/** The same for the operator of the hub, mounted at /admin/v1. */
export const operatorAppsRoutes = routesBehind(operatorDoor);
