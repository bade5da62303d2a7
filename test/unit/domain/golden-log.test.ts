import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { seqOfResource, threadNameOfChat } from '../../../src/domain/address.ts';
import { EVENT_VERSION, type EventType, type ThreadEvent, upcastEvent } from '../../../src/domain/events.ts';
import { evolve, transitionsOf } from '../../../src/domain/evolve.ts';
import { emptyThread, type ThreadState } from '../../../src/domain/state.ts';
import { NO_AUDIENCE } from '../../../src/notifications/audience.ts';
import { chatResource } from '../../../src/resources/chat.ts';
import { fanOutWebhooks } from '../../../src/thread/webhooks/fan-out.ts';
import { routingOf } from '../../support/sample-events.ts';

/**
 * A log as version 1 stored it, with an event of each type. It never changes: whatever a later program makes of it must
 * stay what is checked here. A new version of events adds its own file.
 */
const stored = JSON.parse(readFileSync('test/unit/domain/golden-log-v1.json', 'utf8')) as { v: number }[];
const log: ThreadEvent[] = stored.map(upcastEvent);

/** The types that version 1 had. */
const TYPES: EventType[] = [
  'thread_opened',
  'chat_started',
  'variables_set',
  'member_added',
  'member_changed',
  'message_added',
  'waiting_ended',
  'chat_ended',
  'reply_suggestion_added',
];

const VISITOR = '0123456789abcdef0123456789abcdef';
const AGENT = '018f0000-0000-7000-8000-0000000000a1';

function replay(): ThreadState {
  const name = threadNameOfChat(log[0]?.chat_id ?? '');
  if (name === null) throw new Error('the log has no chat');
  return log.reduce(evolve, emptyThread(name));
}

describe('the golden log of version 1', () => {
  test('has an event of each type, in order', () => {
    expect(new Set(log.map(({ type }) => type))).toEqual(new Set(TYPES));
    expect(log.map(({ seq }) => seq)).toEqual(log.map((_, index) => index + 1));
  });

  test('replays to the same thread', () => {
    const { thread, last_seq, last_at, chats } = replay();
    const chatId = log[0]?.chat_id;
    expect(thread).toEqual({
      identity: 'channel/018f0000-0000-7000-8000-000000000001/email-thread-12345',
      database: 'DB',
      organization_id: '018f0000-0000-7000-8000-000000000002',
      channel_id: '018f0000-0000-7000-8000-000000000001',
      thread_id: 'email-thread-12345',
      room_id: '018f0000-0000-7000-8000-000000000003',
      mapping_id: '01a0c4f0-0000-7000-8000-000000000004',
      visitor_id: VISITOR,
      visitor_name: 'Jane Doe',
      current_chat_id: chatId,
      created_at: 1_790_000_000_000,
      seq: 2,
    });
    expect({ last_seq, last_at, chats: [...chats.keys()] }).toEqual({
      last_seq: 12,
      last_at: 1_790_000_030_000,
      chats: [chatId],
    });
  });

  test('replays to the same chat', () => {
    const [chat] = replay().chats.values();
    if (chat === undefined) throw new Error('no chat');
    expect(chatResource(chat.facts)).toMatchObject({
      chat_type: 'external',
      created_at: '2026-09-21T14:13:20.000Z',
      updated_at: '2026-09-21T14:13:50.000Z',
      ended_at: '2026-09-21T14:13:50.000Z',
      waiting_started_at: '2026-09-21T14:13:20.000Z',
      room_name: 'Support',
      is_waiting: false,
      is_pending: false,
      is_ended: true,
      is_real_conversation: true,
      message_count: 2,
      user_message_count: 1,
      visitor_message_count: 1,
      member_count: 2,
      user_member_count: 1,
      visitor_member_count: 1,
      present_participant_count: 0,
      visitor_wait_time: 10,
      duration: 10,
      active_duration: 10,
    });
    expect(chat.facts.message_counts).toEqual({ [VISITOR]: 1, [AGENT]: 1 });
    expect({ first: chat.first_seq, last: chat.seq }).toEqual({ first: 2, last: 12 });
    const members = [...chat.members.values()].map(({ seq, facts }) => ({
      seq,
      name: facts.name,
      public_name: facts.public_name,
      is_participating: facts.is_participating,
      keeps_typing: 'composing_status' in facts,
    }));
    expect(members).toEqual([
      { seq: 4, name: 'Jane Doe', public_name: 'Jane Doe', is_participating: true, keeps_typing: false },
      { seq: 11, name: 'Ada Agent', public_name: 'Support', is_participating: false, keeps_typing: false },
    ]);
  });

  test('has the defaults of what version 2 added', () => {
    const [chat] = replay().chats.values();
    expect(chat?.facts).toMatchObject({ is_private: false, lifetime: { idle: null, total: null }, tag_count: 0 });
    expect(chat?.facts.last_activity_at).toBe(chat?.facts.last_message_at);
    expect([chat?.tags.size, chat?.invitations.size]).toEqual([0, 0]);
    const messages = log.flatMap((event) => (event.type === 'message_added' ? [event.message] : []));
    expect(
      messages.map(({ attachments, attachment_template, response_to }) => [
        attachments,
        attachment_template,
        response_to,
      ]),
    ).toEqual(messages.map(() => [[], null, null]));
  });

  test('keeps its suggestion and finds its messages by their ids', () => {
    const { suggestions } = replay();
    expect([...suggestions.values()].map(({ seq, facts }) => [seq, facts.suggestion, facts.relevancy_score])).toEqual([
      [6, 'It is on its way.', 0.95],
    ]);
    const places = log.flatMap((event) =>
      event.type === 'message_added' ? [[seqOfResource(event.message.id), event.seq]] : [],
    );
    expect(places).toEqual([
      [5, 5],
      [8, 8],
      [10, 10],
    ]);
  });

  test('makes the same webhooks for its receiver', () => {
    const routing = routingOf(log[5]);
    const unnamed = log.map((event) => ({ ...event, accepted: [] }));
    const again = fanOutWebhooks(unnamed, transitionsOf(emptyThread('t'), unnamed), {
      target: routing,
      audience: NO_AUDIENCE,
      isSilent: false,
      checkpointOf: () => null,
      room: 1000,
    });
    expect(again.events).toEqual(log);
  });
});

test('an event of a newer version is refused: an older program must not guess', () => {
  expect(() => upcastEvent({ v: EVENT_VERSION + 1 })).toThrow('newer');
});
