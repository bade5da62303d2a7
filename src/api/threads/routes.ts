import { createRouter } from '../../http/router.ts';
import { lateReplyRoutes } from './late-replies.ts';
import { messageRoutesOf } from './messages.ts';
import { MOUNTS } from './mount.ts';
import { threadRoutesOf } from './threads.ts';

/** The threads API (seed 004), at both of its roots, and the address for late replies. */
export const threadsRoutes = createRouter();

for (const mount of MOUNTS) {
  threadsRoutes.route('/', threadRoutesOf(mount));
  threadsRoutes.route('/', messageRoutesOf(mount));
}
threadsRoutes.route('/', lateReplyRoutes);
