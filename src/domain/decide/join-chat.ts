import { isPresent } from '../../resources/membership.ts';
import type { ChatJoined, JoinChat } from '../commands.ts';
import { type Context, Draft } from './recorder.ts';
import { isCrowded } from '../members.ts';
import type { ChatState, ThreadState } from '../state.ts';
import { attend, memberOf } from './attend.ts';
import { findChat } from './find-chat.ts';
import { accept, type Decision, refuse, unchanged } from './outcome.ts';

/**
 * A user joins a chat (seed 001, Join user to a pending chat, to a routed chat, to an organization's chat). A member already
 * there keeps his membership and gets the new status.
 */
export function joinChat(state: ThreadState, command: JoinChat, context: Context): Decision<ChatJoined> {
  const found = findChat(state, command.chat_id, command.grant);
  if (!found.ok) return found;
  const { chat } = found;
  if (state.answered !== null) {
    const joined = memberOf(chat, command.actor.id);
    return unchanged(state, { member: joined, chat: chat.facts, is_new: state.answered.at === joined.created_at });
  }
  const { is_participating, is_present } = command;
  const member = chat.members.get(command.actor.id)?.facts;
  const isEnded = chat.facts.ended_at !== null;
  if (member !== undefined && (isEnded || member.is_participating === is_participating)) {
    return unchanged(state, { member, chat: chat.facts, is_new: false });
  }
  if (isEnded) return refuse({ reason: 'join_of_ended_chat' });
  if (command.must_be_present && !is_present) return refuse({ reason: 'not_present' });
  const isLeaving = member !== undefined && !is_participating;
  if (command.is_kept_out && !isLeaving && isTaken(chat, command.actor.id)) {
    return refuse({ reason: 'join_of_taken_chat' });
  }
  if (isCrowded(chat, command.actor.id)) return refuse({ reason: 'too_many_members' });

  const draft = new Draft(state, context);
  const joined = attend(draft, command.chat_id, command.actor, { is_participating, is_present });
  return accept(draft, { member: joined, chat: draft.chat(command.chat_id).facts, is_new: member === undefined });
}

/** Whether a user other than this one is there: participating and present. */
export function isTaken(chat: ChatState, userId: string): boolean {
  return [...chat.members.values()].some(
    ({ facts }) => facts.member_type === 'user' && facts.member_id !== userId && isPresent(facts),
  );
}
