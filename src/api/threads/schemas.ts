import { z } from '@hono/zod-openapi';
import type { ConversationRow } from '../../chats/list-conversations.ts';
import type { AppContext } from '../../http/app-environment.ts';
import { isoTimeSchema } from '../../http/fields.ts';
import { threadsMessage } from '../../notifications/threads-webhook.ts';
import { isoTime } from '../../resources/clock.ts';
import { conversationHash, conversationName } from '../../resources/conversation.ts';
import { withLinksAsText } from '../../resources/file-links.ts';
import type { MessageFacts } from '../../resources/message.ts';
import { messageResource } from '../../resources/message.ts';
import { messageWithUrls } from '../shared/file-links.ts';
import { attachmentSchema } from '../shared/message-schema.ts';

/** What the threads API shows (seed 004). */

const textOrNull = z.string().nullable();

const messageFields = {
  id: z.string().openapi({ description: '24 hex digits.' }),
  body: z.string().openapi({
    description:
      'Of a message without a text the URLs of its attachments, one a line. Empty for a message that was purged, and for one in an encrypted chat whose key is forgotten.',
  }),
  user_fid: z.string().openapi({
    description: 'Who has sent it: the id that the message came with. Of users of the hub, the id of the user.',
  }),
  thread_fid: z.string(),
  lang: textOrNull,
  subject: textOrNull,
  is_customer_support_agent: z.boolean(),
  created_at: isoTimeSchema,
  attachments: z.array(attachmentSchema).openapi({
    description: 'Extension: what was attached, as the Chats API shows it. URLs of files are valid for an hour.',
  }),
};

export const threadsMessageSchema = z.object(messageFields).openapi('ThreadsMessage');

export const REPLY_STATUSES = ['none', 'late', 'failed', 'suggested'] as const;
export type ReplyStatus = (typeof REPLY_STATUSES)[number];

export const storedMessageSchema = z
  .object({
    ...messageFields,
    reply: z.null(),
    reply_status: z.enum(REPLY_STATUSES).openapi({
      description:
        '`none`: nobody was asked, or had nothing to say. `late`: the responder may still answer; its reply goes out by webhook. `failed`: it did not answer. `suggested`: its answer is a suggestion for people.',
    }),
  })
  .openapi('ThreadsStoredMessage');

const threadFields = {
  thread: z.string().openapi({ description: 'MD5 of `thread_fid`, by which the thread is read.' }),
  thread_fid: z.string(),
  chat_id: z.string().openapi({ description: 'Extension: the newest chat session.' }),
  is_ended: z.boolean().openapi({ description: 'Extension: whether that session has ended.' }),
  created_at: isoTimeSchema,
  updated_at: isoTimeSchema,
};

export const threadSchema = z.object(threadFields).openapi('Thread');

export const threadWithMessagesSchema = z
  .object({ ...threadFields, messages: z.array(threadsMessageSchema) })
  .openapi('ThreadWithMessages');

/** A conversation as the threads API shows it. */
export function threadResource(row: ConversationRow): z.infer<typeof threadSchema> {
  const thread_fid = conversationName(row);
  return {
    thread: conversationHash(thread_fid),
    thread_fid,
    chat_id: row.current_chat_id,
    is_ended: row.is_ended === 1,
    created_at: isoTime(row.created_at),
    updated_at: isoTime(row.updated_at),
  };
}

/** A message of a conversation with this name as the threads API shows it, still without the URLs of its files. */
export function messageInThread(
  { message, chat_id }: { message: MessageFacts; chat_id: string },
  thread_fid: string,
): z.infer<typeof threadsMessageSchema> {
  return threadsMessage(messageResource(message, { id: chat_id, room_id: null }), { thread_id: thread_fid });
}

/** The same with the URLs of its files, which are also the text of a message that has none. */
export async function shownWithUrls<Message extends ReturnType<typeof messageInThread>>(
  c: AppContext,
  message: Message,
): Promise<Message> {
  return withLinksAsText(await messageWithUrls(c, message));
}
