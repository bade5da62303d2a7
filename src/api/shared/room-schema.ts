import { z } from '@hono/zod-openapi';
import { isoTimeSchema } from '../../http/fields.ts';
import { nestedOrganizationSchema, nestedUserOrNull } from './user-schemas.ts';

const id = z.string().openapi({ format: 'uuid' });

/** A room as agents and their organization see it. */
export const roomSchema = z
  .object({
    id,
    token: z.string(),
    organization_id: id,
    organization: nestedOrganizationSchema,
    domain: z.string().nullable(),
    name: z.string(),
    display_name: z.string(),
    is_shared: z.boolean(),
    language_code: z.string(),
    is_online: z.boolean(),
    is_humans_online: z.boolean(),
    is_open: z.boolean(),
    is_service_hours_enabled: z.boolean(),
    is_deleted: z.boolean(),
    created_at: isoTimeSchema,
    updated_at: isoTimeSchema,
    updated_by_user_id: id.nullable(),
    updated_by_user: nestedUserOrNull,
  })
  .openapi('Room');
