import type { ChatFacts } from './chat.ts';

/**
 * A set of rooms: all rooms of one organization (or null), and single rooms. Routers and shared rooms define which
 * rooms are routed to a user (directory/read-routed-rooms.ts). Stored and sent under keys such as `reach`.
 */
export type RoomSet = { organization_id: string | null; room_ids: readonly string[] };

/**
 * The right by which a caller sees chats: a scope of the Chats API in the form that threads and lists check.
 * `is_pending` restricts it to chats that are pending now.
 */
export type ChatGrant =
  | { kind: 'member'; user_id: string }
  | { kind: 'involved'; organization_id: string }
  | { kind: 'reach'; reach: RoomSet; is_pending: boolean }
  /** `room_id` null: in all rooms of the visitor's organization. */
  | { kind: 'visitor'; room_id: string | null; visitor_id: string };

/** What a grant needs to know about a chat's members. */
export type Attendance = { isMember: (userId: string) => boolean; hasMemberOf: (organizationId: string) => boolean };

/** Whether a chat's room is in the set. A chat without a room is in none. */
export function isInRoomSet(room: { id: string; organization_id: string } | null, rooms: RoomSet): boolean {
  return room !== null && (room.organization_id === rooms.organization_id || rooms.room_ids.includes(room.id));
}

/** Whether the grant covers the chat, pending or not. */
export function covers(grant: ChatGrant, chat: ChatFacts, attendance: Attendance): boolean {
  switch (grant.kind) {
    case 'member':
      return attendance.isMember(grant.user_id);
    case 'involved':
      return attendance.hasMemberOf(grant.organization_id);
    case 'reach':
      return isInRoomSet(chat.room, grant.reach);
    case 'visitor':
      return (grant.room_id ?? chat.room?.id) === chat.room?.id && chat.visitor_id === grant.visitor_id;
  }
}
