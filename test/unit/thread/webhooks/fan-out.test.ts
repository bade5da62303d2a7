import { describe, expect, test } from 'vitest';
import { hiddenThreadId } from '../../../../src/domain/address.ts';
import type { ChannelTarget, EventBody, ThreadEvent, WebhookReceipt } from '../../../../src/domain/events.ts';
import { evolve } from '../../../../src/domain/evolve.ts';
import { type ChatState, emptyThread, type Transition } from '../../../../src/domain/state.ts';
import { NO_AUDIENCE } from '../../../../src/notifications/audience.ts';
import { channelWebhooks } from '../../../../src/notifications/channel-webhooks.ts';
import {
  KINDS,
  type Notification,
  notificationsOf,
  type ThreadUpdate,
} from '../../../../src/notifications/notifications.ts';
import { wholeBody } from '../../../../src/notifications/webhook-body.ts';
import { toldOf } from '../../../../src/thread/commit.ts';
import { fanOutWebhooks, type LaneCheckpoint } from '../../../../src/thread/webhooks/fan-out.ts';
import { bodiesOf } from '../../../support/bodies-of.ts';
import {
  AGENT,
  BOT,
  chatStarted,
  ROUTING,
  userMessageEvent,
  visitorMessageEvent,
} from '../../../support/sample-events.ts';
import { ROOM } from '../../../support/thread-model.ts';

const CHAT = '018f0000-0000-7000-8000-0000000000e1';

function event(seq: number, body: EventBody): ThreadEvent {
  return { ...body, v: 2, seq, at: 1000 + seq, chat_id: CHAT, command_id: 'x', accepted: [] };
}

const BEGUN = begunChat();

function begunChat(): ChatState {
  const opened = event(1, {
    type: 'thread_opened',
    identity: 'channel/c/t',
    database: 'DB',
    organization_id: ROOM.organization_id,
    mapping_id: 'm',
    visitor_id: null,
    room_id: ROOM.id,
    channel: null,
  });
  const chat = [opened, event(2, chatStarted())].reduce(evolve, emptyThread('t')).chats.get(CHAT);
  if (chat === undefined) throw new Error('no chat');
  return chat;
}

const suggestionAdded: EventBody = {
  type: 'reply_suggestion_added',
  suggestion: {
    id: '018f0000-0000-7000-8000-0000000000f1',
    message_id: '018f0000-0000-7000-8000-0000000000c1',
    suggestion: 'It is on its way.',
    relevancy_score: 0.95,
    organization_id: ROOM.organization_id,
    created_by_user: BOT,
    updated_by_user: BOT,
    created_at: 2000,
    updated_at: 2000,
  },
};

function accept(events: ThreadEvent[], checkpoints: LaneCheckpoint[] = [], routing: ChannelTarget | null = ROUTING) {
  const checkpointOf = (receiver: string) => checkpoints.find((checkpoint) => checkpoint.receiver === receiver) ?? null;
  return fanOutWebhooks(events, events.map(stepOf), {
    target: routing,
    audience: NO_AUDIENCE,
    isSilent: false,
    checkpointOf,
    room: 1000,
  });
}

function bodyFromLog(
  update: ThreadUpdate,
  notification: Notification,
  { routing, prev_seq }: ChannelAcceptance,
): string[] {
  return channelWebhooks(update, notification, routing).map((notice) =>
    wholeBody(notice.bodyAt({ seq: update.seq, prev_seq }), JSON.stringify(notice.resource ?? notification.resource)),
  );
}

type ChannelAcceptance = Extract<WebhookReceipt, { routing: ChannelTarget }>;

/** Each event in a chat as it began: what a channel gets does not depend on the chat around the event. */
function stepOf(each: ThreadEvent): Transition {
  return { event: each, before: BEGUN, after: BEGUN, suggestion_before: null, message: null, is_first: true };
}

describe('a channel gets', () => {
  const isTold = (body: EventBody, routing = ROUTING) => accept([event(1, body)], [], routing).outbox.rows.length > 0;

  test('messages of agents and bots, and suggestions', () => {
    expect(isTold(userMessageEvent('hi'))).toBe(true);
    expect(isTold(userMessageEvent('hi', null, { user: BOT }))).toBe(true);
    expect(isTold(suggestionAdded)).toBe(true);
  });

  test('in the form of the threads API, a message or a suggestion and nothing besides', () => {
    const routing: ChannelTarget = { ...ROUTING, dialect: 'threads' };
    const { outbox } = accept([event(1, userMessageEvent('hi'))], [], routing);
    expect(outbox.contents).toEqual([]);
    expect(outbox.rows.map(({ event_type }) => event_type)).toEqual(['send_message']);
    expect(outbox.rows.map(({ body }) => JSON.parse(body))).toEqual([
      {
        event_type: 'send_message',
        event_data: expect.objectContaining({
          id: expect.stringMatching(/^[0-9a-f]{24}$/),
          body: 'hi',
          thread_fid: ROUTING.thread_id,
          is_customer_support_agent: true,
        }),
      },
    ]);
    expect(isTold(visitorMessageEvent(1000), routing)).toBe(false);
    const suggested = accept([event(1, suggestionAdded)], [], routing).outbox.rows;
    expect(suggested.map(({ event_type }) => event_type)).toEqual(['reply_suggestion_created']);
  });

  test('no messages of visitors, no joins, leaves and changes', () => {
    expect(isTold(visitorMessageEvent(1000))).toBe(false);
    expect(isTold(userMessageEvent('', null, { type: 'join' }))).toBe(false);
    expect(isTold(userMessageEvent('', null, { type: 'leave' }))).toBe(false);
    expect(isTold({ type: 'chat_ended' })).toBe(false);
    expect(isTold({ type: 'waiting_ended' })).toBe(false);
    const changes = { is_participating: false };
    expect(isTold({ type: 'member_changed', member_id: AGENT.id, changes })).toBe(false);
    expect(isTold({ type: 'tag_added', tag: { name: 'Lead', created_at: 1 } })).toBe(false);
    expect(isTold({ type: 'tag_removed', name: 'Lead' })).toBe(false);
  });

  test('nothing that is silent, and its own messages only if it wants them back', () => {
    const mute = { ...ROUTING, echo_user_messages: false };
    expect(isTold(userMessageEvent('hi', null, { is_silent: true }))).toBe(false);
    expect(isTold(userMessageEvent('hi', null, { origin: ROUTING.receiver }))).toBe(true);
    expect(isTold(userMessageEvent('hi', null, { origin: ROUTING.receiver }), mute)).toBe(false);
    expect(isTold(userMessageEvent('hi', null, { origin: 'channel/another' }), mute)).toBe(true);
    expect(isTold(userMessageEvent('hi'), mute)).toBe(true);
    expect(isTold(suggestionAdded, mute)).toBe(true);
  });

  test('purges only if it wants them', () => {
    const wants = { ...ROUTING, tells_purge: true as const };
    const purged = (covers: 'messages' | 'visitor'): EventBody => ({ type: 'purged', covers, before: null });
    const toldAs = (covers: 'messages' | 'visitor', routing: ChannelTarget) =>
      accept([event(1, purged(covers))], [], routing).outbox.rows.map(({ event_type }) => event_type);
    expect(toldAs('messages', ROUTING)).toEqual([]);
    expect(toldAs('messages', wants)).toEqual(['messages_purged']);
    expect(toldAs('visitor', wants)).toEqual(['visitor_purged']);
  });

  test('of a purge no more than ids, and of a purged visitor not the name of their source', () => {
    const told = (covers: 'messages' | 'visitor', tells_channel?: boolean) => {
      const header = { v: 1, command_id: 'c', chat_id: CHAT, organization_id: ROOM.organization_id } as const;
      const asked = tells_channel === undefined ? {} : { tells_channel };
      const target = toldOf({ ...header, ...asked, type: 'purge', covers, before: 5 }, ROUTING);
      const { outbox, events } = accept([event(9, { type: 'purged', covers, before: 5 })], [], target);
      return { bodies: bodiesOf(outbox).map((body) => JSON.parse(body)), accepted: events[0]?.accepted };
    };
    expect(told('messages').bodies).toEqual([]);
    expect(told('messages', false).bodies).toEqual([]);
    expect(told('messages', true).bodies).toEqual([
      {
        event_type: 'messages_purged',
        thread_id: 't',
        chat_id: CHAT,
        purge: {
          id: expect.any(String),
          type: 'messages_purged',
          chat_id: CHAT,
          room_id: ROOM.id,
          visitor_id: BEGUN.facts.visitor_id,
          created_at_before: '1970-01-01T00:00:00.005Z',
          purged_at: '1970-01-01T00:00:01.009Z',
        },
        messaging_channel: 'email',
        channel_config_id: ROUTING.channel_id,
        seq: 9,
        prev_seq: null,
      },
    ]);
    const { bodies, accepted } = told('visitor', true);
    const thread_id = hiddenThreadId(ROUTING);
    expect(bodies).toMatchObject([{ event_type: 'visitor_purged', thread_id }]);
    expect(accepted).toMatchObject([{ routing: { thread_id } }]);
  });

  test('nothing, if there is no channel', () => {
    expect(accept([event(1, userMessageEvent('hi'))], [], null)).toMatchObject({
      outbox: { rows: [], contents: [] },
      lanes: [],
    });
  });
});

describe('what is accepted', () => {
  test('is recorded on the event and counted in the lane, and each body names the one before', () => {
    const events = [event(7, visitorMessageEvent(1)), event(8, userMessageEvent('a')), event(9, suggestionAdded)];
    const before: LaneCheckpoint = { receiver: ROUTING.receiver, organization_id: null, accepted: 4, last_seq: 3 };
    const { events: named, outbox, lanes } = accept(events, [before]);
    expect(named.map(({ accepted }) => accepted.map(({ prev_seq }) => prev_seq))).toEqual([[], [3], [8]]);
    expect(lanes).toEqual([{ ...before, accepted: 6, last_seq: 9 }]);
    expect(outbox.rows.map(({ seq, ordinal, event_type }) => [seq, ordinal, event_type])).toEqual([
      [8, 0, 'message_created'],
      [9, 0, 'reply_suggestion_created'],
    ]);
    expect(
      bodiesOf(outbox)
        .map((body) => JSON.parse(body))
        .map(({ seq, prev_seq }) => [seq, prev_seq]),
    ).toEqual([
      [8, 3],
      [9, 8],
    ]);
  });

  test('has none before it in a new lane; without webhooks no lane changes', () => {
    const [body = ''] = bodiesOf(accept([event(8, userMessageEvent('a'))]).outbox);
    expect(JSON.parse(body).prev_seq).toBeNull();
    expect(accept([event(8, visitorMessageEvent(1))])).toMatchObject({ outbox: { rows: [], contents: [] }, lanes: [] });
  });

  test('gives the same body again from the log', () => {
    const told = [
      userMessageEvent('a'),
      suggestionAdded,
      { type: 'purged', covers: 'messages', before: null } as const,
    ];
    const { events, outbox } = accept(
      told.map((body, place) => event(8 + place, body)),
      [],
      { ...ROUTING, tells_purge: true },
    );
    expect(outbox.rows).toHaveLength(3);
    const again = events.flatMap((each) => {
      const update = notificationsOf(stepOf(each), 'organization', KINDS);
      return update.notifications.flatMap((notification) =>
        each.accepted.flatMap((acceptance) =>
          'routing' in acceptance ? bodyFromLog(update, notification, acceptance) : [],
        ),
      );
    });
    expect(again).toEqual(bodiesOf(outbox));
  });
});

test('a body has the documented keys and seq and prev_seq', () => {
  const { outbox } = accept([event(8, userMessageEvent('a')), event(9, suggestionAdded)]);
  const [message, suggestion] = bodiesOf(outbox).map((body) => JSON.parse(body));
  const common = {
    thread_id: 't',
    chat_id: CHAT,
    messaging_channel: 'email',
    channel_config_id: ROUTING.channel_id,
  };
  expect(message).toEqual({
    ...common,
    event_type: 'message_created',
    message: expect.objectContaining({
      chat_id: CHAT,
      room_id: ROOM.id,
      sender_id: AGENT.id,
      sender_name: 'Ada Agent',
      sender_public_name: 'Support',
      message: 'a',
      created_at: '1970-01-01T00:00:01.000Z',
    }),
    seq: 8,
    prev_seq: null,
  });
  expect(suggestion).toEqual({
    ...common,
    event_type: 'reply_suggestion_created',
    reply_suggestion: expect.objectContaining({
      suggestion: 'It is on its way.',
      relevancy_score: 0.95,
      created_by_user_id: BOT.id,
      target_organization: null,
    }),
    seq: 9,
    prev_seq: 8,
  });
});
