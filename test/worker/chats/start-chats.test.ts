import { beforeAll, describe, expect, it } from 'vitest';
import { CHAT_KEYS, keysOf } from '../../support/worker/chat-keys.ts';
import { newRoom } from '../../support/worker/gateway.ts';
import {
  arrive,
  ask,
  enrollAgent,
  leave,
  resultsOf,
  TestOrganization,
  unique,
} from '../../support/worker/organization.ts';
import { idsOf, own, setOrganization, shareRoom } from '../../support/worker/organization-setup.ts';
import { admin, call, type Person } from '../../support/worker/requests.ts';

let org: TestOrganization;

beforeAll(async () => {
  org = await TestOrganization.open();
  await arrive(org.agent);
});

const DETAIL = { detail: expect.any(String) };
const MALFORMED = ['[]', '"chat"', '7', 'null', '{"a":', '{"a":1}}'];

describe('a chat between users', () => {
  const start = (person: Person = org.agent) => ask(person, 'POST', `/users/${person.user_id}/chats`);

  it('starts without a room, with its creator as the only member', async () => {
    const answer = await start();
    expect([answer.status, keysOf(answer.json)]).toEqual([201, CHAT_KEYS]);
    expect(answer.json).toMatchObject({
      chat_type: 'operator',
      room_id: null,
      room_name: null,
      room_organization_id: null,
      legacy_room_id: null,
      is_ended: false,
      is_waiting: false,
      is_private: false,
      member_count: 1,
      user_member_count: 1,
      visitor_member_count: 0,
      present_user_participant_count: 1,
      message_count: 0,
    });
    const chatId = String(answer.json['id']);
    expect((await own(org.agent, `/chats/${chatId}`)).json).toEqual(answer.json);
    expect(idsOf(await own(org.agent, '/chats'))).toContain(chatId);
    expect(resultsOf(await own(org.agent, `/chats/${chatId}/memberships`))).toMatchObject([
      { member_id: org.agent.user_id, is_participating: true, is_present: true, room_id: null },
    ]);
  });

  it('is visible to nobody else: not in the organization’s lists, and not routed', async () => {
    const chatId = String((await start()).json['id']);
    for (const path of ['/owned_chats', '/routed_chats']) {
      const base = `${org.organizationPath}${path}`;
      expect(idsOf(await ask(org.reporter, 'GET', base))).not.toContain(chatId);
      expect((await ask(org.reporter, 'GET', `${base}/${chatId}`)).status).toBe(404);
    }
    expect(idsOf(await ask(org.reporter, 'GET', `${org.organizationPath}/involved_chats`))).toContain(chatId);
    expect((await own(org.bot, `/routed_chats/${chatId}`)).status).toBe(404);
    expect((await own(org.bot, `/chats/${chatId}`)).status).toBe(404);
  });

  it('accepts messages and tags, has no allowed tags, and can be ended', async () => {
    const path = `/users/${org.agent.user_id}/chats/${(await start()).json['id']}`;
    const message = await ask(org.agent, 'POST', `${path}/messages`, { message: 'note' });
    expect([message.status, message.json]).toMatchObject([200, { room_id: null, message: 'note' }]);
    expect((await ask(org.agent, 'POST', `${path}/tags`, { name: 'Lead' })).status).toBe(201);
    expect(resultsOf(await ask(org.agent, 'GET', `${path}/allowed_tags`))).toEqual([]);
    const ended = await ask(org.agent, 'PATCH', path, { is_ended: true });
    expect([ended.status, ended.json]).toMatchObject([200, { is_ended: true }]);
  });

  it('is new for each request, and starts for an absent user too', async () => {
    const absent = await enrollAgent(org.organizationId);
    const [one, two] = [await start(absent), await start(absent)];
    expect(one.json['id']).not.toBe(two.json['id']);
    expect(one.json).toMatchObject({ present_user_participant_count: 0, member_count: 1 });
  });

  it.each(['', '{}', '{"chat_type":"group","id":7}'])('accepts the payload %j', async (raw) => {
    const answer = await call(`/api/v5/users/${org.agent.user_id}/chats/`, {
      method: 'POST',
      raw,
      authorization: `Bearer ${org.agent.token}`,
      headers: { 'Content-Type': 'application/json' },
    });
    expect([answer.status, answer.json]).toMatchObject([201, { chat_type: 'operator' }]);
  });

  it.each(MALFORMED)('refuses the payload %s', async (raw) => {
    const answer = await call(`/api/v5/users/${org.agent.user_id}/chats`, {
      method: 'POST',
      raw,
      authorization: `Bearer ${org.agent.token}`,
      headers: { 'Content-Type': 'application/json' },
    });
    expect(answer.status).toBe(400);
  });
});

describe('a chat with a visitor', () => {
  async function visitorOf(from: TestOrganization, options = {}) {
    const thread = unique('thread');
    const { chatId } = await from.say(thread, 'help', options);
    return { thread, chatId, visitor: String((await from.memberships(chatId))[0]?.['member_id']) };
  }

  const open = (person: Person, roomId: string, visitor: string) =>
    ask(person, 'POST', `/users/${person.user_id}/rooms/${roomId}/visitors/${visitor}/chats`);

  it('is the open one, which the user joins: 200', async () => {
    const { chatId, visitor } = await visitorOf(org);
    const answer = await open(org.agent, org.gateway.roomId, visitor);
    expect([answer.status, keysOf(answer.json)]).toEqual([200, CHAT_KEYS]);
    expect(answer.json).toMatchObject({ id: chatId, user_member_count: 1, is_pending: false });
    const again = await open(org.agent, org.gateway.roomId, visitor);
    expect([again.status, again.json]).toEqual([200, answer.json]);
    const types = (await org.messages(chatId, '?type__not_in=msg')).map(({ type }) => type);
    expect(types).toEqual(['join']);
  });

  it('is a new one in the same thread when the last has ended: 201, and reaches the channel', async () => {
    const { thread, chatId, visitor } = await visitorOf(org, { close_session: true });
    const answer = await open(org.agent, org.gateway.roomId, visitor);
    expect([answer.status, keysOf(answer.json)]).toEqual([201, CHAT_KEYS]);
    expect(answer.json).toMatchObject({
      chat_type: 'external',
      room_id: org.gateway.roomId,
      is_waiting: false,
      member_count: 2,
      visitor_member_count: 1,
    });
    const next = String(answer.json['id']);
    expect(next).not.toBe(chatId);
    const path = `/users/${org.agent.user_id}/chats/${next}/messages`;
    const posted = await ask(org.agent, 'POST', path, { message: 'We have news.' });
    expect(await org.events(thread)).toMatchObject([{ chat_id: next, message: { id: posted.json['id'] } }]);
    expect((await org.say(thread, 'thanks')).chatId).toBe(next);
  });

  it('is the same for many users at the same time', async () => {
    const { visitor } = await visitorOf(org, { close_session: true });
    const agents = await Promise.all(Array.from({ length: 6 }, () => enrollAgent(org.organizationId)));
    const answers = await Promise.all(agents.map((agent) => open(agent, org.gateway.roomId, visitor)));
    expect(new Set(answers.map(({ json }) => json['id'])).size).toBe(1);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 200, 201]);
  });

  it('is private if the setting of the room’s organization says so', async () => {
    const priv = await TestOrganization.open();
    const { visitor } = await visitorOf(priv, { close_session: true });
    await setOrganization(priv.organizationId, { private_chats: true });
    const answer = await open(priv.agent, priv.gateway.roomId, visitor);
    expect([answer.status, answer.json]).toMatchObject([201, { is_private: true }]);
    expect((await priv.say(unique('thread'), 'hi')).chatId).toEqual(expect.any(String));
    const [newest] = resultsOf(await ask(priv.reporter, 'GET', `${priv.organizationPath}/owned_chats`));
    expect(newest).toMatchObject({ is_private: true });
  });

  it('is refused while another present user has it and chats are private: 409', async () => {
    const priv = await TestOrganization.open();
    const { chatId, visitor } = await visitorOf(priv);
    await setOrganization(priv.organizationId, { private_chats: true });
    await priv.join(priv.agent, chatId);
    const refused = await open(priv.bot, priv.gateway.roomId, visitor);
    expect([refused.status, refused.json]).toEqual([409, DETAIL]);
    expect((await open(priv.agent, priv.gateway.roomId, visitor)).status).toBe(200);
    await leave(priv.agent);
    expect((await open(priv.bot, priv.gateway.roomId, visitor)).status).toBe(200);
  });

  it('is 403 in a room that does not reach the user, whether it exists or not', async () => {
    const own_ = await TestOrganization.open();
    const { visitor } = await visitorOf(own_);
    const deleted = await newRoom(own_.organizationId);
    await admin(`/organizations/${own_.organizationId}/rooms/${deleted}`, { method: 'DELETE' });
    await own_.routeTo([{ kind: 'user', id: own_.bot.user_id }]);
    for (const [person, room] of [
      [own_.agent, own_.gateway.roomId],
      [org.agent, own_.gateway.roomId],
      [own_.bot, deleted],
      [own_.bot, '0190a000-0000-7000-8000-00000000dead'],
    ] as const) {
      const answer = await open(person, room, visitor);
      expect([answer.status, answer.json]).toEqual([403, DETAIL]);
    }
    expect((await open(own_.bot, own_.gateway.roomId, visitor)).status).toBe(200);
  });

  it('is 404 for a visitor of another room', async () => {
    const elsewhere = await visitorOf(await TestOrganization.open());
    for (const visitor of [elsewhere.visitor, '0'.repeat(32), 'nobody']) {
      const answer = await open(org.agent, org.gateway.roomId, visitor);
      expect([answer.status, answer.json]).toEqual([404, { detail: 'Visitor not found.' }]);
    }
  });

  it('is opened by a partner in a shared room', async () => {
    const owner = await TestOrganization.open();
    const partner = await TestOrganization.open();
    const { chatId, visitor } = await visitorOf(owner);
    await shareRoom(owner, owner.gateway.roomId, partner);
    await owner.routeTo([{ kind: 'organization', id: partner.organizationId }]);
    const answer = await open(partner.agent, owner.gateway.roomId, visitor);
    expect([answer.status, answer.json]).toMatchObject([
      200,
      { id: chatId, room_organization_id: owner.organizationId, user_member_count: 1 },
    ]);
    expect(idsOf(await ask(partner.agent, 'GET', `${partner.organizationPath}/involved_chats`))).toEqual([chatId]);
  });

  it.each(MALFORMED)('refuses the payload %s', async (raw) => {
    const { visitor } = await visitorOf(org);
    const path = `/users/${org.agent.user_id}/rooms/${org.gateway.roomId}/visitors/${visitor}/chats`;
    const answer = await call(`/api/v5${path}`, { method: 'POST', raw, authorization: `Bearer ${org.agent.token}` });
    expect(answer.status).toBe(400);
  });
});
