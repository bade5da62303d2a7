import { beforeEach, describe, expect, test } from 'vitest';
import type { EventBody, ThreadEvent } from '../../../src/domain/events.ts';
import { evolve } from '../../../src/domain/evolve.ts';
import { type ChatState, emptyThread, type ThreadState } from '../../../src/domain/state.ts';
import { chatResource } from '../../../src/resources/chat.ts';
import {
  AGENT,
  BOT,
  chatStarted,
  userAdded,
  userMessageEvent,
  VISITOR,
  visitorAdded,
  visitorMessageEvent,
} from '../../support/sample-events.ts';
import { NAME, ORGANIZATION, ROOM } from '../../support/thread-model.ts';

const SECOND = 1000;
const START = 1_800_000_000_000;

/** A log that grows event by event. `at` counts from the start of the log. */
class Log {
  state: ThreadState = emptyThread(NAME);
  chatId = 'chat-1';

  add(at: number, body: EventBody, commandId = 'command'): this {
    const place = { seq: this.state.last_seq + 1, at: START + at, chat_id: this.chatId, command_id: commandId };
    const event: ThreadEvent = { ...body, v: 2, ...place, accepted: [] };
    this.state = evolve(this.state, event);
    return this;
  }

  get chat(): ChatState {
    const chat = this.state.chats.get(this.chatId);
    if (chat === undefined) throw new Error('no chat');
    return chat;
  }
}

let log: Log;

beforeEach(() => {
  log = new Log()
    .add(0, {
      type: 'thread_opened',
      identity: 'channel/c/t',
      database: 'DB',
      organization_id: ORGANIZATION,
      mapping_id: 'm',
      visitor_id: VISITOR,
      room_id: ROOM.id,
      channel: { channel_id: 'c', thread_id: 't' },
    })
    .add(0, chatStarted())
    .add(0, visitorAdded(START));
});

const visitorSays = (at: number, isWaiting = true) => visitorMessageEvent(START + at, { is_waiting: isWaiting });
const agentSays = (at: number, user = AGENT) => userMessageEvent('hi', null, { at: START + at, user });

describe('counts of a chat', () => {
  test('cover messages of type msg, by sender', () => {
    log.add(1, userAdded(AGENT, START, true)).add(2, userAdded(BOT, START, true));
    log.add(3, userMessageEvent('', null, { at: START + 3, type: 'join' }));
    log.add(4, visitorSays(4)).add(5, visitorSays(5)).add(6, agentSays(6)).add(7, agentSays(7, BOT));
    const { user_message_count, visitor_message_count, message_counts } = log.chat.facts;
    expect({ user_message_count, visitor_message_count }).toEqual({ user_message_count: 2, visitor_message_count: 2 });
    expect(message_counts).toEqual({ [VISITOR]: 2, [AGENT.id]: 1, [BOT.id]: 1 });
  });

  test('of members follow users who begin and stop participating', () => {
    log.add(1, userAdded(AGENT, START, true)).add(2, userAdded(BOT, START, false));
    const counts = () => {
      const { member_count, user_member_count, visitor_member_count, present_user_participant_count } = log.chat.facts;
      return [member_count, user_member_count, visitor_member_count, present_user_participant_count];
    };
    expect(counts()).toEqual([3, 2, 1, 1]);
    log.add(3, { type: 'member_changed', member_id: AGENT.id, changes: { is_participating: false } });
    expect(counts()).toEqual([3, 2, 1, 0]);
  });

  test('make a conversation real when a visitor and a user who is not a bot have written', () => {
    log
      .add(1, userAdded(AGENT, START, true))
      .add(2, userAdded(BOT, START, true))
      .add(3, visitorSays(3));
    log.add(4, agentSays(4, BOT));
    expect(chatResource(log.chat.facts).is_real_conversation).toBe(false);
    log.add(5, agentSays(5));
    expect(chatResource(log.chat.facts).is_real_conversation).toBe(true);
  });
});

describe('durations of a chat', () => {
  test('count at most sixty seconds after each message except the last', () => {
    log
      .add(0, visitorSays(0))
      .add(10 * SECOND, visitorSays(10 * SECOND))
      .add(200 * SECOND, visitorSays(200 * SECOND));
    log.add(230 * SECOND, visitorSays(230 * SECOND)).add(500 * SECOND, { type: 'chat_ended' });
    const { duration, active_duration } = chatResource(log.chat.facts);
    expect(duration).toBe(230);
    expect(active_duration).toBe(10 + 60 + 30);
  });

  test('are null while the chat is open, and without messages', () => {
    log.add(0, visitorSays(0));
    expect(chatResource(log.chat.facts)).toMatchObject({ duration: null, active_duration: null });
    const silent = new Log();
    silent.state = { ...log.state, chats: new Map() };
    silent.chatId = 'chat-2';
    silent.add(5, chatStarted()).add(6, { type: 'chat_ended' });
    expect(chatResource(silent.chat.facts)).toMatchObject({ duration: null, active_duration: null });
  });

  test('the wait is from the first visitor message to the first answer after it', () => {
    log
      .add(1, userAdded(AGENT, START, true))
      .add(1, agentSays(1))
      .add(5 * SECOND, visitorSays(5 * SECOND));
    expect(chatResource(log.chat.facts).visitor_wait_time).toBeNull();
    log.add(8 * SECOND, visitorSays(8 * SECOND)).add(9 * SECOND, agentSays(9 * SECOND));
    log.add(20 * SECOND, agentSays(20 * SECOND));
    expect(chatResource(log.chat.facts).visitor_wait_time).toBe(4);
  });
});

describe('waiting', () => {
  const waiting = () => {
    const { is_waiting, is_pending, waiting_started_at } = chatResource(log.chat.facts);
    return {
      is_waiting,
      is_pending,
      since: waiting_started_at === null ? null : Date.parse(waiting_started_at) - START,
    };
  };

  test('starts with a visitor message, is not restarted by the next, and ends with an answer', () => {
    expect(waiting()).toEqual({ is_waiting: false, is_pending: false, since: null });
    log.add(5, visitorSays(5)).add(9, visitorSays(9));
    expect(waiting()).toEqual({ is_waiting: true, is_pending: true, since: 5 });
    log.add(10, userAdded(AGENT, START, true));
    expect(waiting()).toEqual({ is_waiting: true, is_pending: false, since: 5 });
    log.add(11, agentSays(11));
    expect(waiting()).toEqual({ is_waiting: false, is_pending: false, since: 5 });
    log.add(20, visitorSays(20));
    expect(waiting()).toMatchObject({ is_waiting: true, since: 20 });
  });

  test('ends by command and with the chat', () => {
    log.add(5, visitorSays(5)).add(6, { type: 'waiting_ended' });
    expect(waiting().is_waiting).toBe(false);
    log.add(7, visitorSays(7)).add(8, { type: 'chat_ended' });
    expect(waiting()).toMatchObject({ is_waiting: false, is_pending: false, since: 7 });
    expect(chatResource(log.chat.facts)).toMatchObject({ is_ended: true, present_participant_count: 0 });
  });

  test('is as the event says, whoever wrote', () => {
    log.add(5, visitorSays(5, false));
    expect(waiting().is_waiting).toBe(false);
  });
});

describe('the visitor', () => {
  const name = () => log.chat.members.get(VISITOR)?.facts.name;
  const named = (username: string): EventBody => ({
    type: 'variables_set',
    visitor_id: VISITOR,
    variables: { username },
  });

  test('is named by the variable username, in the chat and in the thread', () => {
    log.add(1, { type: 'variables_set', visitor_id: VISITOR, variables: { city: 'Oulu' } });
    expect(name()).toBeNull();
    log.add(2, named('Jane'));
    expect(name()).toBe('Jane');
    expect(log.state.thread?.visitor_name).toBe('Jane');
    expect(log.chat.members.get(VISITOR)?.seq).toBe(log.state.last_seq);
  });

  test('does not change when the name stays the same', () => {
    log.add(2, named('Jane'));
    const { thread, chats } = log.state;
    log.add(3, named('Jane'));
    expect(log.state.thread).toBe(thread);
    expect(log.state.chats).toBe(chats);
  });

  test('loses the name in the open chat when the purge of an earlier one has taken it from the thread', () => {
    log.add(1, named('Jane')).add(2, { type: 'chat_ended' });
    log.chatId = 'chat-2';
    log.add(3, chatStarted()).add(3, visitorAdded(START + 3, 'Jane'));
    log.chatId = 'chat-1';
    log.add(4, { type: 'purged', covers: 'visitor', before: null });
    log.chatId = 'chat-2';
    expect([log.state.thread?.visitor_name, name()]).toEqual([null, 'Jane']);
    log.add(5, { type: 'variables_set', visitor_id: VISITOR, variables: { username: null } });
    expect(name()).toBeNull();
    expect(log.chat).toMatchObject({ seq: log.state.last_seq, facts: { updated_at: START + 5 } });
  });

  test('has a name of at most 255 whole characters', () => {
    log.add(2, named('\u{1F600}'.repeat(1000)));
    expect(name()).toBe('\u{1F600}'.repeat(255));
    log.add(3, named('a'.repeat(255)));
    expect(name()).toBe('a'.repeat(255));
  });
});

describe('the children of a chat', () => {
  const invitation = {
    id: 'invitation-1',
    invitee: { kind: 'user' as const, id: BOT.id, name: 'Bot' },
    invited_by_user: AGENT,
    accepted_by_user: null,
    created_at: START + 1,
    updated_at: START + 1,
    accepted_at: null,
    expired_at: null,
  };

  test('are not changed by a plain message', () => {
    log.add(1, { type: 'tag_added', tag: { name: 'Lead', created_at: START + 1 } });
    log.add(2, { type: 'invitation_sent', invitation });
    const { members, tags, invitations } = log.chat;
    const { suggestions } = log.state;
    log.add(3, visitorSays(3));
    expect(log.chat.members).toBe(members);
    expect(log.chat.tags).toBe(tags);
    expect(log.chat.invitations).toBe(invitations);
    expect(log.state.suggestions).toBe(suggestions);
  });

  test('are changed only by their events, with time and seq', () => {
    log.add(1, userAdded(AGENT, START + 1, true));
    log.add(5, { type: 'member_changed', member_id: AGENT.id, changes: { last_seen_at: START + 4 } });
    log.add(6, { type: 'member_changed', member_id: AGENT.id, changes: { is_present: false } });
    const member = log.chat.members.get(AGENT.id);
    expect(member).toMatchObject({
      seq: log.state.last_seq,
      facts: { is_participating: true, is_present: false, last_seen_at: START + 4, updated_at: START + 6 },
    });
    expect(log.chat.facts).toMatchObject({ present_user_participant_count: 0, updated_at: START + 6 });
  });

  test('count tags, without removed ones', () => {
    log.add(1, { type: 'tag_added', tag: { name: 'Lead', created_at: START + 1 } });
    log.add(2, { type: 'tag_added', tag: { name: 'Spam', created_at: START + 2 } });
    log.add(3, { type: 'tag_removed', name: 'Lead' });
    expect([...log.chat.tags.keys()]).toEqual(['Spam']);
    expect(log.chat.facts.tag_count).toBe(1);
  });

  test('keep who accepted an invitation and when, or when it expired', () => {
    log.add(1, { type: 'invitation_sent', invitation });
    log.add(2, { type: 'invitation_sent', invitation: { ...invitation, id: 'invitation-2' } });
    log.add(5, { type: 'invitation_accepted', invitation_id: 'invitation-1', accepted_by_user: BOT });
    log.add(6, { type: 'invitation_expired', invitation_id: 'invitation-2' });
    const times = { created_at: START + 1, accepted_at: null, expired_at: null };
    expect([...log.chat.invitations.values()].map(({ facts }) => facts)).toEqual([
      { ...invitation, ...times, accepted_by_user: BOT, accepted_at: START + 5, updated_at: START + 5 },
      { ...invitation, ...times, id: 'invitation-2', expired_at: START + 6, updated_at: START + 6 },
    ]);
  });

  test('cannot be changed if they do not exist', () => {
    expect(() => log.add(1, { type: 'invitation_expired', invitation_id: 'unknown' })).toThrow('not there');
    expect(() => log.add(1, { type: 'member_changed', member_id: 'unknown', changes: {} })).toThrow('not there');
  });
});

describe('the time of the last activity', () => {
  test('is that of the last msg or action; joins and tags do not count', () => {
    expect(log.chat.facts.last_activity_at).toBeNull();
    log.add(1, visitorSays(1)).add(2, userMessageEvent('', null, { at: START + 2, type: 'join' }));
    log.add(3, userMessageEvent('', null, { at: START + 3, type: 'tag_created' }));
    expect(log.chat.facts).toMatchObject({ last_activity_at: START + 1, newest_message_at: START + 3 });
    log.add(4, userMessageEvent('', null, { at: START + 4, type: 'action' }));
    expect(log.chat.facts).toMatchObject({ last_activity_at: START + 4, last_message_at: START + 1 });
  });
});

test('an event of a chat that is not loaded throws', () => {
  log.chatId = 'elsewhere';
  expect(() => log.add(1, visitorSays(1))).toThrow('not loaded');
});
