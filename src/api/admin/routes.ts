import { createRouter } from '../../http/router.ts';
import { organizationRoutes } from './organizations.ts';
import { requireOperator } from './require-operator.ts';
import { roomRoutes } from './rooms.ts';
import { tokenRoutes } from './tokens.ts';
import { userRoutes } from './users.ts';

/** The admin API, to be mounted at /admin/v1: everything is behind the operator's secret, unknown paths too. */
export const adminRoutes = createRouter();
adminRoutes.use('*', requireOperator);
adminRoutes.route('/', organizationRoutes);
adminRoutes.route('/', userRoutes);
adminRoutes.route('/', roomRoutes);
adminRoutes.route('/', tokenRoutes);
