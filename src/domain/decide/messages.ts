import { Buffer } from 'node:buffer';
import type { Attachment, NewAttachment } from '../../resources/attachment.ts';
import { characterCount } from '../../resources/characters.ts';
import { chosenFile } from '../../resources/file-links.ts';
import {
  CHAT_MESSAGE_CHARACTERS,
  ENCRYPTED_MESSAGE_BYTES,
  type MessageFacts,
  type ResponseFacts,
  type SelectedReplySuggestion,
} from '../../resources/message.ts';
import { resourceIdAt } from '../address.ts';
import type { MessagePosted, PostMessage, PostVisitorMessage } from '../commands.ts';
import type { EventBody } from '../events.ts';
import { type Sender, userAsSender, visitorAsSender } from '../members.ts';
import type { ThreadRefusal } from '../refusals.ts';
import type { ChatState, NamedMessage, ThreadState } from '../state.ts';
import { chatRef, findChatOf } from './find-chat.ts';
import { secondsToWait } from './limits.ts';
import { accept, type Context, type Decision, EventRecorder, refuse, unchanged } from './recorder.ts';

/** Posts a user's message in one of their chats, which ends the waiting (Chats API, Send a chat message). */
export function postMessage(state: ThreadState, command: PostMessage, context: Context): Decision<MessagePosted> {
  const found = findChatOf(state, command);
  if (!found.ok) return found;
  const { chat } = found;
  const ref = chatRef(chat);
  if (state.answered?.type === 'message_added') return unchanged(state, { message: state.answered.message, chat: ref });
  if (chat.facts.ended_at !== null) return refuse({ reason: 'message_to_ended_chat' });
  const tooLong = lengthRefusal(state, chat, command.message);
  if (tooLong !== null) return refuse(tooLong);
  const isOwn = command.actor.organization_id === chat.facts.organization_id;
  if (!isOwn && command.attachments.some(({ file }) => file !== undefined)) {
    return refuse({ reason: 'files_of_other_organization' });
  }
  const suggestionId = command.selected_reply_suggestion_id;
  const suggestion = suggestionId === null ? undefined : state.suggestions.get(suggestionId);
  const isReadable = suggestion?.chat_id === command.chat_id && suggestion.facts.created_at >= found.since;
  if (suggestionId !== null && !isReadable) return refuse({ reason: 'suggestion_not_in_chat' });

  const recorder = new EventRecorder(state, context);
  const content = {
    type: 'msg' as const,
    message: command.message,
    selected_reply_suggestion: selectedSuggestion(state, suggestionId),
    attachments: command.attachments.map((attachment) => withIds(attachment, context)),
    attachment_template: command.attachment_template,
  };
  const message = addMessage(recorder, command.chat_id, userAsSender(command.actor), content, { is_waiting: false });
  return accept(recorder, { message, chat: ref });
}

/** Why a text is too long for a chat; null when it is not. */
export function lengthRefusal({ thread }: ThreadState, { facts }: ChatState, text: string): ThreadRefusal | null {
  if (thread?.channel_id == null && characterCount(text) > CHAT_MESSAGE_CHARACTERS) {
    return { reason: 'message_too_long' };
  }
  return facts.encryption !== undefined && isTooLongToEncrypt(text) ? { reason: 'message_too_long_to_encrypt' } : null;
}

/** Whether a text is too long for every encrypted chat. */
export function isTooLongToEncrypt(text: string): boolean {
  return Buffer.byteLength(text) > ENCRYPTED_MESSAGE_BYTES;
}

/** What a message has of attachments that are generic. */
export function attached(
  attachments: readonly NewAttachment[] = [],
  context: Context,
): Pick<MessageFacts, 'attachments' | 'attachment_template'> {
  const isEmpty = attachments.length === 0;
  return {
    attachments: attachments.map((attachment) => withIds(attachment, context)),
    attachment_template: isEmpty ? null : 'generic',
  };
}

function withIds(attachment: NewAttachment, context: Context): Attachment {
  const { actions, ...rest } = attachment;
  return {
    id: context.newId(),
    ...rest,
    actions: actions.map((action) => ({ id: context.newId(), ...action })),
  };
}

type Response = Extract<PostVisitorMessage['content'], { type: 'action' }>;

/**
 * Posts a visitor's message in their chat. A text makes the chat wait for an answer; a response to an attachment does
 * not (Chats API, Chat message response actions).
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
  const seconds = secondsToWait(state.counted, command.limit, context.now);
  if (seconds !== null) return refuse({ reason: 'too_many_messages', seconds });

  const recorder = new EventRecorder(state, context);
  const sender = visitorAsSender(state);
  if (command.content.type === 'msg') {
    const message = addMessage(
      recorder,
      command.chat_id,
      sender,
      { type: 'msg', message: command.content.message, ...attached(command.content.attachments, context) },
      { is_waiting: true, ...(command.page == null ? {} : { page: command.page }) },
    );
    return accept(recorder, { message, chat: ref });
  }
  const response = respond(state.messages.get(command.content.message_id), command.content);
  if (!response.ok) return response;
  const { attachment, action } = response.facts;
  const text = action === null ? attachment.title : action.text;
  const content = { type: 'action' as const, message: text, response_to: response.facts };
  return accept(recorder, { message: addMessage(recorder, command.chat_id, sender, content), chat: ref });
}

/**
 * The facts of a visitor's response, or why it is refused: the message did not offer the choice, or offers it no
 * longer.
 */
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
    const chosen = value === null ? null : chosenLink(attachment, value);
    if (value !== null && chosen === null) return refuse({ reason: 'response_value_unknown' });
    return { ok: true, facts: { message_id, attachment, action: null, value: chosen, text } };
  }
  const action = attachment.actions.find(({ id }) => id === action_id);
  if (action === undefined) return refuse({ reason: 'action_not_found' });
  const isDisabled =
    (action.is_disabled_on_selection && message.answered_attachments.has(attachment_id)) ||
    (action.is_disabled_on_visitor_message && message.is_followed_by_visitor);
  if (isDisabled) return refuse({ reason: 'action_disabled' });
  return { ok: true, facts: { message_id, attachment, action, value: action.value, text } };
}

/**
 * The link of an attachment that was chosen: of its title or image, or in the Markdown of its text; of a file in the form in
 * which it is stored. Null when the attachment does not contain it.
 */
function chosenLink(
  { title_link_url, image_url, image_link_url, text, file }: Attachment,
  link: string,
): string | null {
  const isShown = [title_link_url, image_url, image_link_url].includes(link) || (text ?? '').includes(`](${link})`);
  if (isShown) return link;
  return file === undefined ? null : chosenFile(file, link);
}

/** The suggestion as a message nests it; null when none was selected. */
export function selectedSuggestion(state: ThreadState, id: string | null): SelectedReplySuggestion | null {
  const facts = id === null ? undefined : state.suggestions.get(id)?.facts;
  return facts === undefined
    ? null
    : { id: facts.id, suggestion: facts.suggestion, relevancy_score: facts.relevancy_score };
}

type Content = Pick<MessageFacts, 'type' | 'message'> & Partial<Omit<MessageFacts, 'id' | keyof Sender>>;
type MessageOptions = Partial<
  Pick<Extract<EventBody, { type: 'message_added' }>, 'is_waiting' | 'origin' | 'is_silent' | 'page'>
>;

/**
 * Adds a message to a chat and answers it. Fields that are left out are empty; without `is_waiting` the chat's waiting
 * stays as it is.
 */
export function addMessage(
  recorder: EventRecorder,
  chatId: string,
  sender: Sender,
  content: Content,
  options: MessageOptions = {},
): MessageFacts {
  const { now } = recorder.context;
  const { facts: chat } = recorder.chat(chatId);
  const message: MessageFacts = {
    ...sender,
    id: resourceIdAt(recorder.state.name, now, recorder.nextSeq),
    type: content.type,
    created_at: content.created_at ?? now,
    message: content.message,
    ...(chat.encryption === undefined ? {} : { is_encrypted: true as const }),
    ...(content.message === null ? {} : recorder.encrypted(chatId, content.message)),
    external_sender_id: content.external_sender_id ?? null,
    external_message_id: content.external_message_id ?? null,
    selected_reply_suggestion: content.selected_reply_suggestion ?? null,
    attachments: content.attachments ?? [],
    attachment_template: content.attachment_template ?? null,
    response_to: content.response_to ?? null,
    ...(content.lang === undefined ? {} : { lang: content.lang }),
    ...(content.subject === undefined ? {} : { subject: content.subject }),
    ...(content.call === undefined ? {} : { call: content.call }),
  };
  const is_waiting = options.is_waiting ?? chat.is_waiting;
  recorder.emit(chatId, {
    type: 'message_added',
    message,
    is_waiting,
    origin: options.origin ?? null,
    is_silent: options.is_silent ?? false,
    ...(options.page === undefined ? {} : { page: options.page }),
  });
  return message;
}
