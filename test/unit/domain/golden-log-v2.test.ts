import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { seqOfResource, threadNameOfChat } from '../../../src/domain/address.ts';
import { type EventType, type ThreadEvent, upcastEvent } from '../../../src/domain/events.ts';
import { evolve, transitionsOf } from '../../../src/domain/evolve.ts';
import { type ChatState, emptyThread, type ThreadState } from '../../../src/domain/state.ts';
import { NO_AUDIENCE } from '../../../src/notifications/audience.ts';
import { chatResource } from '../../../src/resources/chat.ts';
import { messageResource } from '../../../src/resources/message.ts';
import { fanOutWebhooks } from '../../../src/thread/webhooks/fan-out.ts';
import { routingOf } from '../../support/sample-events.ts';

/**
 * Logs as version 2 stored them, one for each kind of thread, one that was purged and one with changed messages, together with an event of each type. They never change:
 * whatever a later program makes of them must stay what is checked here.
 */
const stored = JSON.parse(readFileSync('test/unit/domain/golden-log-v2.json', 'utf8')) as Record<
  'channel' | 'visitor' | 'users' | 'purged' | 'changed',
  { v: number }[]
>;
const logs = {
  channel: stored.channel.map(upcastEvent),
  visitor: stored.visitor.map(upcastEvent),
  users: stored.users.map(upcastEvent),
  purged: stored.purged.map(upcastEvent),
  changed: stored.changed.map(upcastEvent),
};

const TYPES: Record<EventType, true> = {
  thread_opened: true,
  chat_started: true,
  variables_set: true,
  visitor_named: true,
  member_added: true,
  member_changed: true,
  message_added: true,
  message_edited: true,
  message_deleted: true,
  message_status_changed: true,
  waiting_ended: true,
  chat_ended: true,
  tag_added: true,
  tag_removed: true,
  invitation_sent: true,
  invitation_expired: true,
  invitation_accepted: true,
  reply_suggestion_added: true,
  reply_suggestion_changed: true,
  purged: true,
};

const VISITOR = '0123456789abcdef0123456789abcdef';
const AGENT = '018f0000-0000-7000-8000-0000000000a1';
const PARTNER = '018f0000-0000-7000-8000-0000000000d1';

function replay(log: ThreadEvent[]): ThreadState {
  const name = threadNameOfChat(log[0]?.chat_id ?? '');
  if (name === null) throw new Error('the log has no chat');
  return log.reduce(evolve, emptyThread(name));
}

function chatOf(log: ThreadEvent[]): ChatState {
  const [chat] = replay(log).chats.values();
  if (chat === undefined) throw new Error('no chat');
  return chat;
}

function messagesOf(log: ThreadEvent[]) {
  return log.flatMap((event) => (event.type === 'message_added' ? [event.message] : []));
}

describe('the golden logs of version 2', () => {
  test('have an event of each type, in order, and are read as they were stored', () => {
    const all = Object.values(logs).flat();
    expect(new Set(all.map(({ type }) => type))).toEqual(new Set(Object.keys(TYPES)));
    for (const log of Object.values(logs)) expect(log.map(({ seq }) => seq)).toEqual(log.map((_, index) => index + 1));
    expect(stored.channel.every(({ v }) => v === 2)).toBe(true);
  });

  test('show nothing of what was purged', () => {
    expect(replay(logs.purged).thread).toMatchObject({
      identity: 'channel/018f0000-0000-7000-8000-000000000001/sha256:-9yERHXM9Rlro2v35EYTuOJkZnA4p0Czrg1HKTxvQCo',
      visitor_name: null,
    });
    expect(messagesOf(logs.purged).map(({ message }) => message)).toEqual(messagesOf(logs.channel).map(() => null));
    expect(chatOf(logs.purged).facts).toMatchObject({ visitor_message_count: 2, purged_at: 1790000086000 });
  });

  test('replay to the same threads', () => {
    expect(replay(logs.channel).thread).toMatchObject({
      identity: 'channel/018f0000-0000-7000-8000-000000000001/email-thread-12345',
      channel_id: '018f0000-0000-7000-8000-000000000001',
      visitor_id: VISITOR,
      visitor_name: 'Jane Doe',
      seq: 2,
    });
    expect(replay(logs.visitor).thread).toMatchObject({
      identity: `visitor/018f0000-0000-7000-8000-000000000003/${VISITOR}`,
      channel_id: null,
      room_id: '018f0000-0000-7000-8000-000000000003',
      visitor_id: VISITOR,
      visitor_name: 'Jane D.',
    });
    const names = [...replay(logs.visitor).chats.values()].map(({ members }) => members.get(VISITOR)?.facts.name);
    expect(names).toEqual(['Jane Doe', 'Jane D.']);
    expect(replay(logs.users).thread).toMatchObject({
      identity: 'chat/018f0000-0000-7000-8000-0000000000c9',
      channel_id: null,
      room_id: null,
      visitor_id: null,
      visitor_name: null,
    });
  });

  test('replay to the same chat of a channel', () => {
    const chat = chatOf(logs.channel);
    expect(chatResource(chat.facts)).toMatchObject({
      chat_type: 'external',
      is_private: true,
      updated_at: '2026-09-21T14:13:46.000Z',
      ended_at: '2026-09-21T14:13:46.000Z',
      waiting_started_at: '2026-09-21T14:13:43.000Z',
      is_waiting: false,
      is_real_conversation: true,
      tag_count: 1,
      message_count: 3,
      user_message_count: 1,
      visitor_message_count: 2,
      member_count: 3,
      user_member_count: 2,
      visitor_member_count: 1,
      present_participant_count: 0,
      visitor_wait_time: 10,
      duration: 23,
      active_duration: 23,
    });
    expect(chat.facts).toMatchObject({
      lifetime: { idle: null, total: null },
      last_activity_at: 1_790_000_023_000,
      newest_message_at: 1_790_000_025_000,
      message_counts: { [VISITOR]: 2, [AGENT]: 1 },
    });
  });

  test('replay to the same members, tags, invitations and suggestions', () => {
    const chat = chatOf(logs.channel);
    const members = [...chat.members.values()].map(({ seq, facts }) => [
      seq,
      facts.public_name,
      facts.is_participating,
      facts.is_present,
      facts.last_seen_at,
    ]);
    expect(members).toEqual([
      [4, 'Jane Doe', true, false, null],
      [23, 'Support', true, false, 1_790_000_006_000],
      [26, 'Pia Partner', false, true, null],
    ]);
    expect([...chat.tags.values()]).toEqual([{ seq: 14, facts: { name: 'Lead', created_at: 1_790_000_016_000 } }]);
    const invitations = [...chat.invitations.values()].map(({ seq, facts }) => ({
      seq,
      kind: facts.invitee.kind,
      by: facts.accepted_by_user?.id ?? null,
      accepted_at: facts.accepted_at,
      expired_at: facts.expired_at,
      updated_at: facts.updated_at,
    }));
    const acceptedAt = 1_790_000_021_000;
    const expiredAt = 1_790_000_026_000;
    expect(invitations).toEqual([
      { seq: 22, kind: 'organization', by: PARTNER, accepted_at: acceptedAt, expired_at: null, updated_at: acceptedAt },
      { seq: 28, kind: 'team', by: null, accepted_at: null, expired_at: expiredAt, updated_at: expiredAt },
    ]);
    const suggestions = [...replay(logs.channel).suggestions.values()];
    expect(suggestions.map(({ seq, facts }) => [seq, facts.suggestion, facts.relevancy_score])).toEqual([
      [7, 'It left us today.', null],
    ]);
  });

  test('show the same messages, and find them by their ids', () => {
    const messages = messagesOf(logs.channel);
    expect(messages.map(({ type, message }) => [type, message])).toEqual([
      ['msg', 'Where is my order?'],
      ['join', null],
      ['msg', 'It left us today. Shall we call you?'],
      ['action', 'Yes'],
      ['tag_created', 'Lead'],
      ['tag_created', 'Spam'],
      ['join', null],
      ['msg', 'Thank you!'],
      ['leave', null],
    ]);
    expect(messages.map(({ id }) => seqOfResource(id))).toEqual([5, 9, 11, 12, 13, 15, 21, 24, 27]);
    const [offer, response] = [messages[2], messages[3]];
    if (offer === undefined || response === undefined) throw new Error('messages are missing');
    const shown = messageResource(response, { id: logs.channel[0]?.chat_id ?? '', room_id: null });
    expect(shown).toMatchObject({
      response_to_message_id: offer.id,
      response_to_attachment: offer.attachments[0],
      response_to_action: offer.attachments[0]?.actions[0],
      response_value: 'yes',
      response_text: null,
    });
  });

  test('show the same changes of messages', () => {
    const transitions = transitionsOf(emptyThread('t'), logs.changed);
    const shown = new Map(messagesOf(logs.changed).map((message) => [message.id, message]));
    for (const { message } of transitions) if (message !== null) shown.set(message.after.id, message.after);
    const texts = [...shown.values()].filter(({ type }) => type === 'msg');
    expect(texts.map(({ message, status }) => [message, status?.state ?? null])).toEqual([
      ['Where is my parcel?', null],
      ['It left us today.', 'read'],
      [null, null],
    ]);
    expect(texts.map((message) => messageResource(message, { id: 'c', room_id: null }))).toMatchObject([
      { is_edited: true, deleted_at: null, delivery_status: 'stored' },
      { is_edited: true, delivery_status: 'read', delivered_at: null, failure_reason: null },
      { is_edited: false, deleted_at: '2026-09-21T14:13:26.000Z', attachments: [] },
    ]);
  });

  test('replay to a chat that ended by itself', () => {
    const { facts } = chatOf(logs.visitor);
    expect(facts).toMatchObject({
      chat_type: 'visitor',
      lifetime: { idle: 3_600_000, total: null },
      last_activity_at: 1_790_000_005_000,
      ended_at: 1_790_003_610_000,
      user_message_count: 1,
      has_human_message: true,
    });
  });

  test('replay to a group of users', () => {
    const { facts, members } = chatOf(logs.users);
    expect(facts).toMatchObject({
      chat_type: 'group',
      room: null,
      visitor_id: null,
      ended_at: null,
      user_member_count: 3,
      visitor_member_count: 0,
      present_user_participant_count: 3,
    });
    expect([...members.values()].map(({ facts: member }) => member.is_bot)).toEqual([false, true, false]);
  });

  test('make the same webhooks for their receiver', () => {
    const routing = routingOf(logs.channel.find(({ accepted }) => accepted.length > 0));
    const unnamed = logs.channel.map((event) => ({ ...event, accepted: [] }));
    const again = fanOutWebhooks(unnamed, transitionsOf(emptyThread('t'), unnamed), {
      target: routing,
      audience: NO_AUDIENCE,
      isSilent: false,
      checkpointOf: () => null,
      room: 1000,
    });
    expect(again.events).toEqual(logs.channel);
    expect(again.events.filter(({ accepted }) => accepted.length > 0).map(({ seq }) => seq)).toEqual([6, 11]);
  });
});
