import { z } from '@hono/zod-openapi';
import { isoTimeSchema } from '../../http/fields.ts';
import { nestedUserSchema } from './user-schemas.ts';

const id = z.string().openapi({ format: 'uuid' });

export const replySuggestionSchema = z
  .object({
    id,
    created_by_user_id: id,
    created_by_user: nestedUserSchema,
    updated_by_user_id: id,
    updated_by_user: nestedUserSchema,
    chat_id: id,
    message_id: id,
    room_id: id.nullable(),
    organization_id: id,
    created_at: isoTimeSchema,
    updated_at: isoTimeSchema,
    suggestion: z.string(),
    relevancy_score: z.number().nullable(),
    target_organization: z.null(),
  })
  .openapi('ReplySuggestion');
