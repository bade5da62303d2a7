import { beforeAll, describe, expect, it } from 'vitest';
import { keysOf, MEMBERSHIP_KEYS } from '../../support/worker/chat-keys.ts';
import {
  arrive,
  ask,
  enrollAgent,
  type Json,
  leave,
  resultsOf,
  TestOrganization,
  unique,
} from '../../support/worker/organization.ts';
import { own, setOrganization } from '../../support/worker/organization-setup.ts';
import type { Person } from '../../support/worker/requests.ts';

let org: TestOrganization;

beforeAll(async () => {
  org = await TestOrganization.open();
});

const DETAIL = { detail: expect.any(String) };
const AWAY = { is_participating: false, composing_status: 'idle' };

async function joined(person: Person = org.agent, joining?: Json) {
  const thread = unique('thread');
  const { chatId } = await org.say(thread, 'help');
  await org.join(person, chatId, joining);
  return { thread, chatId };
}

const update = (method: string, chatId: string, body: unknown, person: Person = org.agent) =>
  ask(person, method, `/users/${person.user_id}/chat_memberships/${chatId}`, body);

describe('the memberships of a user', () => {
  it('are one for each of their chats, page by page, and can be filtered by participation', async () => {
    const agent = await enrollAgent(org.organizationId);
    const first = (await joined(agent)).chatId;
    const second = (await joined(agent, AWAY)).chatId;
    const list = await own(agent, '/chat_memberships');
    expect(list.status).toBe(200);
    for (const membership of resultsOf(list)) expect(keysOf(membership)).toEqual(MEMBERSHIP_KEYS);
    const chatsOf = (answer: { json: Json }) => resultsOf(answer).map(({ chat_id }) => chat_id);
    expect(chatsOf(list)).toEqual([first, second]);
    expect(chatsOf(await own(agent, '/chat_memberships?is_participating=true'))).toEqual([first]);
    expect(chatsOf(await own(agent, '/chat_memberships?is_participating=false'))).toEqual([second]);
    const page = await own(agent, '/chat_memberships?page_size=1');
    expect(chatsOf(await ask(agent, 'GET', String(page.json['next'])))).toEqual([second]);
    expect((await own(agent, '/chat_memberships?is_participating=x')).status).toBe(400);
  });

  it('are read one by one by the id of the chat', async () => {
    const { chatId } = await joined();
    const answer = await own(org.agent, `/chat_memberships/${chatId}`);
    expect([answer.status, keysOf(answer.json)]).toEqual([200, MEMBERSHIP_KEYS]);
    expect(answer.json).toMatchObject({ member_id: org.agent.user_id, chat_id: chatId, composing_status: 'idle' });
    expect((await own(org.bot, `/chat_memberships/${chatId}`)).status).toBe(404);
  });
});

describe.each(['PUT', 'PATCH'])('%s of a membership', (method) => {
  it('sets the user’s typing, which others see in the chat and not in lists', async () => {
    const { chatId } = await joined();
    const seen = '2026-02-13T11:31:36.042Z';
    const body = { is_participating: true, composing_status: 'typing', last_seen_at: seen };
    const answer = await update(method, chatId, body);
    expect([answer.status, keysOf(answer.json)]).toEqual([200, MEMBERSHIP_KEYS]);
    expect(answer.json).toMatchObject({ composing_status: 'typing', last_seen_at: seen, is_participating: true });
    expect((await org.memberships(chatId))[1]).toEqual(answer.json);
    expect((await own(org.agent, `/chat_memberships/${chatId}`)).json).toEqual(answer.json);
    const listed = resultsOf(await own(org.agent, '/chat_memberships?page_size=200'));
    expect(listed.find(({ chat_id }) => chat_id === chatId)).toEqual({ ...answer.json, composing_status: 'idle' });
  });

  it('starts and ends the participation', async () => {
    const { chatId } = await joined();
    const closed = await update(method, chatId, AWAY);
    expect([closed.status, closed.json]).toMatchObject([200, { is_participating: false, is_present: false }]);
    expect(await org.chat(chatId)).toMatchObject({ is_pending: true, present_user_participant_count: 0 });
    await update(method, chatId, { is_participating: true, composing_status: 'idle', last_seen_at: null });
    expect(await org.chat(chatId)).toMatchObject({ is_pending: false, present_user_participant_count: 1 });
    const types = (await org.messages(chatId, '?type__not_in=msg')).map(({ type }) => type);
    expect(types).toEqual(['join', 'leave', 'join']);
  });

  it('refuses an ended chat: 400', async () => {
    const { thread, chatId } = await joined();
    await org.close(thread);
    const answer = await update(method, chatId, AWAY);
    expect([answer.status, answer.json]).toEqual([400, { non_field_errors: ['The chat has ended.'] }]);
  });

  it('refuses an absent user: 409', async () => {
    const agent = await enrollAgent(org.organizationId);
    const { chatId } = await joined(agent);
    await leave(agent);
    const answer = await update(method, chatId, AWAY, agent);
    expect([answer.status, answer.json]).toEqual([409, { detail: 'The user is not present.' }]);
    await arrive(agent);
    expect((await update(method, chatId, AWAY, agent)).status).toBe(200);
  });

  it('refuses a silent member who would take part in a private chat that is taken: 409', async () => {
    const priv = await TestOrganization.open();
    await setOrganization(priv.organizationId, { private_chats: true });
    const silent = await enrollAgent(priv.organizationId);
    const reporter = await enrollAgent(priv.organizationId, {}, ['reports']);
    for (const person of [silent, reporter]) await arrive(person);
    const { chatId } = await priv.say(unique('thread'), 'help');
    for (const person of [silent, reporter]) await priv.join(person, chatId, AWAY);
    await priv.join(priv.agent, chatId);
    const takesPart = { is_participating: true, composing_status: 'idle' };
    for (const method of ['PUT', 'PATCH']) {
      const refused = await update(method, chatId, takesPart, silent);
      expect([method, refused.status, refused.json]).toEqual([method, 409, DETAIL]);
      expect((await update(method, chatId, AWAY, silent)).status).toBe(200);
    }
    expect((await update('PATCH', chatId, takesPart, reporter)).status).toBe(200);
    expect((await update('PATCH', chatId, takesPart, priv.agent)).status).toBe(200);
  });

  it('refuses a user who is not a member, and unknown chats: 404', async () => {
    const { chatId } = await joined();
    await arrive(org.bot);
    for (const id of [chatId, crypto.randomUUID(), '0190a000-0000-7000-8000-00000000dead', 'nonsense']) {
      const answer = await update(method, id, AWAY, org.bot);
      expect([answer.status, answer.json]).toEqual([404, DETAIL]);
    }
  });

  it.each<[Json, string]>([
    [{}, 'is_participating'],
    [{ is_participating: 'yes', composing_status: 'idle' }, 'is_participating'],
    [{ is_participating: true, composing_status: null }, 'composing_status'],
    [{ ...AWAY, last_seen_at: 'just now' }, 'last_seen_at'],
    [{ ...AWAY, last_seen_at: '9999-12-31T00:00:00Z' }, 'last_seen_at'],
  ])('refuses %j', async (body, field) => {
    const { chatId } = await joined();
    const answer = await update(method, chatId, body);
    expect([answer.status, answer.json]).toMatchObject([400, { [field]: [expect.any(String)] }]);
  });
});

describe('a subset of the fields', () => {
  it('is enough for PATCH, which keeps the others', async () => {
    const { chatId } = await joined();
    await update('PUT', chatId, { is_participating: true, composing_status: 'typing' });
    const seen = await update('PATCH', chatId, { last_seen_at: '2026-02-13T11:31:36' });
    expect([seen.status, seen.json]).toMatchObject([
      200,
      { composing_status: 'typing', is_participating: true, last_seen_at: '2026-02-13T11:31:36.000Z' },
    ]);
    const gone = await update('PATCH', chatId, { is_participating: false });
    expect([gone.status, gone.json]).toMatchObject([200, { is_participating: false }]);
    const typed = await update('PATCH', chatId, { composing_status: 'typed' });
    expect([typed.status, typed.json]).toMatchObject([200, { is_participating: false, composing_status: 'typed' }]);
  });

  it('is not enough for PUT', async () => {
    const { chatId } = await joined();
    const answer = await update('PUT', chatId, { is_participating: false });
    expect([answer.status, answer.json]).toEqual([400, { composing_status: ['This field is required.'] }]);
  });
});

describe('the memberships of a visitor', () => {
  const list = (chatId: string, visitor: unknown, person = org.agent, rest = '') =>
    own(person, `/chats/${chatId}/visitors/${visitor}/chat_memberships${rest}`);

  it('are those in the chats that they share with the user', async () => {
    const { thread, chatId } = await joined();
    const visitor = (await org.memberships(chatId))[0]?.['member_id'];
    await org.close(thread);
    const unshared = (await org.say(thread, 'second session', { close_session: true })).chatId;
    const third = (await org.say(thread, 'third session')).chatId;
    await org.join(org.agent, third);
    const answer = await list(chatId, visitor);
    expect(answer.status).toBe(200);
    for (const membership of resultsOf(answer)) expect(keysOf(membership)).toEqual(MEMBERSHIP_KEYS);
    const places = resultsOf(answer).map(({ chat_id, member_id }) => [chat_id, member_id]);
    expect(places).toEqual([
      [chatId, visitor],
      [third, visitor],
    ]);
    const one = await list(chatId, visitor, org.agent, `/${third}`);
    expect([one.status, one.json]).toEqual([200, resultsOf(answer)[1]]);
    expect((await list(chatId, visitor, org.agent, `/${unshared}`)).status).toBe(404);
  });

  it('are 404 in a chat of others, and for a visitor of another chat', async () => {
    const { chatId } = await joined();
    const visitor = (await org.memberships(chatId))[0]?.['member_id'];
    const elsewhere = (await org.memberships((await joined()).chatId))[0]?.['member_id'];
    for (const answer of [
      await list(chatId, visitor, org.bot),
      await list(chatId, elsewhere),
      await list(chatId, org.agent.user_id),
      await list('0190a000-0000-7000-8000-00000000dead', visitor),
    ]) {
      expect([answer.status, answer.json]).toEqual([404, DETAIL]);
    }
  });
});
