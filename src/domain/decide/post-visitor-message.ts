import type { Attachment } from '../../resources/attachment.ts';
import type { ResponseFacts } from '../../resources/message.ts';
import type { MessagePosted, PostVisitorMessage } from '../commands.ts';
import { type Context, Draft } from './recorder.ts';
import { visitorAsSender } from '../members.ts';
import type { ThreadRefusal } from '../refusals.ts';
import type { NamedMessage, ThreadState } from '../state.ts';
import { addMessage } from './add-message.ts';
import { chatRef } from './find-chat.ts';
import { accept, type Decision, refuse, unchanged } from './outcome.ts';

type Response = Extract<PostVisitorMessage['content'], { type: 'action' }>;

/**
 * A visitor's message in his chat. A text makes the chat wait for an answer; what he chose of an attachment does not (seed
 * 001, Chat message response actions; protocol.md 2.5).
 */
export function postVisitorMessage(
  state: ThreadState,
  command: PostVisitorMessage,
  context: Context,
): Decision<MessagePosted> {
  const chat = state.chats.get(command.chat_id);
  if (chat === undefined || chat.facts.visitor_id !== command.visitor_id) return refuse({ reason: 'chat_not_found' });
  const ref = chatRef(chat);
  if (state.answered?.type === 'message_added') return unchanged(state, { message: state.answered.message, chat: ref });
  if (chat.facts.ended_at !== null) return refuse({ reason: 'message_to_ended_chat' });

  const draft = new Draft(state, context);
  const sender = visitorAsSender(state);
  if (command.content.type === 'msg') {
    const message = addMessage(
      draft,
      command.chat_id,
      sender,
      { type: 'msg', message: command.content.message },
      { is_waiting: true, ...(command.page == null ? {} : { page: command.page }) },
    );
    return accept(draft, { message, chat: ref });
  }
  const response = respond(state.messages.get(command.content.message_id), command.content);
  if (!response.ok) return response;
  const { attachment, action } = response.facts;
  const text = action === null ? attachment.title : action.text;
  const content = { type: 'action' as const, message: text, response_to: response.facts };
  return accept(draft, { message: addMessage(draft, command.chat_id, sender, content), chat: ref });
}

/** What the visitor's choice means for the message that offered it, unless it was not offered or is offered no more. */
function respond(
  message: NamedMessage | undefined,
  { message_id, attachment_id, action_id, value, text }: Response,
): { ok: true; facts: ResponseFacts } | { ok: false; refusal: ThreadRefusal } {
  if (message === undefined) return refuse({ reason: 'message_not_found' });
  const attachment = message.facts.attachments.find(({ id }) => id === attachment_id);
  if (attachment === undefined) return refuse({ reason: 'attachment_not_found' });
  if (message.facts.attachment_template === 'interaction' && (text ?? '').trim() === '') {
    return refuse({ reason: 'response_text_required' });
  }
  if (action_id === null) {
    if (value !== null && !hasLink(attachment, value)) return refuse({ reason: 'response_value_unknown' });
    return { ok: true, facts: { message_id, attachment, action: null, value, text } };
  }
  const action = attachment.actions.find(({ id }) => id === action_id);
  if (action === undefined) return refuse({ reason: 'action_not_found' });
  const isDisabled =
    (action.is_disabled_on_selection && message.answered_attachments.has(attachment_id)) ||
    (action.is_disabled_on_visitor_message && message.is_followed_by_visitor);
  if (isDisabled) return refuse({ reason: 'action_disabled' });
  return { ok: true, facts: { message_id, attachment, action, value: action.value, text } };
}

/** Whether the attachment offers this link: as that of its title or image, or in the Markdown of its text. */
function hasLink({ title_link_url, image_url, image_link_url, text }: Attachment, link: string): boolean {
  return [title_link_url, image_url, image_link_url].includes(link) || (text ?? '').includes(`](${link})`);
}
