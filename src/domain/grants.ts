import { isPending } from '../resources/chat.ts';
import {
  type Belonging,
  type ChatGrant,
  isInRoomSet,
  type MemberRooms,
  type RoomSet,
  silenceHolds,
} from '../resources/chat-grant.ts';
import type { InvitationFacts } from '../resources/invitation.ts';
import type { MemberFacts } from '../resources/membership.ts';
import type { UserFacts } from '../resources/user.ts';
import type { ThreadRefusal } from './refusals.ts';
import { type ChatState, memberIn, membersIn } from './state.ts';

/**
 * Why a chat is refused to the holder of a grant; null when the grant covers it. For them the chat does not exist, so
 * each of these is a 404. One rule for commands and for reads. The grant must have the rooms of a silent member.
 */
export function grantRefusal(chat: ChatState, grant: ChatGrant): ThreadRefusal | null {
  const { facts } = chat;
  switch (grant.kind) {
    case 'member': {
      const member = userMemberOf(chat, grant.user_id);
      const belongs = belonging(member === null ? [] : [member]);
      const refusal = silenceRefusal(chat, belongs, member?.organization_id ?? null, grant.rooms?.reach);
      return refusal === 'none' ? { reason: 'not_a_member' } : refusal;
    }
    case 'involved': {
      const { organization_id, reach } = grant;
      const belongs = belonging(membersOf(chat, organization_id));
      // Their texts depend on the rooms even when somebody takes part (`textsSince`).
      const isPartners = facts.room !== null && !isOwn(chat, grant);
      if (isPartners && belongs !== null && reach === undefined) return { reason: 'rooms_needed' };
      const refusal = silenceRefusal(chat, belongs, organization_id, reach);
      return refusal === 'none' ? { reason: 'chat_not_found' } : refusal;
    }
    case 'reach':
      if (!isInRoomSet(facts.room, grant.reach)) return { reason: 'not_routed' };
      return grant.is_pending && !isPending(facts) ? { reason: 'not_pending' } : null;
    case 'visitor': {
      const isThere = (grant.room_id ?? facts.room?.id) === facts.room?.id && facts.visitor_id === grant.visitor_id;
      return isThere ? null : { reason: 'chat_not_found' };
    }
    case 'invitee': {
      const isInvited = [...chat.invitations.values()].some(({ facts: { invitee } }) => grant.ids.includes(invitee.id));
      return isInvited ? null : { reason: 'chat_not_found' };
    }
  }
}

/**
 * From when on (ms) the holder of a grant may read texts; null: all of them. With private history a member who does not
 * take part reads from the start of the membership on, or a silent join would open what routing keeps closed. The
 * colleagues of a partner's user who takes part read from the start of that membership on, unless the room is shared
 * with them and its history too. The grant covers the chat.
 */
export function textsSince(chat: ChatState, grant: ChatGrant): number | null {
  if (grant.kind === 'involved') {
    const { organization_id, reach } = grant;
    if (isOwn(chat, grant) || (reach !== undefined && isInRoomSet(chat.facts.room, reach))) return null;
    const open = membersOf(chat, organization_id).filter(({ is_participating }) => is_participating);
    return Math.min(...open.map(({ created_at }) => created_at));
  }
  if (grant.kind !== 'member') return null;
  const member = userMemberOf(chat, grant.user_id);
  const isSilent = member !== null && !member.is_participating && chat.facts.room !== null;
  if (!isSilent || (grant.rooms !== undefined && isInRoomSet(chat.facts.room, grant.rooms.history))) return null;
  return member.created_at;
}

/**
 * Why the holder of a grant may not make a user take part who does not yet; null when they may. One user who takes part
 * shows a partner's organization the chat, but with others the access would never end after the sharing of the room.
 * The grant covers the chat.
 */
export function additionRefusal(chat: ChatState, grant: ChatGrant): ThreadRefusal | null {
  if (grant.kind !== 'involved' || chat.facts.room === null) return null;
  const refusal = silenceRefusal(chat, 'silent', grant.organization_id, grant.reach);
  return refusal === 'none' ? { reason: 'chat_not_found' } : refusal;
}

/**
 * Why a user may not accept an open invitation; null when they may. It is worth as much as the membership of who sent it:
 * a partner's user who only listens, or has left, lets in their organization while the room is shared, and nobody lets
 * in themselves. `rooms`: those of the user, if they are known.
 */
export function invitationRefusal(
  chat: ChatState,
  { invited_by_user: inviter }: InvitationFacts,
  user: UserFacts,
  rooms: MemberRooms | undefined,
): ThreadRefusal | null {
  const { organization_id } = user;
  const isTheirOwn = inviter.id === user.id || (inviter.organization_id === organization_id && !isOwn(chat, user));
  if (!isTheirOwn || userMemberOf(chat, inviter.id)?.is_participating === true) return null;
  const refusal = silenceRefusal(chat, 'silent', organization_id, rooms?.reach);
  return refusal === 'none' ? { reason: 'invitation_expired' } : refusal;
}

function membersOf(chat: ChatState, organizationId: string): MemberFacts[] {
  return membersIn(chat).filter((member) => member.organization_id === organizationId);
}

function isOwn({ facts }: ChatState, { organization_id }: { organization_id: string }): boolean {
  return facts.organization_id === organization_id;
}

/** Null: the grant covers the chat. `none`: nobody of them is a member for whom it may. */
function silenceRefusal(
  { facts }: ChatState,
  belongs: Belonging,
  organizationId: string | null,
  reach: RoomSet | undefined,
): ThreadRefusal | 'none' | null {
  if (belongs === 'open') return null;
  if (belongs === null) return 'none';
  if (facts.room !== null && reach === undefined) return { reason: 'rooms_needed' };
  return silenceHolds(facts, organizationId, reach ?? NO_ROOMS) ? null : 'none';
}

const NO_ROOMS: RoomSet = { organization_id: null, room_ids: [] };

/** How these members belong to their chat together. */
export function belonging(members: readonly MemberFacts[]): Belonging {
  if (members.some(({ is_participating }) => is_participating)) return 'open';
  return members.length > 0 ? 'silent' : null;
}

function userMemberOf(chat: ChatState, userId: string): MemberFacts | null {
  const member = memberIn(chat, userId);
  return member?.member_type === 'user' ? member : null;
}
