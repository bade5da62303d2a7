/**
 * The entry to the rules of a thread. They are pure: the same state, command and context give the same decision. They
 * do no I/O and read no clock; the time and new ids come in the context.
 */

import { hasIdentity, identityText } from '../address.ts';
import type { Command } from '../commands.ts';
import type { ThreadRefusal } from '../refusals.ts';
import type { ThreadState } from '../state.ts';
import {
  closeThread,
  endOverdueChats,
  openVisitorChat,
  renameVisitor,
  startUserChat,
  updateChat,
} from './chat-lifecycle.ts';
import { acceptInvitation, declineInvitation, expireInvitation, invite } from './invitations.ts';
import {
  changePresence,
  joinChat,
  removeMember,
  removeSilentMembers,
  updateMembership,
  updateVisitorMembership,
} from './memberships.ts';
import { deleteMessage, editMessage, noteWebhooks, reportMessageStatus } from './message-changes.ts';
import { postMessage, postVisitorMessage } from './messages.ts';
import { purge } from './purge.ts';
import { receiveMessages } from './receive-messages.ts';
import type { Context, Decision } from './recorder.ts';
import { addReplySuggestion, updateReplySuggestion } from './reply-suggestions.ts';
import { addTag, removeTag } from './tags.ts';

/** Decides a command. `state` must hold everything that the command can touch (thread/store/load.ts loads it). */
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
    case 'edit_message':
      return editMessage(state, command, context);
    case 'delete_message':
      return deleteMessage(state, command, context);
    case 'report_message_status':
      return reportMessageStatus(state, command, context);
    case 'note_webhooks':
      return noteWebhooks(state, command, context);
    case 'join_chat':
      return joinChat(state, command, context);
    case 'update_membership':
      return updateMembership(state, command, context);
    case 'update_visitor_membership':
      return updateVisitorMembership(state, command, context);
    case 'rename_visitor':
      return renameVisitor(state, command, context);
    case 'remove_member':
      return removeMember(state, command, context);
    case 'remove_silent_members':
      return removeSilentMembers(state, command, context);
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
    case 'decline_invitation':
      return declineInvitation(state, command, context);
    case 'add_reply_suggestion':
      return addReplySuggestion(state, command, context);
    case 'update_reply_suggestion':
      return updateReplySuggestion(state, command, context);
    case 'purge':
      return purge(state, command, context);
  }
}

/**
 * Why a command has reached the wrong object; null when the object is the right one. Names of objects are 74 bits of a
 * hash, so two identities may share one by accident. `before` holds what was loaded for the command.
 */
export function addressRefusal(command: Command, before: ThreadState): ThreadRefusal | null {
  const { thread } = before;
  const identity = 'identity' in command ? command.identity : null;
  const isOther = identity !== null && thread !== null && !hasIdentity(thread.identity, identityText(identity));
  if (isOther) return { reason: 'thread_not_found' };
  if (identity === null && thread === null) return { reason: 'chat_not_found' };
  // The other commands look for their chat themselves.
  const resumed = command.type === 'open_visitor_chat' ? command.chat_id : null;
  return resumed !== null && !before.chats.has(resumed) ? { reason: 'chat_not_found' } : null;
}
