import { z } from '@hono/zod-openapi';
import { isoTimeSchema } from '../../http/fields.ts';
import { avatarSchema } from './user-schemas.ts';

/** The schemas of chats and memberships (Chats API). src/resources makes the objects. */

const id = z.string().openapi({ format: 'uuid' });
const idOrNull = id.nullable();
const textOrNull = z.string().nullable();
const timeOrNull = isoTimeSchema.nullable();
const count = z.int().min(0);

export const chatSchema = z
  .object({
    id,
    token: z.string(),
    chat_type: z.enum(['visitor', 'task', 'external', 'operator', 'group']),
    created_at: isoTimeSchema,
    updated_at: isoTimeSchema,
    ended_at: timeOrNull,
    waiting_started_at: timeOrNull,
    room_id: idOrNull,
    room_name: textOrNull,
    room_organization_id: idOrNull,
    is_private: z.boolean(),
    is_real_conversation: z.boolean(),
    is_autosuggested: z.boolean(),
    is_encrypted: z.boolean(),
    encrypted_symmetric_key: z.string().optional().openapi({
      description:
        'Only of an encrypted chat: its key, for the holder of the organization’s private key. RSA (OAEP, SHA-1) in base64, with line breaks.',
    }),
    is_waiting: z.boolean(),
    is_pending: z.boolean(),
    is_ended: z.boolean(),
    message_count: count,
    user_message_count: count,
    visitor_message_count: count,
    has_messages: z.boolean(),
    has_user_messages: z.boolean(),
    has_visitor_messages: z.boolean(),
    first_visitor_message_url: textOrNull,
    first_visitor_message_url_title: textOrNull,
    autosuggest_url: z.string().nullable(),
    autosuggest_url_title: z.string().nullable(),
    tag_count: count,
    member_count: count,
    user_member_count: count,
    visitor_member_count: count,
    present_participant_count: count,
    present_user_participant_count: count,
    present_visitor_participant_count: count,
    visitor_wait_time: z.number().nullable().openapi({ description: 'Seconds.' }),
    duration: z.number().nullable().openapi({ description: 'Seconds.' }),
    active_duration: z.number().nullable().openapi({ description: 'Seconds.' }),
    legacy_conversation_state: z.string(),
    legacy_room_id: textOrNull,
  })
  .openapi('Chat');

export const membershipSchema = z
  .object({
    member_id: z.string(),
    member_type: z.enum(['user', 'visitor']),
    member_name: textOrNull,
    member_public_name: textOrNull,
    member_avatar: avatarSchema.nullable(),
    member_organization_id: idOrNull,
    chat_id: id,
    room_id: idOrNull,
    room_organization_id: idOrNull,
    created_at: isoTimeSchema,
    last_seen_at: timeOrNull,
    updated_at: isoTimeSchema,
    chat_created_at: isoTimeSchema,
    is_bot: z.boolean(),
    is_user_deleted: z.boolean(),
    is_participating: z.boolean(),
    is_present: z.boolean(),
    composing_status: z.enum(['idle', 'typing', 'typed']),
    message_count: count,
    legacy_member_id: z.string(),
  })
  .openapi('ChatMembership');
