import { beforeAll, describe, expect, it } from 'vitest';
import { CHAT_KEYS, keysOf, MEMBERSHIP_KEYS } from '../../support/worker/chat-keys.ts';
import {
  ask,
  enrollAgent,
  type Json,
  resultsOf,
  TestOrganization,
  TIME,
  UUID,
  unique,
  visitorSays,
} from '../../support/worker/organization.ts';
import { admin, call, type Person } from '../../support/worker/requests.ts';

let org: TestOrganization;
let other: TestOrganization;

beforeAll(async () => {
  org = await TestOrganization.open();
  other = await TestOrganization.open();
});

const owned = (own: TestOrganization, rest = '', person: Person = own.agent) =>
  ask(person, 'GET', `${own.organizationPath}/owned_chats${rest}`);

describe('a chat of the organization', () => {
  it('has every documented key', async () => {
    const { chatId } = await org.say(unique('thread'), 'help');
    const answer = await owned(org, `/${chatId}`);
    expect(answer.status).toBe(200);
    expect(keysOf(answer.json)).toEqual(CHAT_KEYS);
    expect(answer.json).toEqual({
      id: chatId,
      token: expect.stringMatching(/^[a-z2-7]{48}$/),
      chat_type: 'external',
      created_at: TIME,
      updated_at: TIME,
      ended_at: null,
      waiting_started_at: TIME,
      room_id: org.gateway.roomId,
      room_name: 'Support',
      room_organization_id: org.organizationId,
      is_private: false,
      is_real_conversation: false,
      is_autosuggested: false,
      is_encrypted: false,
      is_waiting: true,
      is_pending: true,
      is_ended: false,
      message_count: 1,
      user_message_count: 0,
      visitor_message_count: 1,
      has_messages: true,
      has_user_messages: false,
      has_visitor_messages: true,
      first_visitor_message_url: null,
      first_visitor_message_url_title: null,
      autosuggest_url: null,
      autosuggest_url_title: null,
      tag_count: 0,
      member_count: 1,
      user_member_count: 0,
      visitor_member_count: 1,
      present_participant_count: 0,
      present_user_participant_count: 0,
      present_visitor_participant_count: 0,
      visitor_wait_time: null,
      duration: null,
      active_duration: null,
      legacy_conversation_state: 'waiting',
      legacy_room_id: expect.stringMatching(/^[a-z2-7]{48}$/),
    });
  });

  it('is 404 when it is unknown, malformed or of another organization', async () => {
    const foreign = (await other.say(unique('thread'), 'help')).chatId;
    for (const id of [foreign, crypto.randomUUID(), '0190a000-0000-7000-8000-00000000dead', 'nonsense']) {
      for (const rest of [`/${id}`, `/${id}/memberships`]) {
        const answer = await owned(org, rest);
        expect([answer.status, answer.json]).toEqual([404, { detail: expect.any(String) }]);
      }
    }
  });
});

describe('the list of the organization’s chats', () => {
  it('is newest first, page by page, and includes ended chats but none of other organizations', async () => {
    const own = await TestOrganization.open();
    const chats: string[] = [];
    for (let place = 0; place < 5; place++) chats.push((await own.say(unique('thread'), 'hi')).chatId);
    const thread = unique('thread');
    chats.push((await own.say(thread, 'first session', { close_session: true })).chatId);
    chats.push((await own.say(thread, 'second session')).chatId);
    const newestFirst = [...chats].reverse();

    const all = await owned(own);
    expect([all.status, all.json['next'], all.json['previous']]).toEqual([200, null, null]);
    expect(resultsOf(all).map(({ id }) => id)).toEqual(newestFirst);
    for (const chat of resultsOf(all)) expect(chat).toEqual(await own.chat(String(chat['id'])));
    const ascending = await owned(own, '?ordering=created_at');
    expect(resultsOf(ascending).map(({ id }) => id)).toEqual(chats);

    const first = await owned(own, '?page_size=3&ordering=-created_at');
    const second = await ask(own.agent, 'GET', String(first.json['next']));
    const third = await ask(own.agent, 'GET', String(second.json['next']));
    const idsOf = (answer: { json: Json }) => resultsOf(answer).map(({ id }) => id);
    expect([first, second, third].map(idsOf)).toEqual([
      newestFirst.slice(0, 3),
      newestFirst.slice(3, 6),
      newestFirst.slice(6),
    ]);
    expect(third.json['next']).toBeNull();
    expect(idsOf(await ask(own.agent, 'GET', String(third.json['previous'])))).toEqual(newestFirst.slice(3, 6));
    await other.say(unique('thread'), 'elsewhere');
    expect(resultsOf(await owned(own))).toHaveLength(7);
  });

  it('refuses an unknown ordering, page size and cursor', async () => {
    for (const [query, field] of [
      ['?ordering=name', 'ordering'],
      ['?page_size=-1', 'page_size'],
      ['?cursor=x', 'cursor'],
    ] as const) {
      const answer = await owned(org, query);
      expect([answer.status, Object.keys(answer.json)]).toEqual([400, [field]]);
    }
  });
});

describe('memberships of a chat', () => {
  it('are ascending, the visitor first, even when all joined at the same time', async () => {
    const thread = unique('thread');
    const agents = await Promise.all(Array.from({ length: 4 }, () => enrollAgent(org.organizationId)));
    const batch = [
      ...agents.map((agent) => org.userSays(thread, 'hi', { sender_id: agent.user_id })),
      visitorSays(thread, 'hello'),
    ];
    const { chatId } = await org.send(batch, { variables: { username: 'Ann' } });
    await org.join(org.agent, chatId);
    const answer = await owned(org, `/${chatId}/memberships`);
    expect(answer.status).toBe(200);
    const members = resultsOf(answer);
    for (const member of members) expect(keysOf(member)).toEqual(MEMBERSHIP_KEYS);
    expect(members[0]).toEqual({
      member_id: expect.stringMatching(/^[0-9a-f]{32}$/),
      member_type: 'visitor',
      member_name: 'Ann',
      member_public_name: 'Ann',
      member_avatar: null,
      member_organization_id: null,
      chat_id: chatId,
      room_id: org.gateway.roomId,
      room_organization_id: org.organizationId,
      created_at: TIME,
      last_seen_at: null,
      updated_at: TIME,
      chat_created_at: TIME,
      is_bot: false,
      is_user_deleted: false,
      is_participating: true,
      is_present: false,
      composing_status: 'idle',
      message_count: 1,
      legacy_member_id: expect.any(String),
    });
    expect(members.slice(1).map(({ member_id }) => member_id)).toEqual([
      ...agents.map(({ user_id }) => user_id).sort(),
      org.agent.user_id,
    ]);
    const times = members.map(({ created_at }) => String(created_at));
    expect(times).toEqual([...times].sort());

    const pages: unknown[][] = [];
    let url: unknown = `${org.organizationPath}/owned_chats/${chatId}/memberships?page_size=4`;
    let previous: unknown = null;
    while (typeof url === 'string') {
      const page = await ask(org.agent, 'GET', url);
      pages.push(resultsOf(page).map(({ member_id }) => member_id));
      previous = page.json['previous'];
      url = page.json['next'];
    }
    const ids = members.map(({ member_id }) => member_id);
    expect(pages).toEqual([ids.slice(0, 4), ids.slice(4)]);
    const back = await ask(org.agent, 'GET', String(previous));
    expect([resultsOf(back).map(({ member_id }) => member_id), back.json['previous']]).toEqual([ids.slice(0, 4), null]);
    expect(typeof back.json['next']).toBe('string');
  });
});

describe('private chat history', () => {
  it('hides the organization’s chats from tokens without the scope reports', async () => {
    const own = await TestOrganization.open();
    const { chatId } = await own.say(unique('thread'), 'secret');
    const paths = ['', `/${chatId}`, `/${chatId}/memberships`];
    for (const path of paths) expect((await owned(own, path)).status).toBe(200);
    await admin(`/organizations/${own.organizationId}`, { method: 'PATCH', body: { private_chat_history: true } });
    for (const path of paths) {
      const refused = await owned(own, path);
      expect([refused.status, refused.json]).toEqual([403, { detail: expect.stringContaining('reports') }]);
      expect((await owned(own, path, own.reporter)).status).toBe(200);
    }
  });
});

describe('an organization without an active subscription', () => {
  it('is refused everywhere in the Chats API', async () => {
    const own = await TestOrganization.open();
    const { chatId, ids } = await own.say(unique('thread'), 'hi');
    await own.join(own.reporter, chatId);
    await admin(`/organizations/${own.organizationId}`, { method: 'PATCH', body: { has_active_subscription: false } });
    const user = `/users/${own.reporter.user_id}`;
    const room = `${own.organizationPath}/rooms/${own.gateway.roomId}`;
    for (const [method, path] of [
      ['GET', `${own.organizationPath}/owned_chats`],
      ['GET', `${own.organizationPath}/owned_chats/${chatId}`],
      ['GET', `${own.organizationPath}/owned_chats/${chatId}/memberships`],
      ['GET', `${room}/pending_chats`],
      ['GET', `${room}/visitors/${UUID}/variables`],
      ['POST', `${user}/routed_chats/${chatId}/memberships`],
      ['GET', `${user}/chats/${chatId}/messages`],
      ['POST', `${user}/chats/${chatId}/messages`],
      ['PUT', `${user}/chats/${chatId}`],
      ['PATCH', `${user}/chats/${chatId}`],
      ['POST', `${user}/chats/${chatId}/messages/${ids[0]}/reply_suggestions`],
      ['POST', `${user}/routed_chats/${chatId}/messages/${ids[0]}/reply_suggestions`],
    ] as const) {
      const authorization = `Bearer ${own.reporter.token}`;
      const answer = await call(`/api/v5${path}`, { method, authorization, ...(method === 'GET' ? {} : { body: {} }) });
      expect([path, answer.status, answer.json]).toEqual([
        path,
        403,
        { detail: 'The organization has no active subscription.' },
      ]);
    }
  });
});
