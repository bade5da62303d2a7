import type { Attachment } from './attachment.ts';
import { type ChatFacts, chatResource } from './chat.ts';
import { type MemberView, membershipResource } from './membership.ts';
import { type MessageFacts, messageResource } from './message.ts';

/** What visitors do not see of a chat: how the organization routes, tags and measures it. */
type OfOperators =
  | 'room_name'
  | 'is_private'
  | 'is_pending'
  | 'is_real_conversation'
  | 'tag_count'
  | 'visitor_wait_time'
  | 'duration'
  | 'active_duration'
  | 'legacy_conversation_state'
  | 'legacy_room_id';

/** The chat as its visitor sees it. */
export function chatForVisitor(chat: ChatFacts): Omit<ReturnType<typeof chatResource>, OfOperators> {
  const {
    room_name: _room,
    is_private: _private,
    is_pending: _pending,
    is_real_conversation: _conversation,
    tag_count: _tags,
    visitor_wait_time: _wait,
    duration: _duration,
    active_duration: _active,
    legacy_conversation_state: _state,
    legacy_room_id: _legacy,
    ...shown
  } = chatResource(chat);
  return shown;
}

/**
 * The message as its visitor sees it: with users' public names instead of their real ones, without the suggestion
 * that a text came from and without what was noted about a call.
 */
export function messageForVisitor(message: MessageFacts, chat: { id: string; room_id: string | null }) {
  const { call: _call, ...visible } = message;
  const { response_to } = visible;
  const { sender_name: _hidden, ...shown } = messageResource(
    {
      ...visible,
      message: isTitleForOperators(message) ? null : message.message,
      selected_reply_suggestion: null,
      attachments: message.attachments.map(attachmentForVisitor),
      response_to: response_to && { ...response_to, attachment: attachmentForVisitor(response_to.attachment) },
    },
    chat,
  );
  return shown;
}

/**
 * Title and text of an interaction or an external page are for operators only (Chats API, Chat message attachments).
 */
function attachmentForVisitor(attachment: Attachment): Attachment {
  return isForOperators(attachment) ? { ...attachment, title: null, text: null } : attachment;
}

/** Only attachments of these templates have such an id or URL. */
function isForOperators({ interaction_id, attachment_url }: Attachment): boolean {
  return interaction_id !== null || attachment_url !== null;
}

/** A response without an action repeats the attachment's title. */
function isTitleForOperators({ response_to }: MessageFacts): boolean {
  return response_to !== null && response_to.action === null && isForOperators(response_to.attachment);
}

/** Types of messages that visitors do not see. */
export const HIDDEN_FROM_VISITORS: readonly string[] = ['tag_created'];

/** The membership as a visitor sees it, with the public name only. */
export function membershipForVisitor(member: MemberView, chat: ChatFacts, isUserDeleted = false) {
  const { member_name: _hidden, ...shown } = membershipResource(member, chat, isUserDeleted);
  return shown;
}
