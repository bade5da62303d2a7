import { beforeEach, describe, expect, test } from 'vitest';
import type { RemoveMember, UpdateMembership } from '../../../../src/domain/commands.ts';
import { memberIn } from '../../../../src/domain/state.ts';
import { isPending } from '../../../../src/resources/chat.ts';
import {
  ALL_ROOMS,
  COLLEAGUE,
  end,
  FOREIGNER,
  head,
  incoming,
  join,
  PENDING,
  ROUTED,
  START,
  waitingChat,
} from '../../../support/sample-commands.ts';
import { AGENT } from '../../../support/sample-events.ts';
import type { ThreadModel } from '../../../support/thread-model.ts';

let model: ThreadModel;
let chatId: string;

beforeEach(() => {
  ({ model, chatId } = waitingChat());
});

function update(more: Partial<UpdateMembership> = {}): UpdateMembership {
  const nothing = { is_participating: null, composing_status: null, last_seen_at: null };
  const sent = { actor: AGENT, rooms: ALL_ROOMS, is_present: true };
  return { ...head(), type: 'update_membership', chat_id: chatId, ...sent, ...nothing, ...more };
}

const told = (isPresent: boolean, userId = AGENT.id) =>
  ({ ...head(), type: 'change_presence', chat_id: chatId, user_id: userId, is_present: isPresent }) as const;

describe('joining', () => {
  test('adds a member and a join message, and ends the pending state if they are present', () => {
    expect(isPending(model.chat(chatId).facts)).toBe(true);
    expect(model.eventsOf(join(chatId))).toEqual(['member_added', 'join']);
    expect(isPending(model.chat(chatId).facts)).toBe(false);
    expect(model.chat(chatId).facts.is_waiting).toBe(true);
  });

  test('of an absent user leaves the chat pending', () => {
    model.answer(join(chatId, { is_present: false }));
    expect(isPending(model.chat(chatId).facts)).toBe(true);
  });

  test('without participating adds a member silently; a second command makes them participate', () => {
    expect(model.eventsOf(join(chatId, { is_participating: false, is_present: false }))).toEqual(['member_added']);
    const answer = model.answer(join(chatId));
    expect(answer).toMatchObject({ is_new: false, member: { is_participating: true, is_present: true } });
    expect(model.eventsOf(join(chatId))).toEqual([]);
  });

  test('in place of somebody: they leave after the other one has joined, in one command', () => {
    model.answer(join(chatId));
    const handOver = join(chatId, { actor: COLLEAGUE, replaced: AGENT, is_kept_out: true });
    const answer = model.answer(handOver);
    expect(answer).toMatchObject({ is_new: true, member: { member_id: COLLEAGUE.id, is_participating: true } });
    expect(model.eventsOf({ ...handOver, ...head() })).toEqual([]);
    const users = [AGENT, COLLEAGUE].map(({ id }) => memberIn(model.chat(chatId), id)?.is_participating);
    expect(users).toEqual([false, true]);
    expect(isPending(model.chat(chatId).facts)).toBe(false);
    // Back to a silent member, and once more to one who takes part already.
    const back = { actor: AGENT, replaced: COLLEAGUE };
    expect(model.eventsOf(join(chatId, back))).toEqual(['member_changed', 'join', 'member_changed', 'leave']);
    model.answer(join(chatId, { actor: COLLEAGUE }));
    expect(model.eventsOf(join(chatId, back))).toEqual(['member_changed', 'leave']);
  });

  test('in place of somebody who does not take part is refused, and in an ended chat', () => {
    const handOver = () => join(chatId, { actor: COLLEAGUE, replaced: AGENT });
    expect(model.refusal(handOver())).toBe('nothing_to_hand_over');
    model.answer(join(chatId, { is_participating: false }));
    expect(model.refusal(handOver())).toBe('nothing_to_hand_over');
    model.answer(join(chatId));
    model.answer(end(chatId));
    expect(model.refusal(handOver())).toBe('join_of_ended_chat');
  });

  test('is refused where the chat is not routed, and to an absent user where presence is required', () => {
    expect(model.refusal(join(chatId, { grant: { kind: 'involved', organization_id: FOREIGNER.id } }))).toBe(
      'chat_not_found',
    );
    expect(model.refusal(join(chatId, { grant: { kind: 'member', user_id: AGENT.id } }))).toBe('not_a_member');
    expect(model.refusal(join(chatId, { must_be_present: true, is_present: false }))).toBe('not_present');
  });

  test('of a user who is full is refused, unless they take part already or do not begin to', () => {
    expect(model.refusal(join(chatId, { is_full: true }))).toBe('chat_capacity_reached');
    expect(model.eventsOf(join(chatId, { is_full: true, is_participating: false }))).toEqual(['member_added']);
    expect(model.refusal(join(chatId, { is_full: true }))).toBe('chat_capacity_reached');
    expect(model.refusal(update({ is_full: true, is_participating: true }))).toBe('chat_capacity_reached');
    expect(model.eventsOf(update({ is_full: true, last_seen_at: START }))).toEqual(['member_changed']);
    model.answer(join(chatId));
    expect(model.eventsOf(join(chatId, { is_full: true }))).toEqual([]);
    expect(model.eventsOf(update({ is_full: true, is_participating: true }))).toEqual([]);
    expect(model.eventsOf(update({ is_full: true, is_participating: false }))).toEqual(['member_changed', 'leave']);
  });

  test('through the pending scope is possible for the first user only, whose retry succeeds', () => {
    const command = join(chatId, { grant: PENDING, must_be_present: true });
    const first = model.answer(command);
    expect(model.answer(command)).toEqual(first);
    expect(model.refusal(join(chatId, { grant: PENDING, actor: COLLEAGUE }))).toBe('not_pending');
    expect(model.refusal(join(chatId, { grant: PENDING }))).toBe('not_pending');
  });

  test('is possible up to a thousand members; existing ones are not affected', () => {
    const silent = { is_participating: false, is_present: false };
    for (let place = 1; place < 1000; place++) {
      model.answer(join(chatId, { ...silent, actor: { ...AGENT, id: `user-${place}` } }));
    }
    expect(model.chat(chatId).facts.member_count).toBe(1000);
    expect(model.refusal(join(chatId))).toBe('too_many_members');
    expect(model.eventsOf(join(chatId, { actor: { ...AGENT, id: 'user-7' } }))).toEqual(['member_changed', 'join']);
  });

  test('in an ended chat is refused to a new member, and changes nothing for an existing one', () => {
    model.answer(join(chatId));
    model.answer(end(chatId));
    expect(model.refusal(join(chatId, { actor: COLLEAGUE }))).toBe('join_of_ended_chat');
    expect(model.eventsOf(join(chatId, { is_participating: false }))).toEqual([]);
    expect(model.refusal(join(chatId, { grant: PENDING }))).toBe('not_pending');
  });

  test('in a chat with a present agent is refused to a user who may not join taken chats, unless they are a member or leave', () => {
    model.answer(join(chatId, { actor: COLLEAGUE }));
    model.answer(join(chatId, { is_present: true }));
    const kept = { is_kept_out: true };
    expect(model.refusal(join(chatId, kept))).toBeNull();
    expect(model.refusal(join(chatId, { ...kept, is_participating: false }))).toBeNull();
    expect(model.refusal(join(chatId, kept))).toBe('join_of_taken_chat');
    expect(model.refusal(update({ ...kept, is_participating: true }))).toBe('join_of_taken_chat');
    expect(model.refusal(update({ ...kept, composing_status: 'typing' }))).toBeNull();
    model.answer(told(false, COLLEAGUE.id));
    expect(model.refusal(join(chatId, kept))).toBeNull();
  });
});

describe('a membership', () => {
  beforeEach(() => {
    model.answer(join(chatId));
  });

  test('changes only in what differs', () => {
    expect(model.eventsOf(update({ composing_status: 'typing' }))).toEqual([]);
    expect(model.eventsOf(update({ is_participating: true }))).toEqual([]);
    expect(model.eventsOf(update({ last_seen_at: START }))).toEqual(['member_changed']);
    expect(model.log.at(-1)).toMatchObject({ changes: { last_seen_at: START } });
    expect(model.eventsOf(update({ last_seen_at: START }))).toEqual([]);
    expect(model.eventsOf(update({ last_seen_at: START - 1 }))).toEqual([]);
    expect(model.answer(update()).member.last_seen_at).toBe(START);
  });

  test('is not seen in the future: a minute ahead counts as now, more is refused', () => {
    const { last_at: before } = model.state;
    expect(model.refusal(update({ last_seen_at: before + 120_000 }))).toBe('last_seen_in_future');
    const { member } = model.answer(update({ last_seen_at: before + 30_000 }));
    expect(member.last_seen_at).toBe(model.state.last_at);
    expect(model.state.last_at).toBeLessThan(before + 30_000);
  });

  test('leaves and returns with messages, and keeps its other fields', () => {
    expect(model.eventsOf(update({ is_participating: false, last_seen_at: START + 2 }))).toEqual([
      'member_changed',
      'leave',
    ]);
    expect(model.chat(chatId).facts.present_user_participant_count).toBe(0);
    expect(model.eventsOf(update({ is_participating: true }))).toEqual(['member_changed', 'join']);
    expect(model.answer(update()).member).toMatchObject({ is_participating: true, last_seen_at: START + 2 });
    expect(model.chat(chatId).facts.member_count).toBe(2);
  });

  test('moves updated_at only when something changes', () => {
    const before = model.answer(update()).member.updated_at;
    expect(model.answer(update({ is_participating: false })).member.updated_at).toBeGreaterThan(before);
  });

  test('is refused in this order: not a member, an ended chat, an absent user', () => {
    expect(model.refusal(update({ chat_id: 'elsewhere' }))).toBe('chat_not_found');
    expect(model.refusal(update({ actor: COLLEAGUE, is_present: false }))).toBe('not_a_member');
    expect(model.refusal(update({ is_present: false }))).toBe('not_present');
    model.answer(end(chatId));
    expect(model.refusal(update({ is_present: false }))).toBe('membership_of_ended_chat');
  });

  test('is not changed again by a retry, even when the chat has ended', () => {
    const command = update({ is_participating: false });
    model.answer(command);
    model.answer(update({ is_participating: true }));
    expect(model.eventsOf(command)).toEqual([]);
    model.answer(end(chatId));
    expect(model.eventsOf(command)).toEqual([]);
  });
});

describe('presence', () => {
  test('makes a waiting chat pending when the user becomes absent, and not pending when they return', () => {
    model.answer(join(chatId));
    expect(model.answer(told(false))).toEqual({ is_watched: true });
    expect(isPending(model.chat(chatId).facts)).toBe(true);
    expect(model.eventsOf(told(false))).toEqual([]);
    model.answer(told(true));
    expect(isPending(model.chat(chatId).facts)).toBe(false);
  });

  test('is watched only for participating members of an open chat', () => {
    expect(model.answer(told(false))).toEqual({ is_watched: false });
    model.answer(join(chatId, { is_participating: false }));
    expect(model.answer(told(false))).toEqual({ is_watched: false });
    model.answer(join(chatId));
    expect(model.answer(told(true))).toEqual({ is_watched: true });
    model.answer(end(chatId));
    const { length } = model.log;
    expect(model.answer(told(false))).toEqual({ is_watched: false });
    expect(model.log).toHaveLength(length);
  });

  test('reported late by a retry does not undo a later report', () => {
    model.answer(join(chatId));
    const gone = told(false);
    model.answer(gone);
    model.answer(told(true));
    expect(model.eventsOf(gone)).toEqual([]);
    expect(model.chat(chatId).members.get(AGENT.id)?.facts.is_present).toBe(true);
  });

  test('of a user who writes through a channel is unknown', () => {
    const [message] = incoming('from the agent').messages;
    if (message === undefined) throw new Error('no message');
    model.answer(
      incoming('from the agent', { messages: [{ ...message, sender_type: 'user', sender_id: AGENT.id, user: AGENT }] }),
    );
    const member = model.chat(chatId).members.get(AGENT.id)?.facts;
    expect(member).toMatchObject({ is_participating: false, is_present: false });
  });
});

describe('the end of a membership', () => {
  const remove = (more: Partial<RemoveMember> = {}): RemoveMember => {
    return { ...head(), type: 'remove_member', chat_id: chatId, grant: ROUTED, member_id: AGENT.id, ...more };
  };
  const memberOf = (id: string) => memberIn(model.chat(chatId), id);

  test('is told like leaving, and the user is no member any more', () => {
    model.answer(join(chatId));
    expect(model.chat(chatId).facts).toMatchObject({ user_member_count: 1, present_user_participant_count: 1 });
    const command = remove();
    expect(model.eventsOf(command)).toEqual(['member_changed', 'leave']);
    expect(model.log.at(-1)).toMatchObject({ message: { type: 'leave', sender_id: AGENT.id } });
    expect(memberOf(AGENT.id)).toBeUndefined();
    expect(model.chat(chatId).facts).toMatchObject({ user_member_count: 0, present_user_participant_count: 0 });
    expect(model.refusal(update())).toBe('not_a_member');
    expect(model.eventsOf(command)).toEqual([]);
    expect(model.refusal(remove())).toBe('member_not_found');
    expect(model.eventsOf(join(chatId))).toEqual(['member_added', 'join']);
    expect(memberOf(AGENT.id)).toMatchObject({ is_participating: true, last_seen_at: null });
  });

  test('has no message for a silent member, or in an ended chat', () => {
    model.answer(join(chatId, { is_participating: false }));
    expect(model.eventsOf(remove())).toEqual(['member_changed']);
    model.answer(join(chatId));
    model.answer(end(chatId));
    expect(model.eventsOf(remove())).toEqual(['member_changed']);
    expect(memberOf(AGENT.id)).toBeUndefined();
  });

  test('is refused for the visitor, for strangers, and outside the grant', () => {
    model.answer(join(chatId));
    const visitor = model.state.thread?.visitor_id ?? '';
    expect(model.refusal(remove({ member_id: visitor }))).toBe('visitor_stays');
    expect(model.refusal(remove({ member_id: COLLEAGUE.id }))).toBe('member_not_found');
    const elsewhere = { kind: 'reach' as const, reach: { organization_id: 'other', room_ids: [] }, is_pending: false };
    expect(model.refusal(remove({ grant: elsewhere }))).toBe('not_routed');
  });

  test('of a former partner ends silent memberships of open chats only', () => {
    const silent = { ...FOREIGNER, id: '018f0000-0000-7000-8000-0000000000f2' };
    model.answer(join(chatId, { actor: FOREIGNER }));
    model.answer(join(chatId, { actor: silent, is_participating: false }));
    model.answer(join(chatId, { is_participating: false }));
    const leave = (organization_id: string) =>
      ({ ...head(), type: 'remove_silent_members', chat_id: chatId, organization_id }) as const;
    expect(model.answer(leave(AGENT.organization_id))).toEqual({ removed: 0 });
    expect(model.eventsOf(leave(FOREIGNER.organization_id))).toEqual(['member_changed']);
    expect([memberOf(silent.id), memberOf(FOREIGNER.id)]).toMatchObject([undefined, { is_participating: true }]);
    expect(model.answer(leave(FOREIGNER.organization_id))).toEqual({ removed: 0 });
    expect(memberOf(AGENT.id)).toBeDefined();
    model.answer(join(chatId, { actor: silent, is_participating: false }));
    model.answer(end(chatId));
    expect(model.answer(leave(FOREIGNER.organization_id))).toEqual({ removed: 0 });
  });
});
