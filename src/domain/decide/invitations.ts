import type { ChatFacts } from '../../resources/chat.ts';
import { type InvitationFacts, isOpenInvitation } from '../../resources/invitation.ts';
import { resourceIdAt } from '../address.ts';
import type {
  AcceptInvitation,
  DeclineInvitation,
  ExpireInvitation,
  InvitationAccepted,
  InvitationExpired,
  Invite,
  Invited,
} from '../commands.ts';
import { invitationRefusal } from '../grants.ts';
import { hasNoRoom } from '../members.ts';
import type { ThreadRefusal } from '../refusals.ts';
import { type ChatState, memberIn, type ThreadState } from '../state.ts';
import { findChatOf } from './find-chat.ts';
import { setMembership } from './memberships.ts';
import { accept, type Context, type Decision, EventRecorder, refuse, unchanged } from './recorder.ts';

/** The invitations of a chat are read as one list, so their number is limited. */
const INVITATIONS_OF_A_CHAT = 1000;

/**
 * A member invites a user, a team or an organization (Chats API, Send a chat invitation). An invitee with an open
 * invitation is not invited again.
 */
export function invite(state: ThreadState, command: Invite, context: Context): Decision<Invited> {
  const found = findChatOf(state, command);
  if (!found.ok) return found;
  const { facts, invitations } = found.chat;
  if (state.answered?.type === 'invitation_sent') {
    return unchanged(state, { invitation: state.answered.invitation, chat: facts, is_new: true });
  }
  if (facts.ended_at !== null) return refuse({ reason: 'invitation_to_ended_chat' });
  const { invitee } = command;
  const pending = [...invitations.values()].find(
    (each) =>
      isOpenInvitation(each.facts) && each.facts.invitee.kind === invitee.kind && each.facts.invitee.id === invitee.id,
  );
  if (pending !== undefined) return unchanged(state, { invitation: pending.facts, chat: facts, is_new: false });
  if (invitations.size >= INVITATIONS_OF_A_CHAT) return refuse({ reason: 'too_many_invitations' });

  const recorder = new EventRecorder(state, context);
  const invitation: InvitationFacts = {
    id: resourceIdAt(state.name, context.now, recorder.nextSeq),
    invitee,
    invited_by_user: command.actor,
    accepted_by_user: null,
    created_at: context.now,
    updated_at: context.now,
    accepted_at: null,
    expired_at: null,
  };
  recorder.emit(command.chat_id, { type: 'invitation_sent', invitation });
  return accept(recorder, { invitation, chat: recorder.chat(command.chat_id).facts, is_new: true });
}

/** A member withdraws an invitation that they sent (Chats API, Expire a chat invitation). */
export function expireInvitation(
  state: ThreadState,
  command: ExpireInvitation,
  context: Context,
): Decision<InvitationExpired> {
  const found = findChatOf(state, command);
  if (!found.ok) return found;
  const { facts } = found.chat;
  const invitation = found.chat.invitations.get(command.invitation_id)?.facts;
  if (invitation === undefined || invitation.invited_by_user.id !== command.actor.id) {
    return refuse({ reason: 'invitation_not_found' });
  }
  return expire(state, facts, invitation, context);
}

/** The invited user says no. The invitation is closed as if it had been withdrawn. */
export function declineInvitation(
  state: ThreadState,
  command: DeclineInvitation,
  context: Context,
): Decision<InvitationExpired> {
  const chat = state.chats.get(command.chat_id);
  if (chat === undefined) return refuse({ reason: 'chat_not_found' });
  const invitation = chat.invitations.get(command.invitation_id)?.facts;
  if (invitation === undefined || !command.stands_for.includes(invitation.invitee.id)) {
    return refuse({ reason: 'invitation_not_found' });
  }
  if (invitation.invitee.kind !== 'user') return refuse({ reason: 'invitation_of_many' });
  return expire(state, chat.facts, invitation, context);
}

function expire(
  state: ThreadState,
  chat: ChatFacts,
  invitation: InvitationFacts,
  context: Context,
): Decision<InvitationExpired> {
  if (state.answered !== null) return unchanged(state, { invitation, chat });
  const refusal = closedRefusal(invitation);
  if (refusal !== null) return refuse(refusal);
  const recorder = new EventRecorder(state, context);
  recorder.emit(chat.id, { type: 'invitation_expired', invitation_id: invitation.id });
  return accept(recorder, answerOf(recorder.chat(chat.id), invitation.id));
}

/**
 * An invited user accepts an invitation and joins the chat (Chats API, Accept incoming chat invitation). Invitations
 * expire when their chat ends, so an open invitation belongs to an open chat.
 */
export function acceptInvitation(
  state: ThreadState,
  command: AcceptInvitation,
  context: Context,
): Decision<InvitationAccepted> {
  const chat = state.chats.get(command.chat_id);
  if (chat === undefined) return refuse({ reason: 'chat_not_found' });
  const invitation = chat.invitations.get(command.invitation_id)?.facts;
  if (invitation === undefined || !command.stands_for.includes(invitation.invitee.id)) {
    return refuse({ reason: 'invitation_not_found' });
  }
  if (state.answered !== null) return unchanged(state, { invitation, chat: chat.facts });
  const refusal = closedRefusal(invitation);
  if (refusal !== null) return refuse(refusal);

  const { actor, chat_id, is_present, is_full, rooms } = command;
  const unfounded = invitationRefusal(chat, invitation, actor, rooms);
  if (unfounded !== null) return refuse(unfounded);
  if (hasNoRoom(chat, actor.id)) return refuse({ reason: 'too_many_members' });
  const begins = memberIn(chat, actor.id)?.is_participating !== true;
  if (begins && is_full === true) return refuse({ reason: 'chat_capacity_reached' });
  const recorder = new EventRecorder(state, context);
  setMembership(recorder, chat_id, actor, { is_participating: true, is_present });
  recorder.emit(chat_id, { type: 'invitation_accepted', invitation_id: invitation.id, accepted_by_user: actor });
  return accept(recorder, answerOf(recorder.chat(chat_id), invitation.id));
}

function closedRefusal(invitation: InvitationFacts): ThreadRefusal | null {
  if (invitation.accepted_at !== null) return { reason: 'invitation_accepted' };
  return invitation.expired_at === null ? null : { reason: 'invitation_expired' };
}

function answerOf(chat: ChatState, invitationId: string): InvitationExpired {
  const invitation = chat.invitations.get(invitationId)?.facts;
  if (invitation === undefined) throw new Error('an invitation that was changed is not there');
  return { invitation, chat: chat.facts };
}
