import type { MessageFacts } from '../../resources/message.ts';
import { resourceIdAt } from '../address.ts';
import type { MessagePosted, PostMessage } from '../commands.ts';
import { type Context, Draft } from '../draft.ts';
import { userAsSender } from '../members.ts';
import { selectedSuggestion } from '../selected-suggestion.ts';
import type { ThreadState } from '../state.ts';
import { accept, type Decision, refuse, unchanged } from './outcome.ts';

/** A user's message in one of his chats (seed 001, Send a chat message). It ends the waiting. */
export function postMessage(state: ThreadState, command: PostMessage, context: Context): Decision<MessagePosted> {
  const chat = state.chats.get(command.chat_id);
  if (chat === undefined) return refuse({ reason: 'chat_not_found' });
  if (!chat.members.has(command.actor.id)) return refuse({ reason: 'not_a_member' });
  const ref = { id: command.chat_id, room_id: chat.facts.room?.id ?? null };
  if (state.answered?.type === 'message_added') return unchanged(state, { message: state.answered.message, chat: ref });
  if (chat.facts.ended_at !== null) return refuse({ reason: 'message_to_ended_chat' });
  const suggestionId = command.selected_reply_suggestion_id;
  if (suggestionId !== null && state.suggestions.get(suggestionId)?.chat_id !== command.chat_id) {
    return refuse({ reason: 'suggestion_not_in_chat' });
  }

  const draft = new Draft(state, context);
  const message: MessageFacts = {
    ...userAsSender(command.actor),
    id: resourceIdAt(state.name, context.now, draft.nextSeq),
    type: 'msg',
    created_at: context.now,
    message: command.message,
    external_sender_id: null,
    external_message_id: null,
    selected_reply_suggestion: selectedSuggestion(state, suggestionId),
  };
  draft.emit(command.chat_id, {
    type: 'message_added',
    message,
    is_waiting: false,
    origin: null,
    is_silent: false,
  });
  return accept(draft, { message, chat: ref });
}
