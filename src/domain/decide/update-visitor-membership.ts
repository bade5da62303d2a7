import type { MembershipUpdated, UpdateVisitorMembership } from '../commands.ts';
import { type Context, Draft } from './recorder.ts';
import type { ThreadState } from '../state.ts';
import { memberOf } from './attend.ts';
import { attendAsVisitor } from './attend-as-visitor.ts';
import { accept, type Decision, refuse, unchanged } from './outcome.ts';

/**
 * A visitor changes his membership (protocol.md 2.6). As for users, the time when he last saw the chat never goes back and his
 * typing is the shell's; unlike theirs, his coming and going makes no message.
 */
export function updateVisitorMembership(
  state: ThreadState,
  command: UpdateVisitorMembership,
  context: Context,
): Decision<MembershipUpdated> {
  const { chat_id, visitor_id, last_seen_at } = command;
  const chat = state.chats.get(chat_id);
  if (chat === undefined || chat.facts.visitor_id !== visitor_id) return refuse({ reason: 'chat_not_found' });
  const member = memberOf(chat, visitor_id);
  if (state.answered !== null) return unchanged(state, { member, chat: chat.facts });
  if (chat.facts.ended_at !== null) return refuse({ reason: 'membership_of_ended_chat' });

  const draft = new Draft(state, context);
  const isNewlySeen = last_seen_at !== null && last_seen_at > (member.last_seen_at ?? Number.NEGATIVE_INFINITY);
  const updated = attendAsVisitor(draft, chat_id, visitor_id, {
    is_participating: command.is_participating ?? member.is_participating,
    is_present: member.is_present,
    last_seen_at: isNewlySeen ? last_seen_at : member.last_seen_at,
  });
  return accept(draft, { member: updated, chat: draft.chat(chat_id).facts });
}
