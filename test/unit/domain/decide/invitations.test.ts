import { beforeEach, describe, expect, test } from 'vitest';
import { seqOfResource } from '../../../../src/domain/address.ts';
import type { AcceptInvitation, DeclineInvitation, ExpireInvitation, Invite } from '../../../../src/domain/commands.ts';
import type { Invitee } from '../../../../src/resources/invitation.ts';
import { COLLEAGUE, end, FOREIGNER, head, join, waitingChat } from '../../../support/sample-commands.ts';
import { AGENT } from '../../../support/sample-events.ts';
import type { ThreadModel } from '../../../support/thread-model.ts';

const TEAM: Invitee = { kind: 'team', id: '018f0000-0000-7000-8000-0000000000e1', name: 'Night shift' };
const PARTNER: Invitee = { kind: 'organization', id: FOREIGNER.organization_id, name: 'Partner' };

let model: ThreadModel;
let chatId: string;

beforeEach(() => {
  ({ model, chatId } = waitingChat());
  model.answer(join(chatId));
});

const invite = (invitee: Invitee, more: Partial<Invite> = {}): Invite => {
  return { ...head(), type: 'invite', chat_id: chatId, actor: AGENT, invitee, ...more };
};
const expire = (invitationId: string, more: Partial<ExpireInvitation> = {}): ExpireInvitation => {
  return { ...head(), type: 'expire_invitation', chat_id: chatId, actor: AGENT, invitation_id: invitationId, ...more };
};
const accept = (invitationId: string, more: Partial<AcceptInvitation> = {}): AcceptInvitation => ({
  ...head(),
  type: 'accept_invitation',
  chat_id: chatId,
  actor: COLLEAGUE,
  is_present: true,
  invitation_id: invitationId,
  stands_for: [COLLEAGUE.id, TEAM.id],
  ...more,
});

const decline = (invitationId: string, more: Partial<DeclineInvitation> = {}): DeclineInvitation => ({
  ...head(),
  type: 'decline_invitation',
  chat_id: chatId,
  actor: COLLEAGUE,
  invitation_id: invitationId,
  stands_for: [COLLEAGUE.id, TEAM.id],
  ...more,
});

describe('an invitation', () => {
  test('is not accepted by a user who is full, unless they take part already, and stays open', () => {
    const { invitation } = model.answer(invite(TEAM));
    expect(model.refusal(accept(invitation.id, { is_full: true }))).toBe('chat_capacity_reached');
    model.answer(join(chatId, { actor: COLLEAGUE, is_participating: false }));
    expect(model.refusal(accept(invitation.id, { is_full: true }))).toBe('chat_capacity_reached');
    model.answer(join(chatId, { actor: COLLEAGUE }));
    expect(model.answer(accept(invitation.id, { is_full: true })).invitation.accepted_at).not.toBeNull();
  });

  test('is sent by a member and open', () => {
    const { invitation, is_new } = model.answer(invite(TEAM));
    expect(is_new).toBe(true);
    expect(invitation).toMatchObject({ invitee: TEAM, invited_by_user: AGENT, accepted_at: null, expired_at: null });
    expect(seqOfResource(invitation.id)).toBe(model.state.last_seq);
    expect(model.refusal(invite(TEAM, { actor: COLLEAGUE }))).toBe('not_a_member');
    expect(model.refusal(invite(TEAM, { chat_id: 'elsewhere' }))).toBe('chat_not_found');
  });

  test('to an invited user is the existing one, until that is closed', () => {
    const { invitation } = model.answer(invite(TEAM));
    expect(model.answer(invite(TEAM))).toMatchObject({ is_new: false, invitation: { id: invitation.id } });
    expect(model.answer(invite({ ...TEAM, kind: 'user' })).is_new).toBe(true);
    model.answer(expire(invitation.id));
    expect(model.answer(invite(TEAM)).is_new).toBe(true);
  });

  test('is refused in an ended chat and above a thousand', () => {
    for (let place = 0; place < 1000; place++) model.answer(invite({ ...TEAM, id: `team ${place}` }));
    expect(model.refusal(invite(TEAM))).toBe('too_many_invitations');
    expect(model.refusal(invite({ ...TEAM, id: 'team 5' }))).toBeNull();
    model.answer(end(chatId));
    expect(model.refusal(invite({ ...TEAM, id: 'team 5' }))).toBe('invitation_to_ended_chat');
  });

  test('is withdrawn by its sender, once', () => {
    const { id } = model.answer(invite(TEAM)).invitation;
    model.answer(join(chatId, { actor: COLLEAGUE }));
    expect(model.refusal(expire(id, { actor: COLLEAGUE }))).toBe('invitation_not_found');
    expect(model.refusal(expire('another'))).toBe('invitation_not_found');
    const command = expire(id);
    const { invitation } = model.answer(command);
    expect(invitation).toMatchObject({ expired_at: model.state.last_at, updated_at: model.state.last_at });
    expect(model.refusal(expire(id))).toBe('invitation_expired');
    expect(model.answer(command).invitation).toEqual(invitation);
    expect(model.refusal(accept(id))).toBe('invitation_expired');
  });

  test('is declined by who is invited alone, once', () => {
    const { id } = model.answer(invite({ kind: 'user', id: COLLEAGUE.id, name: 'Carla' })).invitation;
    for (const other of [{ stands_for: [FOREIGNER.id] }, { invitation_id: 'another' }]) {
      expect(model.refusal(decline(id, other))).toBe('invitation_not_found');
    }
    expect(model.refusal(decline(id, { chat_id: 'elsewhere' }))).toBe('chat_not_found');
    const command = decline(id);
    const { invitation } = model.answer(command);
    expect(invitation).toMatchObject({ expired_at: model.state.last_at, accepted_at: null });
    expect(model.answer(command).invitation).toEqual(invitation);
    expect(model.refusal(decline(id))).toBe('invitation_expired');
    expect(model.refusal(accept(id))).toBe('invitation_expired');
    expect(model.refusal(decline(model.answer(invite(TEAM)).invitation.id))).toBe('invitation_of_many');
  });

  test('makes the user a participating member when accepted, and is closed then', () => {
    const { id } = model.answer(invite(TEAM)).invitation;
    const command = accept(id);
    expect(model.eventsOf(command)).toEqual(['member_added', 'join', 'invitation_accepted']);
    const { invitation, chat } = model.answer(command);
    expect(invitation).toMatchObject({
      accepted_by_user: COLLEAGUE,
      accepted_at: model.state.last_at,
      updated_at: model.state.last_at,
      expired_at: null,
    });
    expect(chat).toMatchObject({ user_member_count: 2, present_user_participant_count: 2 });
    expect(model.refusal(accept(id))).toBe('invitation_accepted');
    expect(model.refusal(expire(id))).toBe('invitation_accepted');
  });

  test('can be accepted by a member, who participates again after leaving', () => {
    const first = model.answer(invite(TEAM)).invitation.id;
    model.answer(join(chatId, { actor: COLLEAGUE }));
    expect(model.eventsOf(accept(first))).toEqual(['invitation_accepted']);
    const second = model.answer(invite(TEAM)).invitation.id;
    model.answer(join(chatId, { actor: COLLEAGUE, is_participating: false }));
    expect(model.eventsOf(accept(second))).toEqual(['member_changed', 'join', 'invitation_accepted']);
  });

  test('is accepted only by its invitees, of whichever organization', () => {
    const { id } = model.answer(invite(PARTNER)).invitation;
    expect(model.refusal(accept(id))).toBe('invitation_not_found');
    expect(model.refusal(accept('another'))).toBe('invitation_not_found');
    expect(model.refusal(accept(id, { chat_id: 'elsewhere' }))).toBe('chat_not_found');
    const answer = model.answer(accept(id, { actor: FOREIGNER, stands_for: [FOREIGNER.id, PARTNER.id] }));
    expect(answer.invitation.accepted_by_user?.id).toBe(FOREIGNER.id);
  });

  test('to an ended chat has expired', () => {
    const { id } = model.answer(invite(TEAM)).invitation;
    model.answer(end(chatId));
    expect(model.refusal(accept(id))).toBe('invitation_expired');
    expect(model.refusal(expire(id))).toBe('invitation_expired');
  });

  test('is sent and accepted once by repeated commands, whatever happened in between', () => {
    const sending = invite(TEAM);
    const sent = model.answer(sending);
    const accepting = accept(sent.invitation.id);
    const accepted = model.answer(accepting);
    model.answer(join(chatId, { actor: COLLEAGUE, is_participating: false }));
    const { length } = model.log;
    expect(model.answer(sending)).toMatchObject({ invitation: sent.invitation, is_new: true });
    expect(model.answer(accepting).invitation).toEqual(accepted.invitation);
    expect(model.log).toHaveLength(length);
  });
});
