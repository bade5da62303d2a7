import { isoTime, isoTimeOrNull } from './clock.ts';
import { nestedUser, type UserFacts } from './user.ts';

/** The invitee: a user, a team or an organization. */
export type Invitee = {
  kind: 'user' | 'team' | 'organization';
  id: string;
  name: string;
  /** The organization of the user or team, or the organization itself. Missing in events of the first versions. */
  organization_id?: string;
};

/** An invitation to a chat as its thread stores it. Times in ms. */
export type InvitationFacts = {
  id: string;
  invitee: Invitee;
  invited_by_user: UserFacts;
  accepted_by_user: UserFacts | null;
  created_at: number;
  updated_at: number;
  accepted_at: number | null;
  expired_at: number | null;
};

/** Whether an invitation may still be accepted: it is neither accepted nor expired. */
export function isOpenInvitation(invitation: InvitationFacts): boolean {
  return invitation.accepted_at === null && invitation.expired_at === null;
}

/** The part of its chat that an invitation shows. */
export type InvitationChat = {
  id: string;
  room_id: string | null;
  user_member_count: number;
  visitor_member_count: number;
};

/** The invitation as the Chats API shows it (Chats API, Chat invitations). */
export function invitationResource(invitation: InvitationFacts, chat: InvitationChat) {
  const { invitee, invited_by_user, accepted_by_user } = invitation;
  const idOf = (kind: Invitee['kind']) => (invitee.kind === kind ? invitee.id : null);
  return {
    id: invitation.id,
    is_accepted: invitation.accepted_at !== null,
    is_expired: invitation.expired_at !== null,
    invited_by_user_id: invited_by_user.id,
    invited_by_user: nestedUser(invited_by_user),
    chat_id: chat.id,
    room_id: chat.room_id,
    invited_user_id: idOf('user'),
    invited_team_id: idOf('team'),
    invited_organization_id: idOf('organization'),
    invitee_name: invitee.name,
    accepted_by_user_id: accepted_by_user?.id ?? null,
    accepted_by_user: accepted_by_user === null ? null : nestedUser(accepted_by_user),
    user_member_count: chat.user_member_count,
    visitor_member_count: chat.visitor_member_count,
    created_at: isoTime(invitation.created_at),
    updated_at: isoTime(invitation.updated_at),
    accepted_at: isoTimeOrNull(invitation.accepted_at),
    expired_at: isoTimeOrNull(invitation.expired_at),
  };
}
