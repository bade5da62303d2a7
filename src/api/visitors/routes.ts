import { createRouter } from '../../http/router.ts';
import { authRoutes } from './auth.ts';
import { autosuggestionRoutes } from './autosuggestions.ts';
import { changeMessageRoutes } from './change-message.ts';
import { chatMembershipRoutes } from './chat-memberships.ts';
import { chatRoutes } from './chats.ts';
import { visitorFileRoutes } from './files.ts';
import { membershipRoutes } from './memberships.ts';
import { messageRoutes } from './messages.ts';
import { openChatRoutes } from './open-chat.ts';
import { roomVisitorRoutes } from './room-visitors.ts';
import { roomRoutes } from './rooms.ts';

/** The public API, for visitors themselves and their web pages (visitors' API), mounted at /api/v5. */
export const visitorRoutes = createRouter();
visitorRoutes.route('/', authRoutes);
visitorRoutes.route('/', roomRoutes);
visitorRoutes.route('/', autosuggestionRoutes);
visitorRoutes.route('/', roomVisitorRoutes);
visitorRoutes.route('/', openChatRoutes);
visitorRoutes.route('/', chatRoutes);
visitorRoutes.route('/', messageRoutes);
visitorRoutes.route('/', changeMessageRoutes);
visitorRoutes.route('/', membershipRoutes);
visitorRoutes.route('/', chatMembershipRoutes);
visitorRoutes.route('/', visitorFileRoutes);
