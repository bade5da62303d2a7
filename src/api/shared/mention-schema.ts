import { z } from '@hono/zod-openapi';
import { isoTimeSchema } from '../../http/fields.ts';

const id = z.string().openapi({ format: 'uuid' });

/** That a note about a chat mentions a user. */
export const mentionSchema = z.object({ chat_id: id, note_id: id, created_at: isoTimeSchema }).openapi('Mention');
