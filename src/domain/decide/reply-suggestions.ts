import type { ReplySuggestionFacts } from '../../resources/reply-suggestion.ts';
import { resourceIdAt } from '../address.ts';
import type {
  AddReplySuggestion,
  ReplySuggestionAdded,
  ReplySuggestionUpdated,
  UpdateReplySuggestion,
} from '../commands.ts';
import { isKeyForgotten, type ThreadState } from '../state.ts';
import { chatRef, findChat } from './find-chat.ts';
import { accept, type Context, type Decision, EventRecorder, refuse, unchanged } from './recorder.ts';

/** Adds a suggestion for a message, also in an ended chat (Chats API, Add a chat reply suggestion). */
export function addReplySuggestion(
  state: ThreadState,
  command: AddReplySuggestion,
  context: Context,
): Decision<ReplySuggestionAdded> {
  const found = findChat(state, command.chat_id, command.grant);
  if (!found.ok) return found;
  const ref = chatRef(found.chat);
  if (state.answered?.type === 'reply_suggestion_added') {
    return unchanged(state, { suggestion: state.answered.suggestion, chat: ref });
  }
  if (!isReadable(state.messages.get(command.message_id), found)) return refuse({ reason: 'message_not_found' });
  if (found.chat.facts.purged_at !== undefined) return refuse({ reason: 'chat_purged' });
  if (isKeyForgotten(found.chat)) return refuse({ reason: 'chat_key_forgotten' });
  const recorder = new EventRecorder(state, context);
  const suggestion: ReplySuggestionFacts = {
    id: resourceIdAt(state.name, context.now, recorder.nextSeq),
    message_id: command.message_id,
    suggestion: command.suggestion,
    relevancy_score: command.relevancy_score,
    organization_id: command.actor.organization_id,
    created_by_user: command.actor,
    updated_by_user: command.actor,
    created_at: context.now,
    updated_at: context.now,
  };
  recorder.emit(command.chat_id, { type: 'reply_suggestion_added', suggestion });
  return accept(recorder, { suggestion, chat: ref });
}

/**
 * Changes a suggestion of the user's organization (Chats API, Update a chat reply suggestion: "your reply
 * suggestions"). An update without a difference changes nothing, not even `updated_by_user`.
 */
export function updateReplySuggestion(
  state: ThreadState,
  command: UpdateReplySuggestion,
  context: Context,
): Decision<ReplySuggestionUpdated> {
  const found = findChat(state, command.chat_id, command.grant);
  if (!found.ok) return found;
  const ref = chatRef(found.chat);
  if (state.answered?.type === 'reply_suggestion_changed') {
    return unchanged(state, { suggestion: state.answered.suggestion, chat: ref });
  }
  if (!isReadable(state.messages.get(command.message_id), found)) return refuse({ reason: 'message_not_found' });
  const suggested = state.suggestions.get(command.suggestion_id);
  const before = isReadable(suggested, found) ? suggested?.facts : undefined;
  if (before?.message_id !== command.message_id || before.organization_id !== command.actor.organization_id) {
    return refuse({ reason: 'reply_suggestion_not_found' });
  }
  const text = command.suggestion ?? before.suggestion;
  const score = command.relevancy_score === undefined ? before.relevancy_score : command.relevancy_score;
  if (text === before.suggestion && score === before.relevancy_score) {
    return unchanged(state, { suggestion: before, chat: ref });
  }
  if (found.chat.facts.purged_at !== undefined) return refuse({ reason: 'chat_purged' });
  if (isKeyForgotten(found.chat)) return refuse({ reason: 'chat_key_forgotten' });
  const recorder = new EventRecorder(state, context);
  const suggestion: ReplySuggestionFacts = {
    ...before,
    suggestion: text,
    relevancy_score: score,
    updated_by_user: command.actor,
    updated_at: context.now,
  };
  recorder.emit(command.chat_id, { type: 'reply_suggestion_changed', suggestion });
  return accept(recorder, { suggestion, chat: ref });
}

/** Whether a message or suggestion is there for who reads the chat's texts since then (ms). */
function isReadable(named: { facts: { created_at: number } } | undefined, { since }: { since: number }): boolean {
  return named !== undefined && named.facts.created_at >= since;
}
