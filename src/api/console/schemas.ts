import { z } from '@hono/zod-openapi';
import { isoTimeSchema } from '../../http/fields.ts';

/** The objects of the console API as its answers document them. The resources are made in src/resources. */

const id = z.string().openapi({ format: 'uuid' });
const idOrNull = id.nullable();
const textOrNull = z.string().nullable();
const count = z.int().min(0);

const nestedOrganization = z.object({ id, name: z.string() });
const avatar = z.object({ id: z.string(), url: z.string() }).nullable();

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
  .openapi('ConsoleNestedUser');

export const userSchema = z
  .object({
    id,
    email: textOrNull.openapi({ description: 'Null for bots.' }),
    organization_id: id,
    organization: nestedOrganization,
    first_name: z.string(),
    last_name: z.string(),
    full_name: z.string(),
    alias: textOrNull,
    title: textOrNull,
    phone: textOrNull,
    gender: textOrNull,
    birthday: textOrNull.openapi({ format: 'date' }),
    avatar_id: textOrNull,
    avatar,
    is_manager: z.boolean().openapi({ description: 'Deprecated: always false.' }),
    is_staff: z.boolean(),
    is_bot: z.boolean(),
    is_online_enabled: z.boolean(),
    is_present: z.boolean(),
    is_online: z.boolean(),
    current_chat_count: count,
    is_deleted: z.boolean(),
    deleted_at: isoTimeSchema.nullable(),
    created_at: isoTimeSchema,
    updated_at: isoTimeSchema,
  })
  .openapi('User');

export const preferencesSchema = z
  .object({ chat_capacity: count.nullable(), ui_language_code: z.string() })
  .openapi('UserPreferences');

export const roomSchema = z
  .object({
    id,
    token: z.string(),
    organization_id: id,
    organization: nestedOrganization,
    domain: textOrNull,
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
    updated_by_user_id: idOrNull,
    updated_by_user: nestedUser.nullable(),
  })
  .openapi('Room');

export const tagSchema = z
  .object({ name: z.string(), created_at: isoTimeSchema, hashed_name: z.string(), room_id: idOrNull })
  .openapi('AllowedTag');

const teamFields = {
  id,
  organization_id: id,
  organization: nestedOrganization,
  name: z.string(),
  display_name: z.string(),
  member_count: count,
  present_member_count: count,
  is_online: z.boolean(),
  is_present: z.boolean(),
  is_connected_to_room: z.boolean(),
  group_chat_id: z.null(),
  created_by_user_id: idOrNull,
  created_by_user: nestedUser.nullable(),
  updated_by_user_id: idOrNull,
  updated_by_user: nestedUser.nullable(),
  created_at: isoTimeSchema,
  updated_at: isoTimeSchema,
};

export const teamSchema = z.object(teamFields).openapi('Team');

export const teamSchemaV6 = z
  .object({
    ...teamFields,
    is_humans_online: z.boolean(),
    is_deleted: z.boolean(),
    deleted_at: isoTimeSchema.nullable(),
  })
  .openapi('TeamV6');

export const teamMemberSchema = z
  .object({ team_id: id, user_id: id, user: nestedUser, created_at: isoTimeSchema })
  .openapi('TeamMembership');

export const organizationSchema = z
  .object({
    id,
    name: z.string(),
    email: textOrNull,
    phone: textOrNull,
    street: textOrNull,
    postal_code: textOrNull,
    city: textOrNull,
    country: textOrNull,
    business_id: textOrNull,
    script_tag: z.null(),
    is_online: z.boolean(),
    is_humans_online: z.boolean(),
    is_present: z.boolean(),
    max_rules_count: z.null(),
    message_list_days: z.int().nullable(),
    created_at: isoTimeSchema,
    updated_at: isoTimeSchema,
  })
  .openapi('Organization');
