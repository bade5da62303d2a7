import { z } from '@hono/zod-openapi';
import type { OrganizationRow, RoomRow, TokenRow, UserRow } from '../../db/rows.ts';
import { SCOPES } from '../../directory/tokens.ts';
import { userFacts, userProfile } from '../../directory/users.ts';
import {
  integerField,
  isoTimeSchema,
  messageListDays,
  pathId,
  textField,
  timeField,
  uuidField,
  webUrlField,
} from '../../http/fields.ts';
import { isDay, isoTime, isoTimeOrNull } from '../../resources/clock.ts';
import { nestedUser } from '../../resources/user.ts';

const NAME_LENGTH = 255;
const URL_LENGTH = 2048;

export const organizationPath = z.object({ organization_id: pathId('organization_id') });
export const userPath = organizationPath.extend({ user_id: pathId('user_id') });
export const roomPath = organizationPath.extend({ room_id: pathId('room_id') });
export const tokenPath = userPath.extend({ token_id: pathId('token_id') });

/** A new resource may bring its own id, so that a set-up can be repeated elsewhere with the same ids. */
const chosenId = { id: uuidField().optional() };

const organizationFields = z.object({
  name: textField({ max: NAME_LENGTH }),
  has_active_subscription: z.boolean(),
  private_chats: z.boolean(),
  private_chat_history: z.boolean(),
  message_list_days: messageListDays,
});
export const organizationChanges = organizationFields.partial();
export const newOrganization = organizationChanges.required({ name: true }).extend(chosenId);

export const organizationSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    has_active_subscription: z.boolean(),
    private_chats: z.boolean(),
    private_chat_history: z.boolean(),
    message_list_days: z.int().nullable(),
    created_at: isoTimeSchema,
    updated_at: isoTimeSchema,
  })
  .openapi('AdminOrganization');

export function organizationResource(row: OrganizationRow): z.infer<typeof organizationSchema> {
  return {
    id: row.id,
    name: row.name,
    has_active_subscription: row.has_active_subscription === 1,
    private_chats: row.private_chats === 1,
    private_chat_history: row.private_chat_history === 1,
    message_list_days: row.message_list_days,
    created_at: isoTime(row.created_at),
    updated_at: isoTime(row.updated_at),
  };
}

const userFields = z.object({
  first_name: textField({ max: NAME_LENGTH }),
  last_name: textField({ max: NAME_LENGTH, blank: true }),
  alias: textField({ max: NAME_LENGTH }).nullable(),
  avatar_url: webUrlField({ max: URL_LENGTH }).nullable(),
  email: textField({ max: 254 })
    .refine((text) => /^[^\s@]+@[^\s@]+$/.test(text), 'Enter a valid email address.')
    .nullable(),
  is_bot: z.boolean(),
  is_staff: z.boolean(),
  title: textField({ max: NAME_LENGTH }).nullable(),
  phone: textField({ max: 64 }).nullable(),
  gender: textField({ max: 64 }).nullable(),
  birthday: z.string().refine(isDay, 'Date has wrong format. Use YYYY-MM-DD.').nullable(),
  is_online_enabled: z.boolean(),
});
export const userChanges = userFields.partial();
export const newUser = userChanges.required({ first_name: true }).extend(chosenId);

export const userSchema = z
  .object({
    id: z.string(),
    first_name: z.string(),
    last_name: z.string(),
    full_name: z.string(),
    organization_id: z.string(),
    avatar_id: z.string().nullable(),
    avatar: z.object({ id: z.string(), url: z.string() }).nullable(),
    is_bot: z.boolean(),
    is_staff: z.boolean(),
    alias: z.string().nullable(),
    avatar_url: z.string().nullable(),
    email: z.string().nullable(),
    title: z.string().nullable(),
    phone: z.string().nullable(),
    gender: z.string().nullable(),
    birthday: z.string().nullable(),
    is_online_enabled: z.boolean(),
    created_at: isoTimeSchema,
    updated_at: isoTimeSchema,
  })
  .openapi('AdminUser');

export function userResource(row: UserRow): z.infer<typeof userSchema> {
  return {
    ...nestedUser(userFacts(row)),
    alias: row.alias,
    avatar_url: row.avatar_url,
    email: row.email,
    ...userProfile(row),
    is_online_enabled: row.is_online_enabled === 1,
    created_at: isoTime(row.created_at),
    updated_at: isoTime(row.updated_at),
  };
}

/** A chat's lifetime in seconds, a year at most; null: it does not end by itself. */
const lifetime = integerField({ min: 1, max: 31_536_000 }).nullable();

const roomFields = z.object({
  name: textField({ max: NAME_LENGTH }),
  display_name: textField({ max: NAME_LENGTH }),
  language_code: textField({ max: 35 }),
  visitor_chat_idle_ttl: lifetime,
  task_chat_ttl: lifetime,
  require_online: z.boolean(),
  is_open: z.boolean(),
  domain: textField({ max: NAME_LENGTH }).nullable(),
});
export const roomChanges = roomFields.partial();
export const newRoom = roomChanges.required({ name: true }).extend(chosenId);

export const roomSchema = z
  .object({
    id: z.string(),
    organization_id: z.string(),
    name: z.string(),
    display_name: z.string(),
    language_code: z.string(),
    visitor_chat_idle_ttl: z.int().nullable().openapi({ description: 'Seconds without a message; null: never.' }),
    task_chat_ttl: z.int().nullable().openapi({ description: 'Seconds; null: never.' }),
    require_online: z.boolean(),
    is_open: z.boolean(),
    domain: z.string().nullable(),
    created_at: isoTimeSchema,
    updated_at: isoTimeSchema,
  })
  .openapi('AdminRoom');

export function roomResource(row: RoomRow): z.infer<typeof roomSchema> {
  return {
    id: row.id,
    organization_id: row.organization_id,
    name: row.name,
    display_name: row.display_name,
    language_code: row.language_code,
    visitor_chat_idle_ttl: row.visitor_chat_idle_ttl,
    task_chat_ttl: row.task_chat_ttl,
    require_online: row.require_online === 1,
    is_open: row.is_open === 1,
    domain: row.domain,
    created_at: isoTime(row.created_at),
    updated_at: isoTime(row.updated_at),
  };
}

export const newTokenBody = z.object({
  scopes: z.array(z.enum(SCOPES)).max(SCOPES.length).optional(),
  label: textField({ max: NAME_LENGTH, blank: true }).optional(),
  expires_at: timeField()
    .nullish()
    .openapi({ type: ['string', 'null'] }),
});

export const tokenSchema = z
  .object({
    id: z.string(),
    user_id: z.string(),
    organization_id: z.string(),
    label: z.string(),
    scopes: z.array(z.enum(SCOPES)),
    expires_at: isoTimeSchema.nullable(),
    revoked_at: isoTimeSchema.nullable(),
    created_at: isoTimeSchema,
  })
  .openapi('AdminToken');

export const createdTokenSchema = tokenSchema
  .extend({ token: z.string().openapi({ description: 'The token itself: shown this once and stored nowhere.' }) })
  .openapi('AdminCreatedToken');

export function tokenResource(row: TokenRow): z.infer<typeof tokenSchema> {
  return {
    id: row.id,
    user_id: row.user_id,
    organization_id: row.organization_id,
    label: row.label,
    scopes: JSON.parse(row.scopes) as (typeof SCOPES)[number][],
    expires_at: isoTimeOrNull(row.expires_at),
    revoked_at: isoTimeOrNull(row.revoked_at),
    created_at: isoTime(row.created_at),
  };
}

/** A flag as D1 stores it; undefined stays undefined. */
export function flag(value: boolean): 0 | 1;
export function flag(value: boolean | undefined): 0 | 1 | undefined;
export function flag(value: boolean | undefined): 0 | 1 | undefined {
  return value === undefined ? undefined : value ? 1 : 0;
}
