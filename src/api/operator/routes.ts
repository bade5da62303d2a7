import { requireOperator } from '../../http/require-operator.ts';
import { createRouter } from '../../http/router.ts';
import { operatorAppsRoutes } from '../apps/routes.ts';
import { operatorChatRoutes } from '../chats/remove-member.ts';
import { operatorDoor } from '../directory/door.ts';
import { organizationsRoutes } from '../directory/organizations.ts';
import { directoryRoutesOf } from '../directory/routes.ts';
import { keyRoutes } from './keys.ts';
import { rebuildRoutes } from './rebuild.ts';

/** The admin API, mounted at /admin/v1. All paths need the operator's secret, including unknown ones. */
export const operatorRoutes = createRouter();
operatorRoutes.use('*', requireOperator);
operatorRoutes.route('/', organizationsRoutes);
operatorRoutes.route('/', directoryRoutesOf(operatorDoor));
operatorRoutes.route('/', operatorAppsRoutes);
operatorRoutes.route('/', operatorChatRoutes);
operatorRoutes.route('/', keyRoutes);
operatorRoutes.route('/', rebuildRoutes);
