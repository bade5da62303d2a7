import type { Command } from '../commands.ts';
import { changePresence } from './change-presence.ts';
import { closeThread } from './close-thread.ts';
import { endOverdueChats } from './end-overdue-chats.ts';
import { acceptInvitation, expireInvitation, invite } from './invitations.ts';
import { joinChat } from './join-chat.ts';
import { openVisitorChat } from './open-visitor-chat.ts';
import type { Decision } from './outcome.ts';
import { postMessage } from './post-message.ts';
import { postVisitorMessage } from './post-visitor-message.ts';
import { receiveMessages } from './receive-messages.ts';
import { renameVisitor } from './rename-visitor.ts';
import { addReplySuggestion, updateReplySuggestion } from './reply-suggestions.ts';
import { startUserChat } from './start-user-chat.ts';
import { addTag, removeTag } from './tags.ts';
import { updateChat } from './update-chat.ts';
import { updateMembership } from './update-membership.ts';
import { updateVisitorMembership } from './update-visitor-membership.ts';
import type { Context } from './recorder.ts';
import type { ThreadState } from '../state.ts';

/**
 * The rules of a thread. Pure: the same state, command and context give the same decision.
 * The state must hold what the command can touch (store/load.ts).
 */
export function decide(state: ThreadState, command: Command, context: Context): Decision {
  switch (command.type) {
    case 'receive_messages':
      return receiveMessages(state, command, context);
    case 'close_thread':
      return closeThread(state, context);
    case 'start_user_chat':
      return startUserChat(state, command, context);
    case 'open_visitor_chat':
      return openVisitorChat(state, command, context);
    case 'post_message':
      return postMessage(state, command, context);
    case 'post_visitor_message':
      return postVisitorMessage(state, command, context);
    case 'join_chat':
      return joinChat(state, command, context);
    case 'update_membership':
      return updateMembership(state, command, context);
    case 'update_visitor_membership':
      return updateVisitorMembership(state, command, context);
    case 'rename_visitor':
      return renameVisitor(state, command, context);
    case 'change_presence':
      return changePresence(state, command, context);
    case 'update_chat':
      return updateChat(state, command, context);
    case 'end_overdue_chats':
      return endOverdueChats(state, context);
    case 'add_tag':
      return addTag(state, command, context);
    case 'remove_tag':
      return removeTag(state, command, context);
    case 'invite':
      return invite(state, command, context);
    case 'expire_invitation':
      return expireInvitation(state, command, context);
    case 'accept_invitation':
      return acceptInvitation(state, command, context);
    case 'add_reply_suggestion':
      return addReplySuggestion(state, command, context);
    case 'update_reply_suggestion':
      return updateReplySuggestion(state, command, context);
  }
}
