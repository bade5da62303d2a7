import { z } from '@hono/zod-openapi';
import { chatSchema, membershipSchema } from '../shared/chat-schemas.ts';
import { messageSchema } from '../shared/message-schema.ts';
import { avatarSchema } from '../shared/user-schemas.ts';

/** The objects of the Chats API as visitors see them (src/resources/as-visitors-see.ts). */

export const visitorChatSchema = chatSchema
  .omit({
    room_name: true,
    is_private: true,
    is_pending: true,
    is_real_conversation: true,
    tag_count: true,
    visitor_wait_time: true,
    duration: true,
    active_duration: true,
    legacy_conversation_state: true,
    legacy_room_id: true,
  })
  .openapi('PublicChat');

export const visitorMessageSchema = messageSchema.omit({ sender_name: true }).openapi('PublicChatMessage');

export const visitorMembershipSchema = membershipSchema.omit({ member_name: true }).openapi('PublicChatMembership');

export const publicRoomSchema = z
  .object({
    id: z.string().openapi({ format: 'uuid' }),
    display_name: z.string(),
    language_code: z.string(),
    is_online: z.boolean(),
    is_open: z.boolean().openapi({ description: 'Extension: whether the room is open now.' }),
    brand: z.null(),
  })
  .openapi('PublicRoom');

export const onlineUserSchema = z
  .object({
    id: z.string().openapi({ format: 'uuid' }),
    public_name: z.string(),
    avatar: avatarSchema.nullable(),
  })
  .openapi('OnlineUser');

/** What a room suggests to a visitor; null for nothing. */
export const offeredAutosuggestionSchema = z
  .object({
    autosuggestion: z
      .object({
        id: z.string().openapi({ format: 'uuid' }),
        message: z.string(),
        language_code: z.string(),
        user: onlineUserSchema,
      })
      .nullable(),
  })
  .openapi('PublicAutosuggestion');

export const roomVisitorSchema = z
  .object({
    id: z.string(),
    room_id: z.string().openapi({ format: 'uuid' }),
    presence_expires_in: z.int().openapi({ description: 'Seconds.' }),
  })
  .openapi('PublicRoomVisitor');
