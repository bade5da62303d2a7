import { beforeAll, describe, expect, it } from 'vitest';
import { admin, type Person } from '../http/hub.ts';
import { ask, Desk, enrollAgent, resultsOf, unique } from '../umi/desk.ts';
import { newRoom } from '../umi/gateway.ts';
import { CHAT_KEYS, keysOf } from './documented-keys.ts';
import { addRouter, idsOf, own, setOrganization, shareRoom } from './office.ts';

/** A desk with chats of every state, oldest first. */
async function busyDesk() {
  const desk = await Desk.open();
  const say = async () => (await desk.say(unique('thread'), 'help')).chatId;
  const waiting = await say();
  const taken = await say();
  const answered = await say();
  const ended = (await desk.say(unique('thread'), 'over', { close_session: true })).chatId;
  for (const chatId of [taken, answered]) await desk.join(desk.agent, chatId);
  await ask(desk.agent, 'POST', `/users/${desk.agent.user_id}/chats/${answered}/messages`, { message: 'hi' });
  const [visitor] = await desk.memberships(waiting);
  return { desk, waiting, taken, answered, ended, visitor: String(visitor?.['member_id']) };
}

let busy: Awaited<ReturnType<typeof busyDesk>>;

beforeAll(async () => {
  busy = await busyDesk();
});

describe('the chats', () => {
  it('of a user are those of which they are a member', async () => {
    const { desk, taken, answered } = busy;
    expect(idsOf(await own(desk.agent, '/chats'))).toEqual([answered, taken]);
    expect(idsOf(await own(desk.bot, '/chats'))).toEqual([]);
  });

  it('that are routed or pending are seen by every user of a room without a router', async () => {
    const { desk, waiting, taken, answered, ended } = busy;
    expect(idsOf(await own(desk.bot, '/routed_chats'))).toEqual([ended, answered, taken, waiting]);
    expect(idsOf(await own(desk.bot, '/pending_chats'))).toEqual([waiting]);
  });

  it('of an organization are the owned, the involved and the routed ones', async () => {
    const { desk, waiting, taken, answered, ended } = busy;
    const list = async (path: string) => idsOf(await ask(desk.agent, 'GET', `${desk.organizationPath}${path}`));
    expect(await list('/owned_chats')).toEqual([ended, answered, taken, waiting]);
    expect(await list('/routed_chats')).toEqual([ended, answered, taken, waiting]);
    expect(await list('/involved_chats')).toEqual([answered, taken]);
  });

  it('of a room and of a visitor in it', async () => {
    const { desk, waiting, taken, answered, ended, visitor } = busy;
    const room = `/rooms/${desk.gateway.roomId}`;
    const list = async (path: string) =>
      idsOf(await ask(desk.reporter, 'GET', `${desk.organizationPath}${room}${path}`));
    expect(await list('/chats')).toEqual([ended, answered, taken, waiting]);
    expect(await list('/pending_chats')).toEqual([waiting]);
    expect(await list(`/visitors/${visitor}/chats`)).toEqual([waiting]);
    expect(idsOf(await own(desk.agent, `${room}/visitors/${visitor}/chats`))).toEqual([waiting]);
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
  ] as const)('are chosen by %s=%s', async (filter, value, wanted) => {
    const { desk } = busy;
    for (const path of ['/owned_chats', '/routed_chats', `/rooms/${desk.gateway.roomId}/chats`]) {
      const answer = await ask(desk.reporter, 'GET', `${desk.organizationPath}${path}?${filter}=${value}`);
      expect([path, idsOf(answer)]).toEqual([path, wanted.map((name) => busy[name])]);
    }
  });

  it('are chosen by the time at which they began', async () => {
    const { desk, waiting, taken, answered, ended } = busy;
    const created = String((await desk.chat(taken))['created_at']);
    const list = async (query: string) =>
      idsOf(await ask(desk.agent, 'GET', `${desk.organizationPath}/owned_chats?${query}`));
    expect(await list(`created_at_after=${created}`)).toEqual([ended, answered]);
    expect(await list(`created_at_before=${created}`)).toEqual([waiting]);
    expect(await list('created_at_after=2001-01-01T00:00&created_at_before=2002-01-01T00:00:00Z')).toEqual([]);
  });

  it('of a user are chosen by whether they take part, and ordered by their last change', async () => {
    const { desk, taken, answered } = busy;
    const agent = await enrollAgent(desk.organizationId);
    await desk.join(agent, taken);
    await desk.join(agent, answered, { is_participating: false, composing_status: 'idle' });
    const list = async (query: string) => idsOf(await own(agent, `/chats?${query}`));
    expect(await list('is_participating=true')).toEqual([taken]);
    expect(await list('is_participating=false')).toEqual([answered]);
    expect(await list('is_participating=false&is_ended=false&has_user_messages=true')).toEqual([answered]);
    expect(await list('has_user_messages=false')).toEqual([taken]);
    await ask(agent, 'POST', `/users/${agent.user_id}/chats/${taken}/tags`, { name: 'Lead' });
    expect(await list('ordering=-updated_at')).toEqual([taken, answered]);
    expect(await list('ordering=updated_at')).toEqual([answered, taken]);
    expect(await list('ordering=created_at')).toEqual([taken, answered]);
    const first = await own(agent, '/chats?ordering=-updated_at&page_size=1');
    expect(idsOf(first)).toEqual([taken]);
    const second = await ask(agent, 'GET', String(first.json['next']));
    expect([idsOf(second), second.json['next']]).toEqual([[answered], null]);
  });

  it('refuse a malformed filter, order or page', async () => {
    const { desk } = busy;
    for (const [query, field] of [
      ['is_ended=yes', 'is_ended'],
      ['is_waiting=1', 'is_waiting'],
      ['has_messages=', 'has_messages'],
      ['created_at_after=yesterday', 'created_at_after'],
      ['created_at_before=2026-02-30', 'created_at_before'],
      ['ordering=updated_at', 'ordering'],
      ['page_size=0', 'page_size'],
      ['cursor=x', 'cursor'],
    ] as const) {
      const answer = await ask(desk.agent, 'GET', `${desk.organizationPath}/owned_chats?${query}`);
      expect([query, answer.status, Object.keys(answer.json)]).toEqual([query, 400, [field]]);
    }
    expect((await own(desk.agent, '/chats?is_participating=maybe')).status).toBe(400);
    expect((await own(desk.agent, '/routed_chats?is_ended=maybe')).status).toBe(400);
    expect((await own(desk.agent, '/routed_chats?extra=x')).status).toBe(200);
  });

  it('are 404 in a room or of a visitor that is not there', async () => {
    const { desk, visitor } = busy;
    const other = await newRoom(desk.organizationId);
    const base = desk.organizationPath;
    for (const [person, path] of [
      [desk.reporter, `${base}/rooms/0190a000-0000-7000-8000-00000000dead/chats`],
      [desk.reporter, `${base}/rooms/${other}/visitors/${visitor}/chats`],
      [desk.reporter, `${base}/rooms/${desk.gateway.roomId}/visitors/${'0'.repeat(32)}/chats`],
      [desk.agent, `/users/${desk.agent.user_id}/rooms/${other}/visitors/${visitor}/chats`],
      [desk.agent, `/users/${desk.agent.user_id}/rooms/nonsense/visitors/${visitor}/chats`],
      [desk.agent, `/users/${desk.agent.user_id}/rooms/${desk.gateway.roomId}/visitors/nobody/chats`],
    ] as const) {
      const answer = await ask(person, 'GET', path);
      expect([path, answer.status, answer.json]).toEqual([path, 404, { detail: expect.any(String) }]);
    }
  });
});

describe('one chat', () => {
  it('is read in every collection that has it, and in no other', async () => {
    const { desk, waiting, taken, visitor } = busy;
    const base = desk.organizationPath;
    const room = `/rooms/${desk.gateway.roomId}`;
    const user = (person: Person) => `/users/${person.user_id}`;
    const collections: [Person, string, waiting: number, taken: number][] = [
      [desk.agent, `${base}/owned_chats`, 200, 200],
      [desk.agent, `${base}/routed_chats`, 200, 200],
      [desk.agent, `${base}/involved_chats`, 404, 200],
      [desk.reporter, `${base}${room}/chats`, 200, 200],
      [desk.reporter, `${base}${room}/pending_chats`, 200, 404],
      [desk.reporter, `${base}${room}/visitors/${visitor}/chats`, 200, 404],
      [desk.agent, `${user(desk.agent)}/chats`, 404, 200],
      [desk.bot, `${user(desk.bot)}/chats`, 404, 404],
      [desk.bot, `${user(desk.bot)}/routed_chats`, 200, 200],
      [desk.bot, `${user(desk.bot)}/pending_chats`, 200, 404],
      [desk.bot, `${user(desk.bot)}${room}/visitors/${visitor}/chats`, 200, 404],
    ];
    for (const [person, path, ...statuses] of collections) {
      for (const [place, chatId] of [waiting, taken].entries()) {
        const answer = await ask(person, 'GET', `${path}/${chatId}`);
        expect([path, place, answer.status]).toEqual([path, place, statuses[place]]);
        if (answer.status === 404) expect(answer.json).toEqual({ detail: expect.any(String) });
        else expect([keysOf(answer.json), answer.json]).toEqual([CHAT_KEYS, await desk.chat(chatId)]);
      }
    }
  });
});

describe('a room that a router leads to some', () => {
  it('shows its chats to them alone', async () => {
    const { desk, waiting } = await busyDesk();
    const outsider = await enrollAgent(desk.organizationId);
    await addRouter(desk, [desk.gateway.roomId], [{ kind: 'user', id: desk.bot.user_id }]);
    expect(idsOf(await own(desk.bot, '/pending_chats'))).toEqual([waiting]);
    expect(idsOf(await own(outsider, '/pending_chats'))).toEqual([]);
    expect(idsOf(await own(outsider, '/routed_chats'))).toEqual([]);
    const refused = await own(outsider, `/routed_chats/${waiting}`);
    expect([refused.status, refused.json]).toEqual([404, { detail: 'Chat not found: it is not routed to the user.' }]);
    // What the organization owns does not depend on routers.
    expect((await ask(outsider, 'GET', `${desk.organizationPath}/owned_chats/${waiting}`)).status).toBe(200);
  });
});

describe('a room that is shared with a partner', () => {
  it('shows its chats to the partner as routed ones, and its history by the owner’s leave', async () => {
    const { desk, waiting } = await busyDesk();
    const partner = await Desk.open();
    const reporter = await enrollAgent(partner.organizationId, {}, ['reports']);
    await shareRoom(desk, desk.gateway.roomId, partner);
    await addRouter(
      desk,
      [desk.gateway.roomId],
      [{ kind: 'organization', id: partner.organizationId }, { kind: 'all' }],
    );
    const routed = (person: Person) => ask(person, 'GET', `${partner.organizationPath}/routed_chats/${waiting}`);
    const messages = (person: Person) => own(person, `/routed_chats/${waiting}/messages`);
    expect((await routed(partner.agent)).status).toBe(200);
    expect((await messages(partner.agent)).status).toBe(200);
    expect(idsOf(await own(partner.agent, '/pending_chats'))).toEqual([waiting]);
    expect((await ask(partner.agent, 'GET', `${partner.organizationPath}/owned_chats/${waiting}`)).status).toBe(404);

    await setOrganization(desk.organizationId, { private_chat_history: true });
    expect([(await routed(partner.agent)).status, (await messages(partner.agent)).status]).toEqual([404, 404]);
    expect([(await routed(reporter)).status, (await messages(reporter)).status]).toEqual([200, 200]);
    expect((await own(partner.agent, `/routed_chats/${waiting}`)).status).toBe(200);
    expect(idsOf(await ask(partner.agent, 'GET', `${partner.organizationPath}/routed_chats`))).toEqual([]);
    expect(idsOf(await ask(reporter, 'GET', `${partner.organizationPath}/routed_chats`))).toHaveLength(4);
  });
});

describe('a deleted user', () => {
  it('is shown as deleted in memberships', async () => {
    const { desk, taken } = await busyDesk();
    const leaver = await enrollAgent(desk.organizationId);
    await desk.join(leaver, taken);
    await admin(`/organizations/${desk.organizationId}/users/${leaver.user_id}`, { method: 'DELETE' });
    const path = `${desk.organizationPath}/owned_chats/${taken}/memberships`;
    const members = resultsOf(await ask(desk.reporter, 'GET', path));
    const deleted = members.map(({ member_id, is_user_deleted }) => [member_id, is_user_deleted]);
    expect(deleted).toEqual([
      [expect.any(String), false],
      [desk.agent.user_id, false],
      [leaver.user_id, true],
    ]);
    const one = await ask(desk.reporter, 'GET', `${path}/${leaver.user_id}`);
    expect([one.status, one.json]).toEqual([200, members[2]]);
    expect((await ask(desk.reporter, 'GET', `${path}/${desk.bot.user_id}`)).status).toBe(404);
  });
});
