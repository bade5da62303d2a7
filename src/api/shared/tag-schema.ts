import { z } from '@hono/zod-openapi';
import { isoTimeSchema } from '../../http/fields.ts';

/** A tag of a chat, or one that a room allows (Chats API, Chat tags). */
export const tagSchema = z
  .object({
    name: z.string(),
    created_at: isoTimeSchema,
    hashed_name: z.string().openapi({ description: 'SHA-1 of the name, in hex.' }),
    room_id: z.string().nullable().openapi({ format: 'uuid' }),
  })
  .openapi('Tag');
