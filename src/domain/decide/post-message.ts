import type { Attachment, NewAttachment } from '../../resources/attachment.ts';
import type { MessagePosted, PostMessage } from '../commands.ts';
import { type Context, Draft } from './recorder.ts';
import { userAsSender } from '../members.ts';
import { selectedSuggestion } from './selected-suggestion.ts';
import type { ThreadState } from '../state.ts';
import { addMessage } from './add-message.ts';
import { chatRef, findChatOf } from './find-chat.ts';
import { accept, type Decision, refuse, unchanged } from './outcome.ts';

/** A user's message in one of his chats (seed 001, Send a chat message). It ends the waiting. */
export function postMessage(state: ThreadState, command: PostMessage, context: Context): Decision<MessagePosted> {
  const found = findChatOf(state, command.chat_id, command.actor.id);
  if (!found.ok) return found;
  const { chat } = found;
  const ref = chatRef(chat);
  if (state.answered?.type === 'message_added') return unchanged(state, { message: state.answered.message, chat: ref });
  if (chat.facts.ended_at !== null) return refuse({ reason: 'message_to_ended_chat' });
  const suggestionId = command.selected_reply_suggestion_id;
  if (suggestionId !== null && state.suggestions.get(suggestionId)?.chat_id !== command.chat_id) {
    return refuse({ reason: 'suggestion_not_in_chat' });
  }

  const draft = new Draft(state, context);
  const content = {
    type: 'msg' as const,
    message: command.message,
    selected_reply_suggestion: selectedSuggestion(state, suggestionId),
    attachments: command.attachments.map((attachment) => withIds(attachment, context)),
    attachment_template: command.attachment_template,
  };
  const message = addMessage(draft, command.chat_id, userAsSender(command.actor), content, { is_waiting: false });
  return accept(draft, { message, chat: ref });
}

function withIds(attachment: NewAttachment, context: Context): Attachment {
  const { actions, ...rest } = attachment;
  return {
    id: context.newId(),
    ...rest,
    actions: actions.map((action) => ({ id: context.newId(), ...action })),
  };
}
