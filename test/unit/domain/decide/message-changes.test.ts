import { beforeEach, describe, expect, test } from 'vitest';
import type { MessageAuthor, MessagesReceived } from '../../../../src/domain/commands.ts';
import type { MessageFacts, ReportedState } from '../../../../src/resources/message.ts';
import {
  ALL_ROOMS,
  ATTACHMENT,
  COLLEAGUE,
  choice,
  end,
  head,
  incoming,
  join,
  post,
  START,
  say,
  visitorsChat,
  waitingChat,
} from '../../../support/sample-commands.ts';
import { AGENT, VISITOR } from '../../../support/sample-events.ts';
import { IDENTITY, ORGANIZATION, type ThreadModel } from '../../../support/thread-model.ts';

let model: ThreadModel;
let chatId: string;
let answer: MessageFacts;

beforeEach(() => {
  ({ model, chatId } = waitingChat());
  model.answer(join(chatId));
  answer = model.answer(post(chatId)).message;
});

const byUser = (actor = AGENT): MessageAuthor => ({ by: 'user', chat_id: chatId, actor, rooms: ALL_ROOMS });
const byChannel = (channel_id: string = IDENTITY.channel_id): MessageAuthor => {
  return { by: 'channel', chat_id: chatId, channel_id };
};
const edit = (message_id: string, message: string, author = byUser()) => {
  return { ...head(), ...author, type: 'edit_message' as const, message_id, message };
};
const remove = (message_id: string, author = byUser()) => {
  return { ...head(), ...author, type: 'delete_message' as const, message_id };
};
const messageOf = (id: string) => model.messages(chatId).find((message) => message.id === id);

describe('editing', () => {
  test('gives a message a new text, and changes nothing else of the chat', () => {
    const before = model.chat(chatId).facts;
    const { message } = model.answer(edit(answer.id, 'hi there'));
    expect(message).toEqual({ ...answer, message: 'hi there', edited_at: model.state.last_at });
    expect(model.chat(chatId).facts).toEqual({ ...before, updated_at: model.state.last_at });
    expect(messageOf(answer.id)).toEqual(message);
  });

  test('to the same text, or once more, writes nothing', () => {
    expect(model.eventsOf(edit(answer.id, 'hi'))).toEqual([]);
    const command = edit(answer.id, 'hi there');
    expect(model.eventsOf(command)).toEqual(['message_edited']);
    model.answer(edit(answer.id, 'hello'));
    expect(model.answer(command).message.message).toBe('hello');
  });

  test('is for who sent the message', () => {
    model.answer(join(chatId, { actor: COLLEAGUE }));
    const [asked] = model.messages(chatId);
    expect(model.refusal(edit(answer.id, 'x', byUser(COLLEAGUE)))).toBe('message_of_other');
    expect(model.refusal(edit(asked?.id ?? '', 'x'))).toBe('message_of_other');
    expect(model.refusal(edit(answer.id, 'x', byUser({ ...AGENT, id: VISITOR })))).toBe('not_a_member');
    expect(model.refusal(edit('unknown', 'x'))).toBe('message_not_found');
  });

  test('by a channel is for what the channel has brought', () => {
    const [asked] = model.messages(chatId);
    expect(model.answer(edit(asked?.id ?? '', 'hello!', byChannel())).message.message).toBe('hello!');
    expect(model.log.at(-1)).toMatchObject({ by: 'channel', origin: `channel/${IDENTITY.channel_id}` });
    expect(model.refusal(edit(answer.id, 'x', byChannel()))).toBe('message_of_other');
    expect(model.refusal(edit(asked?.id ?? '', 'x', byChannel(ORGANIZATION)))).toBe('chat_not_found');
  });

  test('is for texts that are there, in an ended chat too', () => {
    const [, joined] = model.messages(chatId);
    expect(model.refusal(edit(joined?.id ?? '', 'x'))).toBe('message_fixed');
    model.answer(end(chatId));
    expect(model.answer(edit(answer.id, 'bye')).message.message).toBe('bye');
    model.answer(remove(answer.id));
    expect(model.refusal(edit(answer.id, 'x'))).toBe('message_deleted');
  });

  test('keeps to the length of a posted text', () => {
    const { model: visits, chatId: visited } = visitorsChat();
    const { message } = visits.answer(post(visited));
    const author = { by: 'user' as const, chat_id: visited, actor: AGENT, rooms: ALL_ROOMS };
    const longer = edit(message.id, 'x'.repeat(2001), author);
    expect(visits.refusal(longer)).toBe('message_too_long');
    expect(model.answer(edit(answer.id, 'x'.repeat(2001))).message.message).toHaveLength(2001);
  });

  test('counts with the messages of a visitor', () => {
    const { model: visits, chatId: visited } = visitorsChat();
    const { message } = visits.answer(say(visits, visited));
    const author = { by: 'visitor' as const, chat_id: visited, visitor_id: VISITOR };
    visits.state = { ...visits.state, counted: [START] };
    const limit = { most: 1, period: 60_000 };
    expect(visits.refusal({ ...edit(message.id, 'x', author), ...author, limit })).toBe('too_many_messages');
    expect(visits.answer(edit(message.id, 'x', author)).message.message).toBe('x');
    expect(visits.refusal(edit(message.id, 'y', { ...author, visitor_id: 'b'.repeat(32) }))).toBe('chat_not_found');
  });
});

describe('deleting', () => {
  test('leaves a message without its contents, and keeps counts', () => {
    const offer = model.answer(post(chatId, { attachments: [ATTACHMENT], attachment_template: 'generic' })).message;
    const before = model.chat(chatId).facts;
    const { message } = model.answer(remove(offer.id));
    expect(message).toEqual({
      ...offer,
      message: null,
      attachments: [],
      attachment_template: null,
      deleted_at: model.state.last_at,
    });
    expect(model.chat(chatId).facts.message_counts).toEqual(before.message_counts);
    expect(model.eventsOf(remove(offer.id))).toEqual([]);
  });

  test('leaves nothing to answer, and what was answered stays', () => {
    const { model: visits, chatId: visited } = visitorsChat();
    const offers = post(visited, { attachments: [ATTACHMENT], attachment_template: 'generic' });
    const { message: offer } = visits.answer(offers);
    const { message: response } = visits.answer(say(visits, visited, choice(offer)));
    const author = { by: 'user' as const, chat_id: visited, actor: AGENT, rooms: ALL_ROOMS };
    visits.answer(remove(offer.id, author));
    expect(visits.refusal(say(visits, visited, choice(offer)))).toBe('attachment_not_found');
    expect(visits.messages(visited).find(({ id }) => id === response.id)?.response_to).toEqual(response.response_to);
  });

  test('is for who sent the message, in an ended chat too', () => {
    model.answer(end(chatId));
    expect(model.refusal(remove(answer.id, byChannel()))).toBe('message_of_other');
    expect(model.eventsOf(remove(answer.id))).toEqual(['message_deleted']);
  });
});

test('a purged message is not changed any more, also before the purge has come to it', () => {
  const purge = { ...head(), type: 'purge' as const, organization_id: ORGANIZATION, chat_id: chatId };
  model.answer({ ...purge, covers: 'messages', before: answer.created_at + 1 });
  const { message: next } = model.answer(post(chatId));
  expect(model.refusal(edit(answer.id, 'x'))).toBe('message_purged');
  expect(model.refusal(remove(answer.id))).toBe('message_purged');
  expect(model.refusal(report('read'))).toBe('message_purged');
  expect(model.answer(edit(next.id, 'x')).message.message).toBe('x');
});

const report = (status: ReportedState, at: number | null = null, reason: string | null = null) => {
  const rest = { channel_id: IDENTITY.channel_id, chat_id: chatId, message_id: answer.id };
  return { ...head(), type: 'report_message_status' as const, ...rest, status, at, reason };
};

describe('a channel reports', () => {
  test('states that only rise', () => {
    expect(model.eventsOf(report('failed', null, 'mailbox full'))).toEqual(['message_status_changed']);
    expect(messageOf(answer.id)?.status).toMatchObject({ state: 'failed', failure_reason: 'mailbox full' });
    const delivered_at = model.state.last_at;
    model.answer(report('delivered', delivered_at));
    expect(messageOf(answer.id)?.status).toEqual({
      state: 'delivered',
      delivered_at,
      read_at: null,
      failure_reason: null,
    });
    expect(model.eventsOf(report('failed', null, 'late'))).toEqual([]);
    model.answer(report('read', delivered_at));
    expect(messageOf(answer.id)?.status).toMatchObject({ state: 'read', delivered_at, read_at: delivered_at });
    expect(model.eventsOf(report('delivered'))).toEqual([]);
  });

  test('times between the message and now', () => {
    model.answer(report('delivered', 1));
    expect(messageOf(answer.id)?.status?.delivered_at).toBe(answer.created_at);
    model.answer(report('read', START * 2));
    expect(messageOf(answer.id)?.status?.read_at).toBe(model.state.last_at);
  });

  test('nothing that the chat shows', () => {
    const before = model.chat(chatId).facts;
    model.answer(report('read'));
    expect(model.chat(chatId).facts).toBe(before);
  });

  test('only of texts of users, in a thread of its own', () => {
    const [asked, joined] = model.messages(chatId);
    expect(model.refusal({ ...report('read'), message_id: asked?.id ?? '' })).toBe('message_not_sent');
    expect(model.refusal({ ...report('read'), message_id: joined?.id ?? '' })).toBe('message_not_sent');
    expect(model.refusal({ ...report('read'), message_id: 'unknown' })).toBe('message_not_found');
    expect(model.refusal({ ...report('read'), channel_id: ORGANIZATION })).toBe('message_not_found');
  });

  test('all that was not read yet', () => {
    model.answer(report('read'));
    const [second, third] = [model.answer(post(chatId)).message, model.answer(post(chatId)).message];
    const all = { ...report('read'), message_id: null };
    expect(model.eventsOf(all)).toEqual(['message_status_changed', 'message_status_changed']);
    expect([second, third].map(({ id }) => messageOf(id)?.status?.state)).toEqual(['read', 'read']);
    expect(model.eventsOf({ ...all, command_id: 'again' })).toEqual([]);
  });
});

test('a message that a gateway brought for a user is changed by both', () => {
  const sends = incoming('synced');
  const [message] = sends.messages;
  const brought = { sender_type: 'user' as const, sender_id: AGENT.id, user: AGENT };
  const synced = { ...sends, messages: message === undefined ? [] : [{ ...message, ...brought }] };
  const received: MessagesReceived = model.answer(synced);
  const [id = ''] = received.message_ids;
  expect(model.answer(edit(id, 'once', byChannel())).message.message).toBe('once');
  expect(model.answer(edit(id, 'twice')).message.message).toBe('twice');
});

const note = (reason: string | null, message_id = answer.id) => {
  const given_up = reason === null ? null : { reason };
  return { ...head(), type: 'note_webhooks' as const, chat_id: chatId, message_id, given_up };
};

describe('the hub notes', () => {
  test('that it has given up, once, and takes it back when all is delivered', () => {
    expect(model.eventsOf(note(null))).toEqual([]);
    expect(model.eventsOf(note('status 500'))).toEqual(['message_status_changed']);
    expect(messageOf(answer.id)?.status).toMatchObject({ state: 'failed', failure_reason: 'status 500', by: 'hub' });
    expect(model.eventsOf(note('status 503'))).toEqual([]);
    expect(model.eventsOf(note(null))).toEqual(['message_status_changed']);
    const nothing = { state: 'stored', delivered_at: null, read_at: null, failure_reason: null };
    expect(messageOf(answer.id)?.status).toEqual(nothing);
    expect(model.eventsOf(note(null))).toEqual([]);
    expect(model.eventsOf(note('status 500'))).toEqual(['message_status_changed']);
  });

  test.each(['failed', 'delivered', 'read'] as const)('nothing over the report `%s` of the channel', (state) => {
    model.answer(report(state, null, 'mailbox full'));
    expect(model.eventsOf(note('status 500'))).toEqual([]);
    expect(model.eventsOf(note(null))).toEqual([]);
    expect(messageOf(answer.id)?.status?.state).toBe(state);
  });

  test.each(['failed', 'delivered', 'read'] as const)('what the report `%s` of the channel replaces', (state) => {
    model.answer(note('status 500'));
    expect(model.eventsOf(report(state))).toEqual(['message_status_changed']);
    expect(messageOf(answer.id)?.status).toMatchObject({ state, failure_reason: null });
    expect(messageOf(answer.id)?.status).not.toHaveProperty('by');
    expect(model.eventsOf(note(null))).toEqual([]);
  });

  test('nothing of what no channel was sent, or what is purged', () => {
    const [asked] = model.messages(chatId);
    expect(model.eventsOf(note('status 500', asked?.id))).toEqual([]);
    expect(model.eventsOf(note('status 500', 'unknown'))).toEqual([]);
    const purge = { ...head(), type: 'purge' as const, organization_id: ORGANIZATION, chat_id: chatId };
    model.answer({ ...purge, covers: 'messages', before: null });
    expect(model.eventsOf(note('status 500'))).toEqual([]);
  });
});
