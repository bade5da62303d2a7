import { z } from '@hono/zod-openapi';
import { isoTimeSchema } from '../../http/fields.ts';

/** The schemas of users and organizations, nested in other objects and on their own. */

const id = z.string().openapi({ format: 'uuid' });
const textOrNull = z.string().nullable();

export const avatarSchema = z.object({ id: z.string(), url: z.string() });

export const nestedOrganizationSchema = z.object({ id, name: z.string() });

const nestedUserFields = {
  id,
  first_name: z.string(),
  last_name: z.string(),
  full_name: z.string(),
  organization_id: id,
  avatar_id: textOrNull,
  avatar: avatarSchema.nullable(),
  is_bot: z.boolean(),
  is_staff: z.boolean(),
};

export const nestedUserSchema = z.object(nestedUserFields).openapi('NestedUser');

/** A union, because the generator documents `.nullable()` of a named schema as a schema that no value fits. */
export const nestedUserOrNull = z.union([nestedUserSchema, z.null()]);

export const userSchema = z
  .object({
    ...nestedUserFields,
    email: textOrNull.openapi({ description: 'Null for bots.' }),
    organization: nestedOrganizationSchema,
    alias: textOrNull,
    title: textOrNull,
    phone: textOrNull,
    gender: textOrNull,
    birthday: textOrNull.openapi({ format: 'date' }),
    extension: textOrNull.openapi({ description: 'Extension: by which JSON-RPC names the user.' }),
    did: textOrNull.openapi({
      description: 'Extension: the direct number of the user, by which JSON-RPC names them too.',
    }),
    is_manager: z.boolean().openapi({ description: 'Deprecated: always false.' }),
    is_online_enabled: z.boolean(),
    is_present: z.boolean(),
    is_online: z.boolean(),
    current_chat_count: z.int().min(0),
    is_deleted: z.boolean(),
    deleted_at: isoTimeSchema.nullable(),
    created_at: isoTimeSchema,
    updated_at: isoTimeSchema,
  })
  .openapi('User');

export const preferencesSchema = z
  .object({
    chat_capacity: z.int().min(0).nullable(),
    ui_language_code: z.string(),
    console: z.record(z.string(), z.unknown()).openapi({ description: 'What the user’s console keeps.' }),
  })
  .openapi('UserPreferences');
