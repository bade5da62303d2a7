/**
 * A set of rooms: all rooms of one organization (or null), and single rooms. Routers and shared rooms define which
 * rooms are routed to a user (directory/read-routed-rooms.ts). Stored and sent under keys such as `reach`.
 */
export type RoomSet = { organization_id: string | null; room_ids: readonly string[] };

/**
 * What a member sees of chats in which they do not take part: those in rooms of `reach`, and their earlier texts in rooms
 * of `history`. Who takes part needs neither. `organization_id`: the member's.
 */
export type MemberRooms = { organization_id: string; reach: RoomSet; history: RoomSet };

/**
 * The right by which a caller sees chats: a scope of the Chats API in the form that threads and lists check.
 * `is_pending` restricts it to chats that are pending now. A thread that needs rooms that the grant lacks asks for them
 * (`rooms_needed`): most callers take part, and spare the look-up.
 */
export type ChatGrant =
  | { kind: 'member'; user_id: string; rooms?: MemberRooms | undefined }
  | { kind: 'involved'; organization_id: string; reach?: RoomSet | undefined }
  | { kind: 'reach'; reach: RoomSet; is_pending: boolean }
  /** `room_id` null: in all rooms of the visitor's organization. */
  | { kind: 'visitor'; room_id: string | null; visitor_id: string }
  /** The ids under which somebody may be invited. */
  | { kind: 'invitee'; ids: readonly string[] };

/** How a user or an organization belongs to a chat: takes part in it, or is only a silent member. */
export type Belonging = 'open' | 'silent' | null;

/** Where a chat is: its room, or the organization of a chat without one. */
export type ChatPlace = { room: { id: string; organization_id: string } | null; organization_id: string };

/** Whether a chat's room is in the set. A chat without a room is in none. */
export function isInRoomSet(room: { id: string; organization_id: string } | null, rooms: RoomSet): boolean {
  return room !== null && (room.organization_id === rooms.organization_id || rooms.room_ids.includes(room.id));
}

/**
 * Whether a silent membership gives anything: it does what routing gives, since it is announced to nobody and must end
 * with its reason. A chat without a room is routed to nobody; users of its own organization keep what they left.
 */
export function silenceHolds(place: ChatPlace, organizationId: string | null, reach: RoomSet): boolean {
  return place.room === null ? place.organization_id === organizationId : isInRoomSet(place.room, reach);
}
