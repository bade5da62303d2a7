import { beforeAll, describe, expect, it } from 'vitest';
import { keysOf, MEMBERSHIP_KEYS } from '../../support/worker/chat-keys.ts';
import { ask, enrollAgent, type Json, TestOrganization, TIME, unique } from '../../support/worker/organization.ts';
import { admin, enroll } from '../../support/worker/requests.ts';

let org: TestOrganization;

beforeAll(async () => {
  org = await TestOrganization.open();
});

const PARTICIPATING = { is_participating: true, composing_status: 'idle' };
const AWAY = { is_participating: false, composing_status: 'idle' };

async function newChat(): Promise<string> {
  return (await org.say(unique('thread'), 'hi')).chatId;
}

const typesOf = async (chatId: string) => (await org.messages(chatId, '?type__not_in=msg')).map(({ type }) => type);

describe('joining a routed chat works', () => {
  it('for a user of the room’s organization: 201 with the whole membership', async () => {
    const agent = await enrollAgent(org.organizationId, {
      alias: 'Gracie',
      avatar_url: 'https://images.example.com/grace.png',
    });
    const chatId = await newChat();
    const answer = await org.join(agent, chatId);
    expect(answer.status).toBe(201);
    const chat = await org.chat(chatId);
    expect(answer.json).toEqual({
      member_id: agent.user_id,
      member_type: 'user',
      member_name: 'Grace Hopper',
      member_public_name: 'Gracie',
      member_avatar: { id: expect.any(String), url: 'https://images.example.com/grace.png' },
      member_organization_id: org.organizationId,
      chat_id: chatId,
      room_id: org.gateway.roomId,
      room_organization_id: org.organizationId,
      created_at: TIME,
      last_seen_at: null,
      updated_at: answer.json['created_at'],
      chat_created_at: chat['created_at'],
      is_bot: false,
      is_user_deleted: false,
      is_participating: true,
      is_present: true,
      composing_status: 'idle',
      message_count: 0,
      legacy_member_id: expect.any(String),
    });
    expect(keysOf(answer.json)).toEqual(MEMBERSHIP_KEYS);
    expect(chat).toMatchObject({
      member_count: 2,
      user_member_count: 1,
      present_participant_count: 1,
      present_user_participant_count: 1,
    });
  });

  it('again with 200, and changes at most the status', async () => {
    const chatId = await newChat();
    const first = await org.join(org.agent, chatId);
    const again = await org.join(org.agent, chatId);
    expect([again.status, again.json]).toEqual([200, first.json]);
    const typing = await org.join(org.agent, chatId, { is_participating: true, composing_status: 'typing' });
    expect([typing.status, typing.json]).toEqual([
      200,
      { ...first.json, composing_status: 'typing', updated_at: TIME },
    ]);
    expect(await typesOf(chatId)).toEqual(['join']);
  });

  it('once for many requests at the same time', async () => {
    const chatId = await newChat();
    const answers = await Promise.all(Array.from({ length: 20 }, () => org.join(org.agent, chatId)));
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array(19).fill(200), 201]);
    expect(await typesOf(chatId)).toEqual(['join']);
  });

  it('without participation, which is not announced; joining and leaving are', async () => {
    const chatId = await newChat();
    const quiet = await org.join(org.bot, chatId, AWAY);
    expect([quiet.status, quiet.json]).toMatchObject([
      201,
      { is_participating: false, is_present: false, is_bot: true },
    ]);
    expect(await typesOf(chatId)).toEqual([]);
    await org.join(org.bot, chatId, PARTICIPATING);
    await org.join(org.bot, chatId, AWAY);
    expect(await typesOf(chatId)).toEqual(['join', 'leave']);
    const [join] = await org.messages(chatId, '?type__in=join');
    expect(join).toMatchObject({ message: null, sender_type: 'user', sender_id: org.bot.user_id });
    expect(await org.chat(chatId)).toMatchObject({
      message_count: 1,
      user_message_count: 0,
      has_user_messages: false,
    });
  });

  it('by a path in capital letters, with a trailing slash', async () => {
    const chatId = await newChat();
    const path = `/users/${org.agent.user_id.toUpperCase()}/routed_chats/${chatId.toUpperCase()}/memberships/`;
    const answer = await ask(org.agent, 'POST', path, PARTICIPATING);
    expect([answer.status, answer.json['chat_id']]).toEqual([201, chatId]);
  });

  it('in an ended chat for a member: 200, without a change', async () => {
    const thread = unique('thread');
    const { chatId } = await org.say(thread, 'hi');
    await org.join(org.agent, chatId);
    await org.close(thread);
    const answer = await org.join(org.agent, chatId, { is_participating: false, composing_status: 'typed' });
    expect([answer.status, answer.json]).toMatchObject([
      200,
      { is_participating: true, composing_status: 'idle', is_present: false },
    ]);
    expect(await org.chat(chatId)).toMatchObject({ is_ended: true, present_participant_count: 0, member_count: 2 });
  });
});

describe('joining a routed chat refuses', () => {
  const REQUIRED = ['This field is required.'];

  it.each<[Json, Json]>([
    [{}, { is_participating: REQUIRED, composing_status: REQUIRED }],
    [{ is_participating: true }, { composing_status: REQUIRED }],
    [{ composing_status: 'idle' }, { is_participating: REQUIRED }],
    [{ is_participating: 'yes', composing_status: 'idle' }, { is_participating: ['Must be a valid boolean.'] }],
    [{ is_participating: true, composing_status: 'asleep' }, { composing_status: ['"asleep" is not a valid choice.'] }],
  ])('%j', async (body, fields) => {
    const chatId = await newChat();
    const answer = await org.join(org.agent, chatId, body);
    expect([answer.status, answer.json]).toEqual([400, fields]);
    expect(await org.memberships(chatId)).toHaveLength(1);
  });

  it('a new member in an ended chat: 404', async () => {
    const thread = unique('thread');
    const { chatId } = await org.say(thread, 'hi', { close_session: true });
    const answer = await org.join(org.agent, chatId);
    expect([answer.status, answer.json]).toEqual([404, { detail: 'The chat has ended.' }]);
    await org.say(thread, 'next session');
    expect((await org.join(org.agent, chatId)).status).toBe(404);
    expect(await org.memberships(chatId)).toHaveLength(1);
  });

  it('a chat that is unknown, malformed or routed to others: 404', async () => {
    const other = await TestOrganization.open();
    const foreign = (await other.say(unique('thread'), 'hi')).chatId;
    const random = crypto.randomUUID();
    const unknown = '0190a000-0000-7000-8000-00000000dead';
    for (const chatId of [foreign, random, unknown, 'nonsense']) {
      const answer = await org.join(org.agent, chatId);
      expect([answer.status, answer.json]).toEqual([404, { detail: expect.any(String) }]);
    }
    expect(await other.memberships(foreign)).toHaveLength(1);
  });

  it('on behalf of another user: 403', async () => {
    const chatId = await newChat();
    const colleague = await enroll({ organization_id: org.organizationId, scopes: ['settings', 'reports', 'users'] });
    const path = `/users/${org.agent.user_id}/routed_chats/${chatId}/memberships`;
    expect((await ask(colleague, 'POST', path, PARTICIPATING)).status).toBe(403);
    expect(await org.memberships(chatId)).toHaveLength(1);
  });
});

describe('joining a taken chat of an organization with private chats', () => {
  it('is refused with 409 while another user is present, except with the scope reports', async () => {
    const priv = await TestOrganization.open();
    await admin(`/organizations/${priv.organizationId}`, { method: 'PATCH', body: { private_chats: true } });
    const { chatId } = await priv.say(unique('thread'), 'hi');
    expect((await priv.join(priv.agent, chatId)).status).toBe(201);
    const kept = await enrollAgent(priv.organizationId);
    const refused = await priv.join(kept, chatId);
    expect(refused).toMatchObject({ status: 409, json: { detail: expect.any(String) } });
    expect(await priv.memberships(chatId)).toHaveLength(2);
    expect((await priv.join(priv.reporter, chatId)).status).toBe(201);
    // The first user returns to their own chat, and anybody may join a chat without a present user.
    expect((await priv.join(priv.agent, chatId)).status).toBe(200);
    const free = await priv.say(unique('thread'), 'hi');
    expect((await priv.join(kept, free.chatId)).status).toBe(201);
  });
});
