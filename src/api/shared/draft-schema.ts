import { z } from '@hono/zod-openapi';
import { isoTimeSchema } from '../../http/fields.ts';

/** What a user has begun to write in a chat. */
export const draftSchema = z
  .object({
    chat_id: z.string().openapi({ format: 'uuid' }),
    message: z.string(),
    updated_at: isoTimeSchema,
  })
  .openapi('Draft');
