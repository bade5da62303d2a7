import type { MessageFacts } from '../../resources/message.ts';
import { resourceIdAt } from '../address.ts';
import type { Draft } from './recorder.ts';
import type { EventBody } from '../events.ts';
import type { Sender } from '../members.ts';

type Content = Pick<MessageFacts, 'type' | 'message'> & Partial<Omit<MessageFacts, 'id' | keyof Sender>>;
type Circumstances = Partial<
  Pick<Extract<EventBody, { type: 'message_added' }>, 'is_waiting' | 'origin' | 'is_silent' | 'page'>
>;

/** Adds a message to a chat. What is left out is empty, and the chat goes on waiting or not as before. */
export function addMessage(
  draft: Draft,
  chatId: string,
  sender: Sender,
  content: Content,
  circumstances: Circumstances = {},
): MessageFacts {
  const { now } = draft.context;
  const message: MessageFacts = {
    ...sender,
    id: resourceIdAt(draft.state.name, now, draft.nextSeq),
    type: content.type,
    created_at: content.created_at ?? now,
    message: content.message,
    external_sender_id: content.external_sender_id ?? null,
    external_message_id: content.external_message_id ?? null,
    selected_reply_suggestion: content.selected_reply_suggestion ?? null,
    attachments: content.attachments ?? [],
    attachment_template: content.attachment_template ?? null,
    response_to: content.response_to ?? null,
  };
  const is_waiting = circumstances.is_waiting ?? draft.chat(chatId).facts.is_waiting;
  draft.emit(chatId, {
    type: 'message_added',
    message,
    is_waiting,
    origin: circumstances.origin ?? null,
    is_silent: circumstances.is_silent ?? false,
    ...(circumstances.page === undefined ? {} : { page: circumstances.page }),
  });
  return message;
}
