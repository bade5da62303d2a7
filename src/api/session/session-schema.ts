import { z } from '@hono/zod-openapi';
import { SCOPES } from '../../directory/tokens.ts';
import { isoTimeSchema } from '../../http/fields.ts';
import { userSchema } from '../shared/user-schemas.ts';

export const sessionSchema = z
  .object({
    user: userSchema,
    organization_id: z.string().openapi({ format: 'uuid' }),
    scopes: z.array(z.enum(SCOPES)),
    expires_at: isoTimeSchema.openapi({
      description: 'When the session ends unless it is asked for again. It never lives longer than 30 days.',
    }),
  })
  .openapi('Session');
