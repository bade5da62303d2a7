import { z } from '@hono/zod-openapi';
import type { PostVisitorMessage } from '../../domain/commands.ts';
import { textField, uuidField } from '../../http/fields.ts';
import type { NewAttachment } from '../../resources/attachment.ts';
import { FILES_OF_A_MESSAGE } from '../../resources/file.ts';
import { CHAT_MESSAGE_CHARACTERS } from '../../resources/message.ts';

import type { WantedAttachment } from '../shared/attach-files.ts';
import { messageText, textOf } from '../shared/message-text.ts';

/** As for users (Chats API, Send a chat message). Characters. */
const MESSAGE_CHARACTERS = CHAT_MESSAGE_CHARACTERS;
/** As long as an action's value or a link that attachments may offer. Characters. */
const VALUE_CHARACTERS = 2048;
/** As of a user's attachment. Characters. */
const TITLE_CHARACTERS = 2000;

/** What a visitor may attach: files that they have uploaded. */
const attachmentSchema = z
  .object({
    file_id: uuidField(),
    title: textField({ max: TITLE_CHARACTERS, blank: true }).nullish(),
  })
  .openapi('NewVisitorAttachment');

/**
 * What a visitor may post (Chats API, Chat message response actions): a text, or with `type` `action` the response to
 * an attachment. The hub itself knows the text of a response.
 */
export const postMessageSchema = z
  .object({
    type: z.enum(['msg', 'action']).optional().openapi({ default: 'msg' }),
    // The hub sets the text of a response. Other fields are ignored.
    message: messageText(MESSAGE_CHARACTERS).openapi({ description: 'It may be empty when there are attachments.' }),
    attachments: z
      .array(attachmentSchema)
      .max(FILES_OF_A_MESSAGE)
      .nullish()
      .openapi({ description: 'Extension: files that the visitor has uploaded. Of a `msg` only.' }),
    response_to_message_id: uuidField().nullish(),
    response_to_attachment_id: uuidField().nullish(),
    response_to_action_id: uuidField().nullish(),
    response_value: textField({ max: VALUE_CHARACTERS, blank: true }).nullish(),
    response_text: textField({ max: MESSAGE_CHARACTERS, blank: true }).nullish(),
  })
  .openapi('PostMessageAsVisitor')
  .transform((payload, context) => contentOf(payload, context));

const EMPTY_ATTACHMENT: NewAttachment = {
  title: null,
  title_link_url: null,
  text: null,
  image_url: null,
  image_link_url: null,
  actions: [],
  interaction_id: null,
  attachment_url: null,
  parameters: null,
};

type Payload = {
  type?: 'msg' | 'action' | undefined;
  message?: unknown;
  attachments?: { file_id: string; title?: string | null | undefined }[] | null | undefined;
  response_to_message_id?: string | null | undefined;
  response_to_attachment_id?: string | null | undefined;
  response_to_action_id?: string | null | undefined;
  response_value?: string | null | undefined;
  response_text?: string | null | undefined;
};

/** What a message of a visitor has: a text, which may name files, or a response. */
type Content =
  | { type: 'msg'; message: string; attachments: WantedAttachment[] }
  | Extract<PostVisitorMessage['content'], { type: 'action' }>;

function contentOf(payload: Payload, context: z.RefinementCtx): Content {
  if (payload.type !== 'action') {
    const attachments = (payload.attachments ?? []).map(({ file_id, title = null }) => ({
      ...EMPTY_ATTACHMENT,
      file_id,
      title,
    }));
    return { type: 'msg', message: textOf(payload.message, attachments, MESSAGE_CHARACTERS, context), attachments };
  }
  const { response_to_message_id: message_id, response_to_attachment_id: attachment_id } = payload;
  for (const name of ['response_to_message_id', 'response_to_attachment_id'] as const) {
    if (payload[name] == null) context.addIssue({ code: 'custom', path: [name], message: 'This field is required.' });
  }
  if (message_id == null || attachment_id == null) return z.NEVER;
  return {
    type: 'action',
    message_id,
    attachment_id,
    action_id: payload.response_to_action_id ?? null,
    value: payload.response_value ?? null,
    text: payload.response_text ?? null,
  };
}
