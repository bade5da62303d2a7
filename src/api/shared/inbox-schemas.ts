import { z } from '@hono/zod-openapi';
import { isoTimeSchema } from '../../http/fields.ts';
import { type COUNTED_VIEWS, LARGEST_COUNT, ROW_MESSAGE_CHARACTERS, ROW_PARTICIPANTS } from '../../resources/inbox.ts';
import { REPORTED_STATES } from '../../resources/message.ts';
import { chatSchema } from './chat-schemas.ts';
import { draftSchema } from './draft-schema.ts';
import { mentionSchema } from './mention-schema.ts';
import { avatarSchema } from './user-schemas.ts';

/** The schemas of an inbox. src/resources/inbox.ts makes the objects. */

const id = z.string().openapi({ format: 'uuid' });
const textOrNull = z.string().nullable();
const count = z.int().min(0);

const participantSchema = z.object({
  member_id: id,
  member_name: textOrNull,
  member_public_name: textOrNull,
  member_avatar: avatarSchema.nullable(),
  member_organization_id: id.nullable(),
  is_bot: z.boolean(),
  is_present: z.boolean(),
});

const lastMessageSchema = z.object({
  id,
  created_at: isoTimeSchema,
  sender_type: z.enum(['user', 'visitor']),
  sender_id: z.string(),
  sender_name: textOrNull,
  message: textOrNull.openapi({
    description: `The first ${ROW_MESSAGE_CHARACTERS} characters. Null for a message that was deleted, purged or encrypted.`,
  }),
  is_encrypted: z.boolean(),
  attachment_count: count,
  deleted_at: isoTimeSchema.nullable(),
  delivery_status: z.enum(['stored', ...REPORTED_STATES]),
});

export const inboxRowSchema = z
  .object({
    chat: chatSchema,
    visitor: z.object({ id: z.string(), name: textOrNull, is_present: z.boolean() }).nullable(),
    channel: z
      .object({ id, name: z.string(), messaging_channel: z.string(), thread_id: textOrNull })
      .nullable()
      .openapi({ description: 'The channel through which the chat came, and its thread there.' }),
    last_message: lastMessageSchema.nullable().openapi({
      description:
        'The last message of the type `msg`. Null for none, for a caller who may not read it, in a chat between users, and when D1 keeps it no more (`message_list_days`).',
    }),
    participants: z
      .array(participantSchema)
      .openapi({ description: `Users who take part, at most ${ROW_PARTICIPANTS}.` }),
    own: z.object({
      is_participating: z.boolean(),
      last_seen_at: isoTimeSchema.nullable(),
      unread_count: count.nullable().openapi({
        description:
          'Messages of others since the user’s `last_seen_at` had reached the newest one. Null for who is no member.',
      }),
      message_count: count.nullable().openapi({ description: 'Messages of the user. Null for who is no member.' }),
    }),
    tags: z.array(z.string()),
    draft: z
      .union([draftSchema, z.null()])
      .openapi({ description: `What the user has begun to write; its first ${ROW_MESSAGE_CHARACTERS} characters.` }),
    mention: z
      .union([mentionSchema, z.null()])
      .openapi({ description: 'The newest note that mentions the user, who has not opened the chat since.' }),
  })
  .openapi('InboxRow');

const largest = z.int().min(0).max(LARGEST_COUNT);
export const inboxCountsSchema = z
  .object({ waiting: largest, mine: largest, mentioned: largest, open: largest, bot: largest } satisfies {
    [View in (typeof COUNTED_VIEWS)[number]]: z.ZodType;
  })
  .openapi('InboxCounts');
