import { createRouter } from '../../http/router.ts';
import { registerJoinRoutedChat } from './join-routed-chat.ts';
import { registerMessages } from './messages.ts';
import { registerOwnedChats } from './owned-chats.ts';
import { registerReplySuggestions } from './reply-suggestions.ts';
import { registerRoom } from './room.ts';
import { registerUpdateChat } from './update-chat.ts';

/** The Chats API (seed 001), mounted at /api/v5. */
export const chatsRoutes = createRouter();
registerOwnedChats(chatsRoutes);
registerRoom(chatsRoutes);
registerJoinRoutedChat(chatsRoutes);
registerMessages(chatsRoutes);
registerUpdateChat(chatsRoutes);
registerReplySuggestions(chatsRoutes);
