/** Commands that add messages to a chat, and that change them. */

import type { AttachmentTemplate, NewAttachment } from '../resources/attachment.ts';
import type { PageFacts } from '../resources/chat.ts';
import type { MemberRooms } from '../resources/chat-grant.ts';
import type { MessageFacts, ReportedState } from '../resources/message.ts';
import type { UserFacts } from '../resources/user.ts';
import type { CommandHeader } from './command-header.ts';
import type { ChatRef, Limit, OfMember } from './command-parts.ts';

/** A user's message in a chat of which they are a member (Chats API, Send a chat message). */
export type PostMessage = OfMember & {
  type: 'post_message';
  message: string;
  selected_reply_suggestion_id: string | null;
  attachments: NewAttachment[];
  attachment_template: AttachmentTemplate | null;
};

/**
 * A visitor's message in their chat: a text, or a response to an attachment (Chats API, Chat message response actions).
 */
export type PostVisitorMessage = CommandHeader & {
  type: 'post_visitor_message';
  chat_id: string;
  visitor_id: string;
  /** The page that the visitor is on, if known. */
  page?: PageFacts | null;
  /** Limits the visitor's messages in the thread. Null or missing: no limit. */
  limit?: Limit | null;
  content:
    | { type: 'msg'; message: string; attachments?: NewAttachment[] }
    | {
        type: 'action';
        message_id: string;
        attachment_id: string;
        action_id: string | null;
        /** For a response without an action: one of the attachment's links. */
        value: string | null;
        text: string | null;
      };
};

export type MessagePosted = { message: MessageFacts; chat: ChatRef };

/**
 * Who changes a message: the user or visitor who wrote it, or the channel that brought it. `chat_id` null: the chat of
 * the message.
 */
export type MessageAuthor =
  | { by: 'user'; chat_id: string; actor: UserFacts; rooms?: MemberRooms | undefined }
  | {
      by: 'visitor';
      chat_id: string;
      visitor_id: string;
      /** As in `PostVisitorMessage`: changes count with the messages. */
      limit?: Limit | null;
    }
  | { by: 'channel'; chat_id: string | null; channel_id: string };

/** A new text for a message (an extension). */
export type EditMessage = CommandHeader & { type: 'edit_message'; message_id: string; message: string } & MessageAuthor;

/** Leaves nothing of a message but that it was there (an extension). */
export type DeleteMessage = CommandHeader & { type: 'delete_message'; message_id: string } & MessageAuthor;

/** The message as it is now. */
export type MessageChanged = { message: MessageFacts; chat: ChatRef };

/**
 * A channel reports what became of a message that it was sent (an extension). `message_id` null: of the newest messages
 * of users in the chat, back to the first that was read. `at` in ms; null: now.
 */
export type ReportMessageStatus = CommandHeader & {
  type: 'report_message_status';
  channel_id: string;
  status: ReportedState;
  at: number | null;
  reason: string | null;
} & ({ chat_id: string | null; message_id: string } | { chat_id: string; message_id: null });

/**
 * The hub notes what became of the webhooks of a message for its channel: one was given up, for a reason, or after that
 * all were delivered (`given_up` null).
 */
export type NoteWebhooks = CommandHeader & {
  type: 'note_webhooks';
  chat_id: string;
  message_id: string;
  given_up: { reason: string } | null;
};

/** The named message as it is now; null without one. */
export type MessageStatusReported = { message: MessageFacts | null; chat: ChatRef };
