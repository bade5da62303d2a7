import { isoTime } from './clock.ts';
import { legacyToken } from './legacy-token.ts';
import type { ServiceHours } from './service-hours.ts';
import { nestedUser, type UserFacts } from './user.ts';
import type { NestedOrganization } from './user-account.ts';

/** A room, and whether its routers reach anybody who is online now. Times in ms. */
export type RoomView = {
  id: string;
  organization: NestedOrganization;
  name: string;
  display_name: string;
  language_code: string;
  domain: string | null;
  /** Whether it is shared with a partner organization. */
  is_shared: boolean;
  /** Whether it is open now. */
  is_open: boolean;
  service_hours: ServiceHours | null;
  /** Seconds without a message after which a `visitor` chat ends; null: never. */
  visitor_chat_idle_ttl: number | null;
  /** Seconds after which a `task` chat ends; null: never. */
  task_chat_ttl: number | null;
  /** Whether visitors may start chats only while the room is online. */
  require_online: boolean;
  /** Whether visitors may choose these types for chats that they start. */
  is_task_allowed: boolean;
  is_external_allowed: boolean;
  /** How many days after the end of an encrypted chat the hub forgets its key; null: never. */
  chat_key_ttl_days: number | null;
  /** Whether the room reaches a user who is online, and whether it reaches one who is not a bot. */
  reaches_online: boolean;
  reaches_humans_online: boolean;
  updated_by_user: UserFacts | null;
  is_deleted: boolean;
  created_at: number;
  updated_at: number;
};

/** The room object. A room is online while it is open and reaches a user who is online. */
export function roomResource(room: RoomView) {
  return {
    id: room.id,
    token: legacyToken(room.id),
    organization_id: room.organization.id,
    organization: room.organization,
    domain: room.domain,
    name: room.name,
    display_name: room.display_name,
    is_shared: room.is_shared,
    language_code: room.language_code,
    is_online: room.is_open && room.reaches_online,
    is_humans_online: room.is_open && room.reaches_humans_online,
    is_open: room.is_open,
    is_service_hours_enabled: room.service_hours !== null,
    service_hours: room.service_hours,
    visitor_chat_idle_ttl: room.visitor_chat_idle_ttl,
    task_chat_ttl: room.task_chat_ttl,
    chat_key_ttl_days: room.chat_key_ttl_days,
    is_deleted: room.is_deleted,
    created_at: isoTime(room.created_at),
    updated_at: isoTime(room.updated_at),
    updated_by_user_id: room.updated_by_user?.id ?? null,
    updated_by_user: room.updated_by_user === null ? null : nestedUser(room.updated_by_user),
  };
}

/** The room for the operator of the hub, with the options that only the operator sets. */
export function operatorRoomResource(room: RoomView) {
  return {
    ...roomResource(room),
    require_online: room.require_online,
    is_task_allowed: room.is_task_allowed,
    is_external_allowed: room.is_external_allowed,
  };
}
