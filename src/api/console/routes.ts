import { createRouter } from '../../http/router.ts';
import { allowedTagRoutes } from './allowed-tags.ts';
import { clientRoutes } from './clients.ts';
import { organizationRoutes } from './organization.ts';
import { preferenceRoutes } from './preferences.ts';
import { roomRoutes } from './rooms.ts';
import { teamMembershipRoutes } from './team-memberships.ts';
import { teamRoutesOf } from './teams.ts';
import { userRoomRoutes } from './user-rooms.ts';
import { userRoutes } from './users.ts';
import { visitorVariableRoutes } from './visitor-variables.ts';
import { visitorRoutes } from './visitors.ts';

/** What a console shows of an organization and its users, mounted at /api/v5. */
export const consoleRoutes = createRouter();
consoleRoutes.route('/', userRoutes);
consoleRoutes.route('/', preferenceRoutes);
consoleRoutes.route('/', clientRoutes);
consoleRoutes.route('/', userRoomRoutes);
consoleRoutes.route('/', organizationRoutes);
consoleRoutes.route('/', roomRoutes);
consoleRoutes.route('/', allowedTagRoutes);
consoleRoutes.route('/', visitorRoutes);
consoleRoutes.route('/', visitorVariableRoutes);
consoleRoutes.route('/', teamRoutesOf(5));
consoleRoutes.route('/', teamMembershipRoutes(5));

/** What of it version 6 has, mounted at /api/v6. */
export const consoleRoutesV6 = createRouter();
consoleRoutesV6.route('/', teamRoutesOf(6));
consoleRoutesV6.route('/', teamMembershipRoutes(6));
