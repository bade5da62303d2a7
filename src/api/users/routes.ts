import { createRouter } from '../../http/router.ts';
import { accountRoutes } from './account.ts';
import { clientRoutes } from './clients.ts';
import { userFileRoutes } from './files.ts';
import { preferenceRoutes } from './preferences.ts';
import { reachedRoomRoutes } from './reached-rooms.ts';

/** A user's account, preferences, clients and the rooms that reach them, mounted at /api/v5. */
export const userRoutes = createRouter();
userRoutes.route('/', accountRoutes);
userRoutes.route('/', preferenceRoutes);
userRoutes.route('/', clientRoutes);
userRoutes.route('/', reachedRoomRoutes);
userRoutes.route('/', userFileRoutes);
