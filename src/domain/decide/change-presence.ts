import type { ChangePresence, PresenceChanged } from '../commands.ts';
import { type Context, Draft } from './recorder.ts';
import type { ThreadState } from '../state.ts';
import { accept, type Decision, refuse, unchanged } from './outcome.ts';

/** A user came or went (ENGINE 5). It matters only where he participates in an open chat; elsewhere he is watched no more. */
export function changePresence(
  state: ThreadState,
  command: ChangePresence,
  context: Context,
): Decision<PresenceChanged> {
  const chat = state.chats.get(command.chat_id);
  if (chat === undefined) return refuse({ reason: 'chat_not_found' });
  const { user_id, is_present } = command;
  const member = chat.members.get(user_id)?.facts;
  const is_watched = member?.is_participating === true && chat.facts.ended_at === null;
  // A retry must not undo what was told after it.
  if (!is_watched || state.answered !== null || member.is_present === is_present) {
    return unchanged(state, { is_watched });
  }
  const draft = new Draft(state, context);
  draft.emit(command.chat_id, { type: 'member_changed', member_id: user_id, changes: { is_present } });
  return accept(draft, { is_watched });
}
