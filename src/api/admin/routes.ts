import { requireOperator } from '../../http/require-operator.ts';
import { createRouter } from '../../http/router.ts';
import { allowedTagRoutes } from './allowed-tags.ts';
import { appRoutes } from './apps.ts';
import { organizationRoutes } from './organizations.ts';
import { rebuildRoutes } from './rebuild.ts';
import { roomRoutes } from './rooms.ts';
import { routerRoutes } from './routers.ts';
import { shareRoutes } from './shares.ts';
import { teamMemberRoutes } from './team-members.ts';
import { teamRoutes } from './teams.ts';
import { tokenRoutes } from './tokens.ts';
import { userRoutes } from './users.ts';

/** The admin API, to be mounted at /admin/v1: everything is behind the operator's secret, unknown paths too. */
export const adminRoutes = createRouter();
adminRoutes.use('*', requireOperator);
adminRoutes.route('/', organizationRoutes);
adminRoutes.route('/', userRoutes);
adminRoutes.route('/', roomRoutes);
adminRoutes.route('/', tokenRoutes);
adminRoutes.route('/', routerRoutes);
adminRoutes.route('/', teamRoutes);
adminRoutes.route('/', teamMemberRoutes);
adminRoutes.route('/', shareRoutes);
adminRoutes.route('/', allowedTagRoutes);
adminRoutes.route('/', appRoutes);
adminRoutes.route('/', rebuildRoutes);
