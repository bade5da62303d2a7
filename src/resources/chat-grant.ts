import type { ChatFacts } from './chat.ts';

/**
 * The rooms whose chats somebody sees: all rooms of one organization, or none, and single rooms. What routers and shared rooms
 * lead to (src/directory/read-routed-rooms.ts).
 */
export type RoomSet = { organization_id: string | null; room_ids: readonly string[] };

/**
 * By which right a caller sees chats: the scopes of the Chats API (Chats API) in the form in which threads and lists decide.
 * `is_pending` narrows a reach to the chats that are pending now.
 */
export type ChatGrant =
  | { kind: 'member'; user_id: string }
  | { kind: 'involved'; organization_id: string }
  | { kind: 'reach'; reach: RoomSet; is_pending: boolean }
  /** `room_id` null: in all rooms of their organization. */
  | { kind: 'visitor'; room_id: string | null; visitor_id: string };

/** What a grant asks about a chat's members. */
export type Attendance = { isMember: (userId: string) => boolean; hasMemberOf: (organizationId: string) => boolean };

/** Whether a chat's room lies in the reach. A chat without a room lies in nobody's. */
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
