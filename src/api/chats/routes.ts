import { createRouter } from '../../http/router.ts';
import { allowedTagRoutes } from './allowed-tags.ts';
import { changeMessageRoutes } from './change-message.ts';
import { chatItemRoutes } from './chat-item.ts';
import { chatListRoutes } from './chat-list.ts';
import { chatMembershipRoutes } from './chat-memberships.ts';
import { conversationStarterRoutes } from './conversation-starters.ts';
import { draftListRoutes, draftRoutes } from './drafts.ts';
import { inboxRoutes } from './inbox.ts';
import { incomingInvitationRoutes } from './incoming-invitations.ts';
import { joinChatRoutes, joinMemberRoutes } from './join-chat.ts';
import { membershipRoutes } from './memberships.ts';
import { mentionableUserRoutes, mentionRoutes } from './mentions.ts';
import { messageDeliveryRoutes } from './message-delivery.ts';
import { messageRoutes } from './messages.ts';
import { noteRoutes } from './notes.ts';
import { openVisitorChatRoutes } from './open-visitor-chat.ts';
import { organizationMessageRoutes } from './organization-messages.ts';
import { outgoingInvitationRoutes } from './outgoing-invitations.ts';
import { postMessageRoutes } from './post-message.ts';
import { removeMemberRoutes } from './remove-member.ts';
import { replySuggestionRoutes } from './reply-suggestions.ts';
import {
  involvedChats,
  organizationRoutedChats,
  organizationVisitorChats,
  ownedChats,
  roomChats,
  roomPendingChats,
  userChats,
  userPendingChats,
  userRoutedChats,
  userRoutedHistory,
  userVisitorChats,
} from './scopes.ts';
import { startUserChatRoutes } from './start-user-chat.ts';
import { tagRoutes } from './tags.ts';
import { updateChatRoutes } from './update-chat.ts';
import { viewRoutes } from './view.ts';
import { visitorChatMembershipRoutes } from './visitor-chat-memberships.ts';
import { writeReplySuggestionRoutes } from './write-reply-suggestions.ts';

/** The Chats API, mounted at /api/v5: the routes of each collection of chats. */
export const chatsRoutes = createRouter();

const mount = (...routers: (typeof chatsRoutes)[]) => {
  for (const router of routers) chatsRoutes.route('/', router);
};

for (const scope of [ownedChats, involvedChats, organizationRoutedChats, roomChats, organizationVisitorChats]) {
  mount(chatListRoutes(scope), chatItemRoutes(scope));
}
for (const scope of [roomPendingChats, userPendingChats, userRoutedChats, userVisitorChats]) {
  mount(chatListRoutes(scope), chatItemRoutes(scope));
}
mount(chatListRoutes(userChats, 'member'), chatItemRoutes(userChats));
mount(startUserChatRoutes, openVisitorChatRoutes);
for (const scope of [userChats, ownedChats]) mount(updateChatRoutes(scope));

for (const scope of [userChats, userRoutedChats, userPendingChats, roomChats]) mount(membershipRoutes(scope));
for (const scope of [ownedChats, involvedChats, organizationRoutedChats]) {
  mount(membershipRoutes(scope), joinMemberRoutes(scope));
}
mount(joinChatRoutes(userPendingChats, { mustBePresent: true }));
mount(joinChatRoutes(userRoutedChats, { mustBePresent: false }));
mount(removeMemberRoutes, chatMembershipRoutes, visitorChatMembershipRoutes);

for (const scope of [userChats, userRoutedHistory, ownedChats, involvedChats, organizationRoutedChats]) {
  mount(messageRoutes(scope));
}
for (const scope of [userChats, userRoutedChats]) mount(draftRoutes(scope), viewRoutes(scope));
mount(draftListRoutes);
mount(postMessageRoutes, changeMessageRoutes, messageDeliveryRoutes, organizationMessageRoutes);

for (const scope of [userChats, ownedChats, involvedChats, organizationRoutedChats]) {
  mount(tagRoutes(scope), allowedTagRoutes(scope));
}
for (const scope of [userChats, userRoutedHistory]) {
  mount(noteRoutes(scope), mentionableUserRoutes(scope));
  mount(replySuggestionRoutes(scope), writeReplySuggestionRoutes(scope));
}
mount(outgoingInvitationRoutes, incomingInvitationRoutes);
mount(conversationStarterRoutes, inboxRoutes, mentionRoutes);
