import { isPresent } from '../../resources/membership.ts';
import type { ChatJoined, JoinChat } from '../commands.ts';
import { type Context, Draft } from '../draft.ts';
import { presenceMessage, userMember } from '../members.ts';
import { isRoutedTo } from '../routing.ts';
import type { ChatState, ThreadState } from '../state.ts';
import { accept, type Decision, refuse, unchanged } from './outcome.ts';

/**
 * A user joins a chat that is routed to him (seed 001, Join user to a routed chat). A member already there keeps his
 * membership and gets the new status; a new one, or one who comes back, is announced by a `join` message.
 */
export function joinChat(state: ThreadState, command: JoinChat, context: Context): Decision<ChatJoined> {
  const chat = state.chats.get(command.chat_id);
  if (chat === undefined) return refuse({ reason: 'chat_not_found' });
  if (!isRoutedTo(chat, command.actor.organization_id)) return refuse({ reason: 'not_routed' });
  const { is_participating, composing_status } = command;
  const member = chat.members.get(command.actor.id)?.facts;
  const isSame = member?.is_participating === is_participating && member.composing_status === composing_status;
  const isAnswered = state.answered !== null;
  if (member !== undefined && (isAnswered || isSame || chat.facts.ended_at !== null)) {
    return unchanged(state, { member, chat: chat.facts, is_new: state.answered?.at === member.created_at });
  }
  if (chat.facts.ended_at !== null) return refuse({ reason: 'join_of_ended_chat' });
  if (command.is_kept_out && isTaken(chat, command.actor.id)) return refuse({ reason: 'join_of_taken_chat' });

  const draft = new Draft(state, context);
  const chatId = command.chat_id;
  if (member === undefined) {
    const joins = { is_participating, composing_status };
    draft.emit(chatId, { type: 'member_added', member: userMember(command.actor, context.now, joins) });
  } else {
    draft.emit(chatId, { type: 'member_changed', member_id: member.member_id, is_participating, composing_status });
  }
  if (is_participating !== (member?.is_participating ?? false)) {
    const type = is_participating ? 'join' : 'leave';
    const message = presenceMessage(draft, state, type, command.actor, context.now);
    const isWaiting = chat.facts.is_waiting;
    draft.emit(chatId, { type: 'message_added', message, is_waiting: isWaiting, origin: null, is_silent: false });
  }
  const after = draft.state.chats.get(chatId);
  const joined = after?.members.get(command.actor.id)?.facts;
  if (after === undefined || joined === undefined) throw new Error('the member that joined is not there');
  return accept(draft, { member: joined, chat: after.facts, is_new: member === undefined });
}

/** Whether a user other than this one is there. */
function isTaken(chat: ChatState, userId: string): boolean {
  return [...chat.members.values()].some(
    ({ facts }) => facts.member_type === 'user' && facts.member_id !== userId && isPresent(facts),
  );
}
