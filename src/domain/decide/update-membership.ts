import type { MembershipUpdated, UpdateMembership } from '../commands.ts';
import { type Context, Draft } from './recorder.ts';
import type { ThreadState } from '../state.ts';
import { attend, memberOf } from './attend.ts';
import { findChatOf } from './find-chat.ts';
import { accept, type Decision, refuse, unchanged } from './outcome.ts';

/**
 * A user changes his membership (seed 001, Update a chat membership of a user). Only what differs is recorded; the time when
 * he last saw the chat never goes back. His typing is the shell's (ENGINE 5).
 */
export function updateMembership(
  state: ThreadState,
  command: UpdateMembership,
  context: Context,
): Decision<MembershipUpdated> {
  const found = findChatOf(state, command.chat_id, command.actor.id);
  if (!found.ok) return found;
  const { chat } = found;
  const member = memberOf(chat, command.actor.id);
  if (state.answered !== null) return unchanged(state, { member, chat: chat.facts });
  if (chat.facts.ended_at !== null) return refuse({ reason: 'membership_of_ended_chat' });
  if (!command.is_present) return refuse({ reason: 'not_present' });

  const { is_present, last_seen_at } = command;
  const isNewlySeen = last_seen_at !== null && last_seen_at > (member.last_seen_at ?? Number.NEGATIVE_INFINITY);
  const draft = new Draft(state, context);
  const updated = attend(draft, command.chat_id, command.actor, {
    is_participating: command.is_participating ?? member.is_participating,
    is_present,
    ...(isNewlySeen ? { last_seen_at } : {}),
  });
  return accept(draft, { member: updated, chat: draft.chat(command.chat_id).facts });
}
