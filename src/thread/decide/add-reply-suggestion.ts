import type { ReplySuggestionFacts } from '../../resources/reply-suggestion.ts';
import { resourceIdAt } from '../address.ts';
import type { AddReplySuggestion, ReplySuggestionAdded } from '../commands.ts';
import { type Context, Draft } from '../draft.ts';
import { isRoutedTo } from '../routing.ts';
import type { ThreadState } from '../state.ts';
import { accept, type Decision, refuse, unchanged } from './outcome.ts';

/**
 * A suggestion for a message (seed 001, Add a chat reply suggestion), also in an ended chat.
 */
export function addReplySuggestion(
  state: ThreadState,
  command: AddReplySuggestion,
  context: Context,
): Decision<ReplySuggestionAdded> {
  const chat = state.chats.get(command.chat_id);
  if (chat === undefined) return refuse({ reason: 'chat_not_found' });
  if (command.scope === 'member' && !chat.members.has(command.actor.id)) return refuse({ reason: 'not_a_member' });
  if (command.scope === 'routed' && !isRoutedTo(chat, command.actor.organization_id)) {
    return refuse({ reason: 'not_routed' });
  }
  if (!state.messages.has(command.message_id)) return refuse({ reason: 'message_not_found' });

  const ref = { id: command.chat_id, room_id: chat.facts.room?.id ?? null };
  if (state.answered?.type === 'reply_suggestion_added') {
    return unchanged(state, { suggestion: state.answered.suggestion, chat: ref });
  }
  const draft = new Draft(state, context);
  const suggestion: ReplySuggestionFacts = {
    id: resourceIdAt(state.name, context.now, draft.nextSeq),
    message_id: command.message_id,
    suggestion: command.suggestion,
    relevancy_score: command.relevancy_score,
    organization_id: command.actor.organization_id,
    created_by_user: command.actor,
    updated_by_user: command.actor,
    created_at: context.now,
    updated_at: context.now,
  };
  draft.emit(command.chat_id, { type: 'reply_suggestion_added', suggestion });
  return accept(draft, { suggestion, chat: ref });
}
