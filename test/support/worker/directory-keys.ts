/** The keys of the console's objects, as clients index them. */

export const USER_KEYS = [
  'alias',
  'avatar',
  'avatar_id',
  'birthday',
  'created_at',
  'current_chat_count',
  'deleted_at',
  'email',
  'first_name',
  'full_name',
  'gender',
  'id',
  'is_bot',
  'is_deleted',
  'is_manager',
  'is_online',
  'is_online_enabled',
  'is_present',
  'is_staff',
  'last_name',
  'organization',
  'organization_id',
  'phone',
  'title',
  'updated_at',
];

export const ROOM_KEYS = [
  'created_at',
  'display_name',
  'domain',
  'id',
  'is_deleted',
  'is_humans_online',
  'is_online',
  'is_open',
  'is_service_hours_enabled',
  'is_shared',
  'language_code',
  'name',
  'organization',
  'organization_id',
  'service_hours',
  'token',
  'updated_at',
  'updated_by_user',
  'updated_by_user_id',
];

export const TEAM_KEYS = [
  'created_at',
  'created_by_user',
  'created_by_user_id',
  'display_name',
  'group_chat_id',
  'id',
  'is_connected_to_room',
  'is_online',
  'is_present',
  'member_count',
  'name',
  'organization',
  'organization_id',
  'present_member_count',
  'updated_at',
  'updated_by_user',
  'updated_by_user_id',
];

export const TEAM_KEYS_V6 = [...TEAM_KEYS, 'deleted_at', 'is_deleted', 'is_humans_online'].sort();

export const ORGANIZATION_KEYS = [
  'business_id',
  'chat_retention_days',
  'city',
  'country',
  'created_at',
  'email',
  'id',
  'is_humans_online',
  'is_online',
  'is_present',
  'is_renaming_allowed',
  'max_rules_count',
  'message_list_days',
  'name',
  'phone',
  'postal_code',
  'script_tag',
  'street',
  'updated_at',
];

export function keysOf(resource: unknown): string[] {
  return Object.keys(resource as object).sort();
}
