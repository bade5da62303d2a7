import type { RoomSet } from '../resources/chat-grant.ts';

/**
 * The SQL of the rule `silenceHolds` (resources/chat-grant.ts), over a joined row `chat`. `parameter` is the placeholder
 * of `silenceParameter`.
 */
export function silenceHoldsSql(parameter: string): string {
  return `CASE WHEN chat.room_id IS NULL THEN chat.organization_id = ${parameter} ->> '$.own'
    ELSE ${inRoomsSql(parameter)} END`;
}

/** The organization of the members, and the rooms in which their silent memberships hold, as one parameter. */
export function silenceParameter(organizationId: string, reach: RoomSet): string {
  return JSON.stringify({ own: organizationId, whole: reach.organization_id, rooms: reach.room_ids });
}

/** The SQL of the rule `isInRoomSet` in the same way, of a chat with a room. `parameter`: of `roomsParameter`. */
export function inRoomsSql(parameter: string): string {
  return `(chat.organization_id IS ${parameter} ->> '$.whole'
      OR chat.room_id IN (SELECT value FROM json_each(${parameter}, '$.rooms')))`;
}

/** A set of rooms as one parameter. */
export function roomsParameter(rooms: RoomSet): string {
  return JSON.stringify({ whole: rooms.organization_id, rooms: rooms.room_ids });
}
