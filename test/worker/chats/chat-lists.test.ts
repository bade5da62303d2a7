import { beforeAll, describe, expect, it } from 'vitest';
import { CHAT_KEYS, keysOf } from '../../support/worker/chat-keys.ts';
import { newRoom } from '../../support/worker/gateway.ts';
import { ask, enrollAgent, resultsOf, TestOrganization, unique } from '../../support/worker/organization.ts';
import { idsOf, own, setOrganization, shareRoom } from '../../support/worker/organization-setup.ts';
import { admin, type Person } from '../../support/worker/requests.ts';

/** An organization with chats in every state, oldest first. */
async function busyDesk() {
  const org = await TestOrganization.open();
  const say = async () => (await org.say(unique('thread'), 'help')).chatId;
  const waiting = await say();
  const taken = await say();
  const answered = await say();
  const ended = (await org.say(unique('thread'), 'over', { close_session: true })).chatId;
  for (const chatId of [taken, answered]) await org.join(org.agent, chatId);
  await ask(org.agent, 'POST', `/users/${org.agent.user_id}/chats/${answered}/messages`, { message: 'hi' });
  const [visitor] = await org.memberships(waiting);
  return { org, waiting, taken, answered, ended, visitor: String(visitor?.['member_id']) };
}

let busy: Awaited<ReturnType<typeof busyDesk>>;

beforeAll(async () => {
  busy = await busyDesk();
});

describe('the chats', () => {
  it('of a user are those of which they are a member', async () => {
    const { org, taken, answered } = busy;
    expect(idsOf(await own(org.agent, '/chats'))).toEqual([answered, taken]);
    expect(idsOf(await own(org.bot, '/chats'))).toEqual([]);
  });

  it('that are routed or pending are seen by every user of a room without a router', async () => {
    const { org, waiting, taken, answered, ended } = busy;
    expect(idsOf(await own(org.bot, '/routed_chats'))).toEqual([ended, answered, taken, waiting]);
    expect(idsOf(await own(org.bot, '/pending_chats'))).toEqual([waiting]);
  });

  it('of an organization are the owned, the involved and the routed ones', async () => {
    const { org, waiting, taken, answered, ended } = busy;
    const list = async (path: string) => idsOf(await ask(org.agent, 'GET', `${org.organizationPath}${path}`));
    expect(await list('/owned_chats')).toEqual([ended, answered, taken, waiting]);
    expect(await list('/routed_chats')).toEqual([ended, answered, taken, waiting]);
    expect(await list('/involved_chats')).toEqual([answered, taken]);
  });

  it('of a room and of a visitor in it are listed', async () => {
    const { org, waiting, taken, answered, ended, visitor } = busy;
    const room = `/rooms/${org.gateway.roomId}`;
    const list = async (path: string) => idsOf(await ask(org.reporter, 'GET', `${org.organizationPath}${room}${path}`));
    expect(await list('/chats')).toEqual([ended, answered, taken, waiting]);
    expect(await list('/pending_chats')).toEqual([waiting]);
    expect(await list(`/visitors/${visitor}/chats`)).toEqual([waiting]);
    expect(idsOf(await own(org.agent, `${room}/visitors/${visitor}/chats`))).toEqual([waiting]);
  });

  it.each([
    ['is_waiting', 'true', ['taken', 'waiting']],
    ['is_waiting', 'false', ['ended', 'answered']],
    ['is_ended', 'true', ['ended']],
    ['is_ended', 'false', ['answered', 'taken', 'waiting']],
    ['has_messages', 'true', ['ended', 'answered', 'taken', 'waiting']],
    ['has_messages', 'false', []],
    ['has_user_messages', 'true', ['answered']],
    ['has_user_messages', 'false', ['ended', 'taken', 'waiting']],
    ['has_visitor_messages', 'true', ['ended', 'answered', 'taken', 'waiting']],
    ['has_visitor_messages', 'false', []],
  ] as const)('are filtered by %s=%s', async (filter, value, wanted) => {
    const { org } = busy;
    for (const path of ['/owned_chats', '/routed_chats', `/rooms/${org.gateway.roomId}/chats`]) {
      const answer = await ask(org.reporter, 'GET', `${org.organizationPath}${path}?${filter}=${value}`);
      expect([path, idsOf(answer)]).toEqual([path, wanted.map((name) => busy[name])]);
    }
  });

  it('are filtered by the time at which they began', async () => {
    const { org, waiting, taken, answered, ended } = busy;
    const created = String((await org.chat(taken))['created_at']);
    const list = async (query: string) =>
      idsOf(await ask(org.agent, 'GET', `${org.organizationPath}/owned_chats?${query}`));
    expect(await list(`created_at_after=${created}`)).toEqual([ended, answered]);
    expect(await list(`created_at_before=${created}`)).toEqual([waiting]);
    // Clients that count in microseconds walk windows: a chat is on one side of each bound.
    const between = created.replace('Z', '5Z');
    expect(await list(`created_at_after=${between}`)).toEqual([ended, answered]);
    expect(await list(`created_at_before=${between}`)).toEqual([taken, waiting]);
    expect(await list(`created_at_before=${created.replace('Z', '000000Z')}`)).toEqual([waiting]);
    expect(await list('created_at_after=2001-01-01T00:00&created_at_before=2002-01-01T00:00:00Z')).toEqual([]);
  });

  it('of a user are filtered by participation, and ordered by their last change', async () => {
    const { org, taken, answered } = busy;
    const agent = await enrollAgent(org.organizationId);
    await org.join(agent, taken);
    await org.join(agent, answered, { is_participating: false, composing_status: 'idle' });
    const list = async (query: string) => idsOf(await own(agent, `/chats?${query}`));
    expect(await list('is_participating=true')).toEqual([taken]);
    expect(await list('is_participating=false')).toEqual([answered]);
    expect(await list('is_participating=false&is_ended=false&has_user_messages=true')).toEqual([answered]);
    expect(await list('has_user_messages=false')).toEqual([taken]);
    await ask(agent, 'POST', `/users/${agent.user_id}/chats/${taken}/tags`, { name: 'Lead' });
    expect(await list('ordering=-updated_at')).toEqual([taken, answered]);
    expect(await list('ordering=updated_at')).toEqual([answered, taken]);
    expect(await list('ordering=created_at')).toEqual([taken, answered]);
    expect(await list('ordering=-updated_at,-created_at')).toEqual([taken, answered]);
    expect(await list('ordering=created_at, -updated_at')).toEqual([taken, answered]);
    const first = await own(agent, '/chats?ordering=-updated_at&page_size=1');
    expect(idsOf(first)).toEqual([taken]);
    const second = await ask(agent, 'GET', String(first.json['next']));
    expect([idsOf(second), second.json['next']]).toEqual([[answered], null]);
  });

  it('refuse a malformed filter, order or page', async () => {
    const { org } = busy;
    for (const [query, field] of [
      ['is_ended=yes', 'is_ended'],
      ['is_waiting=1', 'is_waiting'],
      ['created_at_after=yesterday', 'created_at_after'],
      ['created_at_before=2026-02-30', 'created_at_before'],
      ['ordering=updated_at', 'ordering'],
      ['page_size=0', 'page_size'],
      ['cursor=x', 'cursor'],
    ] as const) {
      const answer = await ask(org.agent, 'GET', `${org.organizationPath}/owned_chats?${query}`);
      expect([query, answer.status, Object.keys(answer.json)]).toEqual([query, 400, [field]]);
    }
    for (const ordering of ['-updated_at,created_at', 'created_at,name', 'name,created_at', ',created_at']) {
      const answer = await own(org.agent, `/chats?ordering=${ordering}`);
      expect([answer.status, answer.json]).toEqual([400, { ordering: [`"${ordering}" is not a valid choice.`] }]);
    }
    expect((await own(org.agent, '/chats?is_participating=maybe')).status).toBe(400);
    expect((await own(org.agent, '/routed_chats?is_ended=maybe')).status).toBe(400);
    expect((await own(org.agent, '/routed_chats?extra=x')).status).toBe(200);
    const empty = 'cursor=&page_size=&ordering=&is_ended=&has_messages=&created_at_after=';
    expect(idsOf(await own(org.agent, `/routed_chats?${empty}`))).toEqual(idsOf(await own(org.agent, '/routed_chats')));
  });

  it('are 404 for an unknown room or visitor', async () => {
    const { org, visitor } = busy;
    const other = await newRoom(org.organizationId);
    const base = org.organizationPath;
    for (const [person, path] of [
      [org.reporter, `${base}/rooms/0190a000-0000-7000-8000-00000000dead/chats`],
      [org.reporter, `${base}/rooms/${other}/visitors/${visitor}/chats`],
      [org.reporter, `${base}/rooms/${org.gateway.roomId}/visitors/${'0'.repeat(32)}/chats`],
      [org.agent, `/users/${org.agent.user_id}/rooms/${other}/visitors/${visitor}/chats`],
      [org.agent, `/users/${org.agent.user_id}/rooms/nonsense/visitors/${visitor}/chats`],
      [org.agent, `/users/${org.agent.user_id}/rooms/${org.gateway.roomId}/visitors/nobody/chats`],
    ] as const) {
      const answer = await ask(person, 'GET', path);
      expect([path, answer.status, answer.json]).toEqual([path, 404, { detail: expect.any(String) }]);
    }
  });
});

describe('one chat', () => {
  it('is read in every collection that has it, and in no other', async () => {
    const { org, waiting, taken, visitor } = busy;
    const base = org.organizationPath;
    const room = `/rooms/${org.gateway.roomId}`;
    const user = (person: Person) => `/users/${person.user_id}`;
    const collections: [Person, string, waiting: number, taken: number][] = [
      [org.agent, `${base}/owned_chats`, 200, 200],
      [org.agent, `${base}/routed_chats`, 200, 200],
      [org.agent, `${base}/involved_chats`, 404, 200],
      [org.reporter, `${base}${room}/chats`, 200, 200],
      [org.reporter, `${base}${room}/pending_chats`, 200, 404],
      [org.reporter, `${base}${room}/visitors/${visitor}/chats`, 200, 404],
      [org.agent, `${user(org.agent)}/chats`, 404, 200],
      [org.bot, `${user(org.bot)}/chats`, 404, 404],
      [org.bot, `${user(org.bot)}/routed_chats`, 200, 200],
      [org.bot, `${user(org.bot)}/pending_chats`, 200, 404],
      [org.bot, `${user(org.bot)}${room}/visitors/${visitor}/chats`, 200, 404],
    ];
    for (const [person, path, ...statuses] of collections) {
      for (const [place, chatId] of [waiting, taken].entries()) {
        const answer = await ask(person, 'GET', `${path}/${chatId}`);
        expect([path, place, answer.status]).toEqual([path, place, statuses[place]]);
        if (answer.status === 404) expect(answer.json).toEqual({ detail: expect.any(String) });
        else expect([keysOf(answer.json), answer.json]).toEqual([CHAT_KEYS, await org.chat(chatId)]);
      }
    }
  });
});

describe('a room that a router routes to some users', () => {
  it('shows its chats only to them', async () => {
    const { org, waiting } = await busyDesk();
    const outsider = await enrollAgent(org.organizationId);
    await org.routeTo([{ kind: 'user', id: org.bot.user_id }]);
    expect(idsOf(await own(org.bot, '/pending_chats'))).toEqual([waiting]);
    expect(idsOf(await own(outsider, '/pending_chats'))).toEqual([]);
    expect(idsOf(await own(outsider, '/routed_chats'))).toEqual([]);
    const refused = await own(outsider, `/routed_chats/${waiting}`);
    expect([refused.status, refused.json]).toEqual([404, { detail: 'Chat not found: it is not routed to the user.' }]);
    // What the organization owns does not depend on routers.
    expect((await ask(outsider, 'GET', `${org.organizationPath}/owned_chats/${waiting}`)).status).toBe(200);
  });
});

describe('a room without routers', () => {
  it('shows its chats to people, and to no bot', async () => {
    const { org, waiting } = await busyDesk();
    expect(idsOf(await own(org.bot, '/pending_chats'))).toEqual([waiting]);
    await org.withoutRouters();
    expect(idsOf(await own(org.agent, '/pending_chats'))).toEqual([waiting]);
    expect(idsOf(await own(org.bot, '/pending_chats'))).toEqual([]);
    expect(idsOf(await own(org.bot, '/routed_chats'))).toEqual([]);
    expect((await own(org.bot, `/routed_chats/${waiting}`)).status).toBe(404);
  });
});

describe('a room that is shared with a partner', () => {
  it('shows its chats to the partner as routed ones, and its history only if the owner’s is not private', async () => {
    const { org, waiting } = await busyDesk();
    const partner = await TestOrganization.open();
    const reporter = await enrollAgent(partner.organizationId, {}, ['reports']);
    await shareRoom(org, org.gateway.roomId, partner);
    await org.routeTo([{ kind: 'organization', id: partner.organizationId }, { kind: 'all' }]);
    const routed = (person: Person) => ask(person, 'GET', `${partner.organizationPath}/routed_chats/${waiting}`);
    const messages = (person: Person) => own(person, `/routed_chats/${waiting}/messages`);
    expect((await routed(partner.agent)).status).toBe(200);
    expect((await messages(partner.agent)).status).toBe(200);
    expect(idsOf(await own(partner.agent, '/pending_chats'))).toEqual([waiting]);
    expect((await ask(partner.agent, 'GET', `${partner.organizationPath}/owned_chats/${waiting}`)).status).toBe(404);

    await setOrganization(org.organizationId, { private_chat_history: true });
    expect([(await routed(partner.agent)).status, (await messages(partner.agent)).status]).toEqual([404, 404]);
    expect([(await routed(reporter)).status, (await messages(reporter)).status]).toEqual([200, 200]);
    expect((await own(partner.agent, `/routed_chats/${waiting}`)).status).toBe(200);
    expect(idsOf(await ask(partner.agent, 'GET', `${partner.organizationPath}/routed_chats`))).toEqual([]);
    expect(idsOf(await ask(reporter, 'GET', `${partner.organizationPath}/routed_chats`))).toHaveLength(4);
  });
});

describe('a deleted user', () => {
  it('is shown as deleted in memberships', async () => {
    const { org, taken } = await busyDesk();
    const leaver = await enrollAgent(org.organizationId);
    await org.join(leaver, taken);
    await admin(`/organizations/${org.organizationId}/users/${leaver.user_id}`, { method: 'DELETE' });
    const path = `${org.organizationPath}/owned_chats/${taken}/memberships`;
    const members = resultsOf(await ask(org.reporter, 'GET', path));
    const deleted = members.map(({ member_id, is_user_deleted }) => [member_id, is_user_deleted]);
    expect(deleted).toEqual([
      [expect.any(String), false],
      [org.agent.user_id, false],
      [leaver.user_id, true],
    ]);
    const one = await ask(org.reporter, 'GET', `${path}/${leaver.user_id}`);
    expect([one.status, one.json]).toEqual([200, members[2]]);
    expect((await ask(org.reporter, 'GET', `${path}/${org.bot.user_id}`)).status).toBe(404);
  });
});
