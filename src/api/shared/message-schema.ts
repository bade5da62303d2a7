import { z } from '@hono/zod-openapi';
import { isoTimeSchema } from '../../http/fields.ts';
import { ACTION_STYLES } from '../../resources/attachment.ts';
import { REPORTED_STATES } from '../../resources/message.ts';
import { fileFields } from './file-schemas.ts';
import { avatarSchema } from './user-schemas.ts';

/** The schema of a message (Chats API, Chat messages, Chat message attachments). */

const id = z.string().openapi({ format: 'uuid' });
const idOrNull = id.nullable();
const textOrNull = z.string().nullable();
const linkTarget = z.enum(['_blank', '_parent']).optional();

const actionSchema = z
  .object({
    id,
    text: z.string(),
    type: z.enum(['button', 'link_button']),
    link_target: linkTarget,
    value: z.string(),
    style: z.enum(ACTION_STYLES),
    is_disabled_on_selection: z.boolean(),
    is_disabled_on_visitor_message: z.boolean(),
  })
  .openapi('ChatMessageAction');

export const attachmentSchema = z
  .object({
    id,
    title: textOrNull,
    title_link_url: textOrNull,
    text: textOrNull,
    image_url: textOrNull,
    image_link_url: textOrNull,
    link_target: linkTarget,
    actions: z.array(actionSchema),
    interaction_id: idOrNull,
    attachment_url: textOrNull,
    parameters: z.record(z.string(), z.unknown()).nullable(),
    file: z.object(fileFields).optional().openapi({
      description:
        'Extension: the file, if there is one. `title_link_url`, and for some images `image_url`, then give it until they expire.',
    }),
  })
  .openapi('ChatMessageAttachment');

const callSchema = z
  .object({
    direction: z.enum(['inbound', 'outbound']),
    caller: z.string(),
    called: z.string(),
    duration: z.int().nullable(),
    subject: textOrNull,
    summary: textOrNull,
    transcription: textOrNull,
  })
  .openapi({ description: 'Extension: of a message of the type `call_ended`, the record of a call.' });

const selectedSuggestion = z.object({ id, suggestion: z.string(), relevancy_score: z.number().nullable() });

export const messageSchema = z
  .object({
    id,
    type: z.enum([
      'msg',
      'autosuggest',
      'join',
      'leave',
      'shoppingcart_locked',
      'action',
      'call_request',
      'call_ended',
      'interaction_submit',
      'system',
      'tag_created',
    ]),
    chat_id: id,
    room_id: idOrNull,
    created_at: isoTimeSchema,
    sender_type: z.enum(['user', 'visitor']),
    sender_id: z.string(),
    sender_public_name: textOrNull,
    sender_name: textOrNull,
    sender_avatar: avatarSchema.nullable(),
    message: textOrNull,
    is_encrypted: z.boolean(),
    encrypted_message: textOrNull.optional().openapi({
      description:
        'Only in an encrypted chat, of a message with a text: the text, encrypted with the key of the chat, in base64 with line breaks. Null once the message was deleted or purged.',
    }),
    is_edited: z.boolean(),
    deleted_at: isoTimeSchema.nullable().openapi({
      description: 'Extension: when its sender deleted it. Its text is then null, and its attachments are empty.',
    }),
    sensitive_data_purged_at: isoTimeSchema.nullable(),
    selected_reply_suggestion_id: idOrNull,
    selected_reply_suggestion: selectedSuggestion.nullable(),
    attachments: z.array(attachmentSchema),
    attachment_template: z.enum(['generic', 'interaction', 'external']).nullable(),
    response_to_message_id: idOrNull,
    response_to_attachment_id: idOrNull,
    response_to_attachment: z.union([attachmentSchema, z.null()]),
    response_to_action_id: idOrNull,
    response_to_action: z.union([actionSchema, z.null()]),
    response_text: textOrNull,
    response_value: textOrNull,
    call: callSchema.optional(),
    delivery_status: z.enum(['stored', ...REPORTED_STATES]).openapi({
      description:
        'Extension: the highest state that the channel has reported. Without a report `failed` when the webhook was given up, else `stored`.',
    }),
    delivered_at: isoTimeSchema.nullable(),
    read_at: isoTimeSchema.nullable(),
    failure_reason: textOrNull.openapi({
      description:
        'Why the delivery has failed: in the words of the channel, or the last status or error of the webhook.',
    }),
    external_sender_id: z.string().optional().openapi({
      description:
        'Extension: the sender id with which a message came through a channel, of somebody whom the hub does not know.',
    }),
    lang: z.string().optional().openapi({ description: 'Extension: the language that the threads API was told.' }),
    subject: z.string().optional().openapi({ description: 'Extension: the subject that the threads API was told.' }),
  })
  .openapi('ChatMessage');
