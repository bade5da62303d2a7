import { createRouter } from '../../http/router.ts';
import { joinRoutedChatRoutes } from './join-routed-chat.ts';
import { messageRoutes } from './messages.ts';
import { ownedChatRoutes } from './owned-chats.ts';
import { replySuggestionRoutes } from './reply-suggestions.ts';
import { roomRoutes } from './room.ts';
import { updateChatRoutes } from './update-chat.ts';

/** The Chats API (seed 001), mounted at /api/v5. */
export const chatsRoutes = createRouter();
chatsRoutes.route('/', ownedChatRoutes);
chatsRoutes.route('/', roomRoutes);
chatsRoutes.route('/', joinRoutedChatRoutes);
chatsRoutes.route('/', messageRoutes);
chatsRoutes.route('/', updateChatRoutes);
chatsRoutes.route('/', replySuggestionRoutes);
