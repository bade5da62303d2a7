import { z } from '@hono/zod-openapi';
import { isoTimeSchema } from '../../http/fields.ts';

/** The objects of the Chats API as its answers document them (seed 001). The resources themselves are made in src/resources. */

const id = z.string().openapi({ format: 'uuid' });
const idOrNull = id.nullable();
const textOrNull = z.string().nullable();
const timeOrNull = isoTimeSchema.nullable();
const count = z.int().min(0);
const avatar = z.object({ id: z.string(), url: z.string() }).nullable();

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
    is_waiting: z.boolean(),
    is_pending: z.boolean(),
    is_ended: z.boolean(),
    message_count: count,
    user_message_count: count,
    visitor_message_count: count,
    has_messages: z.boolean(),
    has_user_messages: z.boolean(),
    has_visitor_messages: z.boolean(),
    first_visitor_message_url: z.null(),
    first_visitor_message_url_title: z.null(),
    autosuggest_url: z.null(),
    autosuggest_url_title: z.null(),
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
    member_avatar: avatar,
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

const selectedSuggestion = z.object({ id, suggestion: z.string(), relevancy_score: z.number().nullable() });

export const messageSchema = z
  .object({
    id,
    type: z.string(),
    chat_id: id,
    room_id: idOrNull,
    created_at: isoTimeSchema,
    sender_type: z.enum(['user', 'visitor']),
    sender_id: z.string(),
    sender_public_name: textOrNull,
    sender_name: textOrNull,
    sender_avatar: avatar,
    message: textOrNull,
    is_encrypted: z.boolean(),
    is_edited: z.boolean(),
    sensitive_data_purged_at: z.null(),
    selected_reply_suggestion_id: idOrNull,
    selected_reply_suggestion: selectedSuggestion.nullable(),
    attachments: z.array(z.record(z.string(), z.string())),
    attachment_template: z.null(),
    response_to_message_id: z.null(),
    response_to_attachment_id: z.null(),
    response_to_attachment: z.null(),
    response_to_action_id: z.null(),
    response_to_action: z.null(),
    response_text: z.null(),
    response_value: z.null(),
    external_sender_id: z
      .string()
      .optional()
      .openapi({ description: 'Extension: the sender id with which a visitor message came through a channel.' }),
  })
  .openapi('ChatMessage');

const nestedUser = z
  .object({
    id,
    first_name: z.string(),
    last_name: z.string(),
    full_name: z.string(),
    organization_id: id,
    avatar_id: textOrNull,
    avatar,
    is_bot: z.boolean(),
    is_staff: z.boolean(),
  })
  .openapi('NestedUser');

export const replySuggestionSchema = z
  .object({
    id,
    created_by_user_id: id,
    created_by_user: nestedUser,
    updated_by_user_id: id,
    updated_by_user: nestedUser,
    chat_id: id,
    message_id: id,
    room_id: idOrNull,
    organization_id: id,
    created_at: isoTimeSchema,
    updated_at: isoTimeSchema,
    suggestion: z.string(),
    relevancy_score: z.number().nullable(),
    target_organization: z.null(),
  })
  .openapi('ReplySuggestion');

export const variableSchema = z
  .object({ key: z.string(), value: z.string(), created_at: isoTimeSchema, updated_at: isoTimeSchema })
  .openapi('VisitorVariable');
