import { beforeAll, describe, expect, it } from 'vitest';
import { writeCollected } from '../../../src/read-model/collector.ts';
import { keysOf, MESSAGE_KEYS } from '../../support/worker/chat-keys.ts';
import {
  ask,
  type Json,
  resultsOf,
  TestOrganization,
  TIME,
  UUID,
  unique,
  visitorSays,
} from '../../support/worker/organization.ts';
import { organizationD1 } from '../../support/worker/organization-database.ts';
import { PLAIN, STORED } from '../../support/worker/plain-message.ts';
import { type Call, call, testEnv } from '../../support/worker/requests.ts';

let org: TestOrganization;

beforeAll(async () => {
  org = await TestOrganization.open();
});

function visitorOf(members: Json[]): Json {
  expect(members[0]).toMatchObject({ member_type: 'visitor' });
  return members[0] ?? {};
}

async function variablesOf(visitorId: unknown): Promise<Record<string, unknown>> {
  const path = `${org.organizationPath}/rooms/${org.gateway.roomId}/visitors/${visitorId}/variables`;
  const answer = await ask(org.agent, 'GET', path);
  return Object.fromEntries(resultsOf(answer).map(({ key, value }) => [String(key), value]));
}

describe('a session', () => {
  it('is opened by a new thread, with a visitor, their membership and a mapping', async () => {
    const thread = unique('thread');
    const answer = await org.post({ messages: [visitorSays(thread, 'Hello')] });
    expect(answer.status).toBe(201);
    expect(answer.headers.has('Idempotent-Replayed')).toBe(false);
    expect(answer.json).toEqual({
      chat_id: UUID,
      mapping_id: UUID,
      message_ids: [UUID],
      seqs: [expect.any(Number)],
      messages_created: 1,
      is_new_session: true,
    });
    const chat = await org.chat(String(answer.json['chat_id']));
    expect(chat).toMatchObject({ chat_type: 'external', is_ended: false, room_id: org.gateway.roomId });
    const members = await org.memberships(String(answer.json['chat_id']));
    expect(members.map(({ member_type, member_id }) => [member_type, member_id])).toEqual([
      ['visitor', expect.stringMatching(/^[0-9a-f]{32}$/)],
    ]);
    const threads = await org.request('GET', '/threads');
    expect(resultsOf(threads)).toContainEqual({
      mapping_id: answer.json['mapping_id'],
      thread_id: thread,
      current_chat_id: answer.json['chat_id'],
      is_ended: false,
      created_at: TIME,
      last_activity_at: TIME,
    });
  });

  it('is reused while it is open, and rotated once it has ended: same mapping, same visitor', async () => {
    const thread = unique('thread');
    const first = await org.say(thread, 'one');
    const second = await org.say(thread, 'two');
    const { mapping_id } = first.json;
    expect(second.json).toMatchObject({ chat_id: first.chatId, mapping_id, is_new_session: false });
    await org.close(thread);
    const third = await org.say(thread, 'three');
    expect(third.json).toMatchObject({ mapping_id, is_new_session: true, messages_created: 1 });
    expect(third.chatId).not.toBe(first.chatId);
    expect((await org.chat(first.chatId))['is_ended']).toBe(true);
    expect((await org.chat(third.chatId))['is_ended']).toBe(false);
    const [before, after] = [await org.memberships(first.chatId), await org.memberships(third.chatId)];
    expect(visitorOf(after)['member_id']).toBe(visitorOf(before)['member_id']);
    expect((await org.messages(third.chatId, '?type__in=msg')).map(({ message }) => message)).toEqual(['three']);
  });

  it('is different for each thread and each channel', async () => {
    const thread = unique('thread');
    const other = await org.gateway.register();
    const own = await org.say(thread, 'hi');
    const elsewhere = await org.request('POST', `https://hub.example${org.gateway.root}/${other}/messages`, {
      body: { messages: [visitorSays(thread, 'hi')] },
    });
    expect(elsewhere.json).toMatchObject({ is_new_session: true });
    const answers = [own.json, elsewhere.json, (await org.say(unique('thread'), 'hi')).json];
    expect(new Set(answers.map(({ chat_id }) => chat_id)).size).toBe(3);
    expect(new Set(answers.map(({ mapping_id }) => mapping_id)).size).toBe(3);
    const visitors = await Promise.all(answers.map(({ chat_id }) => org.memberships(String(chat_id))));
    expect(new Set(visitors.map((members) => visitorOf(members)['member_id'])).size).toBe(3);
  });

  it('is one, however many first messages arrive at the same time', async () => {
    const thread = unique('thread');
    const answers = await Promise.all(Array.from({ length: 50 }, (_, place) => org.say(thread, `first ${place}`)));
    expect(new Set(answers.map(({ chatId }) => chatId)).size).toBe(1);
    expect(answers.filter(({ json }) => json['is_new_session'] === true)).toHaveLength(1);
    expect(await org.chat(answers[0]?.chatId ?? '')).toMatchObject({ message_count: 50, member_count: 1 });
  });

  it('is ended by close_session after the messages', async () => {
    const thread = unique('thread');
    const sent = await org.send([visitorSays(thread, 'old'), org.userSays(thread, 'answer')], {
      close_session: true,
    });
    expect(sent.json).toMatchObject({ messages_created: 2, is_new_session: true });
    expect(await org.chat(sent.chatId)).toMatchObject({ is_ended: true, message_count: 2, is_waiting: false });
    expect((await org.close(thread)).json['message']).toBe('Chat session was already closed');
    expect((await org.say(thread, 'again')).json['is_new_session']).toBe(true);
  });
});

describe('messages', () => {
  it('are numbered in the order of the batch, as the thread has them', async () => {
    const thread = unique('thread');
    const batch = ['one', 'two', 'three'].map((body) => visitorSays(thread, body));
    const first = await org.send(batch);
    const [a = 0, b, c] = first.seqs;
    expect([b, c]).toEqual([a + 1, a + 2]);
    const next = await org.send([visitorSays(thread, 'four'), org.userSays(thread, 'five')]);
    expect(next.seqs[0]).toBe(a + 3);
    const shown = await org.messages(first.chatId, '?type__in=msg');
    expect(shown.map(({ id, message }) => [id, message])).toEqual([
      [first.ids[0], 'one'],
      [first.ids[1], 'two'],
      [first.ids[2], 'three'],
      [next.ids[0], 'four'],
      [next.ids[1], 'five'],
    ]);
  });

  it('show every documented field of a visitor and of a user', async () => {
    const thread = unique('thread');
    const sent = await org.send([
      visitorSays(thread, '  kept as it came\n', { sender_id: ' Anna <anna@example.com> ' }),
      org.userSays(thread, 'by an agent', { sender_id: org.agent.user_id.toUpperCase() }),
    ]);
    const [byVisitor = {}, byUser = {}] = await org.messages(sent.chatId, '?type__in=msg');
    const members = await org.memberships(sent.chatId);
    const shared = {
      type: 'msg',
      chat_id: sent.chatId,
      room_id: org.gateway.roomId,
      created_at: TIME,
      sender_avatar: null,
      ...PLAIN,
      ...STORED,
    };
    expect(byVisitor).toEqual({
      ...shared,
      id: sent.ids[0],
      sender_type: 'visitor',
      sender_id: visitorOf(members)['member_id'],
      sender_public_name: null,
      sender_name: null,
      message: '  kept as it came\n',
      external_sender_id: ' Anna <anna@example.com> ',
    });
    expect(byUser).toEqual({
      ...shared,
      id: sent.ids[1],
      sender_type: 'user',
      sender_id: org.agent.user_id,
      sender_public_name: 'Grace Hopper',
      sender_name: 'Grace Hopper',
      message: 'by an agent',
    });
    expect(keysOf(byUser)).toEqual(MESSAGE_KEYS);
  });

  it('of different senders belong to the one visitor of the thread', async () => {
    const thread = unique('thread');
    const sent = await org.send([
      visitorSays(thread, 'a', { sender_id: 'anna@example.com' }),
      visitorSays(thread, 'b', { sender_id: 'ben@example.com' }),
    ]);
    const shown = await org.messages(sent.chatId, '?type__in=msg');
    expect(new Set(shown.map(({ sender_id }) => sender_id)).size).toBe(1);
    expect(shown.map(({ external_sender_id }) => external_sender_id)).toEqual(['anna@example.com', 'ben@example.com']);
    expect(await org.chat(sent.chatId)).toMatchObject({ visitor_member_count: 1, visitor_message_count: 2 });
  });

  it('of a user make them a member who does not participate, without a join message', async () => {
    const thread = unique('thread');
    const sent = await org.send([org.userSays(thread, 'only a user wrote')]);
    const members = await org.memberships(sent.chatId);
    expect(members.map(({ member_type, is_participating }) => [member_type, is_participating])).toEqual([
      ['visitor', true],
      ['user', false],
    ]);
    expect(members[1]).toMatchObject({ member_id: org.agent.user_id, is_present: false, message_count: 1 });
    const types = (await org.messages(sent.chatId)).map(({ type }) => type);
    expect(types).toEqual(['msg']);
    await org.send([org.userSays(thread, 'again')]);
    expect(await org.chat(sent.chatId)).toMatchObject({ user_member_count: 2, user_message_count: 2 });
  });

  it('of a user who already participates do not change the membership', async () => {
    const thread = unique('thread');
    const { chatId } = await org.say(thread, 'hi');
    await org.join(org.agent, chatId);
    await org.send([org.userSays(thread, 'through the channel')]);
    const member = (await org.memberships(chatId)).find(({ member_id }) => member_id === org.agent.user_id);
    expect(member).toMatchObject({ is_participating: true, message_count: 1 });
  });

  it('may have unknown fields, a trailing slash, any content type and both authorization schemes', async () => {
    const thread = unique('thread');
    const payload = () => ({ messages: [visitorSays(thread, 'hi', { colour: 'red' })], priority: 1 });
    const statuses: number[] = [];
    const ways: [string, Call][] = [
      ['/messages/', {}],
      ['/messages?verbose=1', {}],
      ['/messages', { authorization: `Token ${org.gateway.token}` }],
      ['/messages', { authorization: `bearer ${org.gateway.token}` }],
    ];
    for (const [path, change] of ways) {
      statuses.push((await org.request('POST', path, { body: payload(), ...change })).status);
    }
    const raw = JSON.stringify(payload());
    statuses.push((await org.request('POST', '/messages', { raw, headers: { 'Content-Type': 'text/plain' } })).status);
    expect(statuses).toEqual([201, 201, 201, 201, 201]);
    expect((await org.say(thread, 'last')).json['is_new_session']).toBe(false);
  });
});

describe('waiting', () => {
  const state = async (chatId: string) => {
    const { is_waiting, is_pending } = await org.chat(chatId);
    return { is_waiting, is_pending };
  };
  const WAITING = { is_waiting: true, is_pending: true };
  const CALM = { is_waiting: false, is_pending: false };

  it('starts with any visitor message, and ends with a user message', async () => {
    const thread = unique('thread');
    const { chatId } = await org.say(thread, 'help');
    expect(await state(chatId)).toEqual(WAITING);
    const startedAt = (await org.chat(chatId))['waiting_started_at'];
    expect(startedAt).toEqual(TIME);
    await org.say(thread, 'hello?');
    expect((await org.chat(chatId))['waiting_started_at']).toBe(startedAt);
    await org.send([org.userSays(thread, 'yes?')]);
    expect(await state(chatId)).toEqual(CALM);
    expect((await org.chat(chatId))['waiting_started_at']).toBe(startedAt);
    await org.say(thread, 'more');
    expect(await state(chatId)).toEqual(WAITING);
    await org.close(thread);
    expect(await state(chatId)).toEqual(CALM);
  });

  it('follows the order of a mixed batch', async () => {
    const [a, b] = [unique('thread'), unique('thread')];
    const answered = await org.send([visitorSays(a, 'q'), org.userSays(a, 'auto-reply')]);
    expect(await state(answered.chatId)).toEqual(CALM);
    const open = await org.send([org.userSays(b, 'welcome'), visitorSays(b, 'q')]);
    expect(await state(open.chatId)).toEqual(WAITING);
  });

  it('is not changed by messages with skip_waiting_state', async () => {
    const thread = unique('thread');
    const skip = { skip_waiting_state: true };
    const { chatId } = await org.say(thread, 'newsletter', skip);
    expect(await state(chatId)).toEqual(CALM);
    expect((await org.chat(chatId))['waiting_started_at']).toBeNull();
    await org.say(thread, 'help');
    await org.send([org.userSays(thread, 'We received your message!')], skip);
    expect(await state(chatId)).toEqual(WAITING);
  });

  it('is not pending while a user is present', async () => {
    const thread = unique('thread');
    const { chatId } = await org.say(thread, 'help');
    await org.join(org.agent, chatId);
    expect(await state(chatId)).toEqual({ is_waiting: true, is_pending: false });
    await org.join(org.agent, chatId, { is_participating: false, composing_status: 'idle' });
    expect(await state(chatId)).toEqual(WAITING);
  });
});

describe('variables', () => {
  it('belong to the visitor; null values are ignored, and later values replace earlier ones', async () => {
    const thread = unique('thread');
    const variables = { customer_name: 'John Doe', 'Sää °C': '12 °C', empty: '', nothing: null };
    const { chatId } = await org.say(thread, 'hi', { variables });
    const visitor = visitorOf(await org.memberships(chatId))['member_id'];
    expect(await variablesOf(visitor)).toEqual({ customer_name: 'John Doe', 'Sää °C': '12 °C', empty: '' });
    await org.say(thread, 'hi again', { variables: { customer_name: null, ticket: '7', empty: 'full' } });
    const expected = { customer_name: 'John Doe', 'Sää °C': '12 °C', empty: 'full', ticket: '7' };
    expect(await variablesOf(visitor)).toEqual(expected);
    await org.close(thread);
    await org.say(thread, 'new session', { variables: { ticket: '8' } });
    expect(await variablesOf(visitor)).toEqual({ ...expected, ticket: '8' });
  });

  it('may have any key, be null or empty', async () => {
    const thread = unique('thread');
    const variables = { constructor: 'c', toString: 't', 'it\'s "quoted"': '\\' };
    const { chatId } = await org.say(thread, 'hi', { variables });
    const visitor = visitorOf(await org.memberships(chatId))['member_id'];
    expect(await variablesOf(visitor)).toEqual(variables);
    expect((await org.say(thread, 'a', { variables: null })).status).toBe(201);
    expect((await org.say(thread, 'b', { variables: {} })).status).toBe(201);
    expect(await variablesOf(visitor)).toEqual(variables);
  });

  it('name the visitor by `username`, in messages, memberships, lists and later sessions', async () => {
    const thread = unique('thread');
    const { chatId } = await org.say(thread, 'before', { variables: { username: 'Jänis' } });
    const named = { sender_name: 'Jänis', sender_public_name: 'Jänis' };
    expect(await org.messages(chatId, '?type__in=msg')).toMatchObject([{ message: 'before', ...named }]);
    expect(visitorOf(await org.memberships(chatId))).toMatchObject({
      member_name: 'Jänis',
      member_public_name: 'Jänis',
    });
    await org.say(thread, 'after', { variables: { username: 'Hare' } });
    expect((await org.messages(chatId, '?type__in=msg')).map(({ sender_name }) => sender_name)).toEqual([
      'Jänis',
      'Hare',
    ]);
    expect(visitorOf(await org.memberships(chatId))['member_name']).toBe('Hare');
    await writeCollected(testEnv);
    const copy = await organizationD1
      .prepare(
        "SELECT facts ->> '$.name' AS name FROM members WHERE chat_id = ? AND facts ->> '$.member_type' = 'visitor'",
      )
      .bind(chatId)
      .first<{ name: string }>();
    expect(copy?.name).toBe('Hare');
    await org.close(thread);
    const next = await org.say(thread, 'new session');
    expect(visitorOf(await org.memberships(next.chatId))['member_name']).toBe('Hare');
    expect(await org.messages(next.chatId, '?type__in=msg')).toMatchObject([{ sender_name: 'Hare' }]);
  });
});

describe('a channel that is deleted', () => {
  it('refuses messages and closing, while its open chats continue', async () => {
    const own = await TestOrganization.open();
    const thread = unique('thread');
    const { chatId } = await own.say(thread, 'hi');
    await own.join(own.agent, chatId);
    expect((await own.request('DELETE', '')).status).toBe(204);
    const late = await own.post({ messages: [visitorSays(thread, 'late')] });
    expect([late.status, late.json]).toEqual([404, { detail: 'Channel configuration not found.' }]);
    const closed = await own.close(thread);
    expect([closed.status, closed.json]).toEqual([404, { detail: 'Channel configuration not found.' }]);
    const path = `/users/${own.agent.user_id}/chats/${chatId}/messages`;
    expect((await ask(own.agent, 'POST', path, { message: 'still here' })).status).toBe(200);
    expect((await own.chat(chatId))['message_count']).toBe(2);
    expect(await own.events(thread)).toMatchObject([{ event_type: 'message_created' }]);
    expect(await own.ledger()).toMatchObject({ accepted: 1 });
  });
});

describe('an organization without an active subscription', () => {
  it('is refused', async () => {
    const own = await TestOrganization.open();
    await testEnv.DB.prepare('UPDATE organizations SET has_active_subscription = 0 WHERE id = ?')
      .bind(own.organizationId)
      .run();
    const answer = await call(`/api/v5${own.channelPath}/messages`, {
      method: 'POST',
      authorization: `Bearer ${own.gateway.token}`,
      body: { messages: [visitorSays(unique('thread'), 'hi')] },
      env: { AUTH_CACHE_SECONDS: '0' },
    });
    expect([answer.status, answer.json]).toEqual([403, { detail: expect.stringContaining('subscription') }]);
  });
});
