import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { noCost } from '../../../src/db/cost.ts';
import { endSilentMemberships } from '../../../src/delivery/end-silent-memberships.ts';
import type { RemoveSilentMembers } from '../../../src/domain/commands.ts';
import { newUuid } from '../../../src/resources/uuid.ts';
import { commandThread } from '../../../src/rpc/thread.ts';
import { eventually } from '../../support/eventually.ts';
import { firstDatabase } from '../../support/worker/first-database.ts';
import {
  arrive,
  ask,
  enrollAgent,
  type Json,
  resultsOf,
  TestOrganization,
  unique,
} from '../../support/worker/organization.ts';
import { shareRoom } from '../../support/worker/organization-setup.ts';
import { type Answer, admin, type Person } from '../../support/worker/requests.ts';

const SILENT = { is_participating: false, composing_status: 'idle' };
const OPEN = { is_participating: true, composing_status: 'idle' };

const own = (person: Person, path: string) => `/users/${person.user_id}${path}`;
const get = (person: Person, path: string) => ask(person, 'GET', path);
const idsOf = (answer: Answer, key = 'id') => resultsOf(answer).map((one) => one[key]);
const textsOf = (answer: Answer) => resultsOf(answer).flatMap(({ message }) => message ?? []);

/** Sends the watchdog's command to a thread. */
async function removeIn(thread: string, command: RemoveSilentMembers): Promise<number> {
  const { result } = await commandThread(env, thread, command);
  if (!result.ok) throw new Error(result.refusal.reason);
  return result.answer.removed;
}

/** Each request to a chat that a member has, with its status. */
async function doorsOf(person: Person, chatId: string): Promise<Record<string, number>> {
  const chat = own(person, `/chats/${chatId}`);
  const asked: [string, Promise<Answer>][] = [
    ['chat', get(person, chat)],
    ['messages', get(person, `${chat}/messages`)],
    ['memberships', get(person, `${chat}/memberships`)],
    ['tags', get(person, `${chat}/tags`)],
    ['suggestions', get(person, `${chat}/reply_suggestions`)],
    ['invitations', get(person, `${chat}/outgoing_chat_invitations`)],
    ['own membership', get(person, own(person, `/chat_memberships/${chatId}`))],
    ['post', ask(person, 'POST', `${chat}/messages`, { message: 'hello' })],
    ['invite', ask(person, 'POST', `${chat}/outgoing_chat_invitations`, { invited_user_id: person.user_id })],
    ['take part', ask(person, 'PATCH', own(person, `/chat_memberships/${chatId}`), { is_participating: true })],
    ['end', ask(person, 'PATCH', chat, { is_ended: true })],
  ];
  const answers = await Promise.all(asked.map(async ([name, answer]) => [name, (await answer).status] as const));
  return Object.fromEntries(answers);
}

const CLOSED = {
  ...{ chat: 404, messages: 404, memberships: 404, tags: 404, suggestions: 404, invitations: 404 },
  ...{ 'own membership': 404, post: 404, invite: 404, 'take part': 404, end: 404 },
};

/** The chats in the lists of a member: their chats, in each order, their memberships, and those of a visitor. */
async function listsOf(person: Person): Promise<unknown[][]> {
  return [
    idsOf(await get(person, own(person, '/chats'))),
    idsOf(await get(person, own(person, '/chats?ordering=updated_at'))),
    idsOf(await get(person, own(person, '/chats?is_participating=false'))),
    idsOf(await get(person, own(person, '/chat_memberships')), 'chat_id'),
    idsOf(await get(person, own(person, '/chat_memberships?is_participating=false')), 'chat_id'),
  ];
}

describe('a silent member of a partner', () => {
  let owner: TestOrganization;
  let partner: TestOrganization;
  let spy: Person;
  let colleague: Person;
  let chatId: string;
  let threadId: string;
  let share: string;

  beforeEach(async () => {
    await env.DB.exec('DELETE FROM ended_shares');
    owner = await TestOrganization.open();
    partner = await TestOrganization.open();
    spy = partner.agent;
    colleague = await enrollAgent(partner.organizationId);
    for (const person of [spy, colleague]) await arrive(person);
    const { roomId } = owner.gateway;
    await shareRoom(owner, roomId, partner);
    share = `/organizations/${owner.organizationId}/rooms/${roomId}/shares/${partner.organizationId}`;
    threadId = unique('thread');
    ({ chatId } = await owner.say(threadId, 'before'));
  });

  const involved = () => `${partner.organizationPath}/involved_chats`;
  const join = (person: Person, how: Json) =>
    ask(person, 'POST', `${partner.organizationPath}/routed_chats/${chatId}/memberships`, {
      member_id: person.user_id,
      ...how,
    });
  const unshare = async () => expect((await admin(share, { method: 'DELETE' })).status).toBe(204);

  it('has the chat while the room reaches the partner, and nothing of it afterwards', async () => {
    expect((await join(spy, SILENT)).status).toBe(201);
    await eventually(async () =>
      expect(await listsOf(spy)).toEqual([[chatId], [chatId], [chatId], [chatId], [chatId]]),
    );
    expect(textsOf(await get(spy, own(spy, `/chats/${chatId}/messages`)))).toEqual(['before']);
    expect(idsOf(await get(colleague, involved()))).toEqual([chatId]);
    expect((await get(colleague, `${involved()}/${chatId}/messages`)).status).toBe(200);

    await unshare();
    await owner.say(threadId, 'after');
    expect(await listsOf(spy)).toEqual([[], [], [], [], []]);
    expect(await doorsOf(spy, chatId)).toEqual(CLOSED);
    expect(idsOf(await get(colleague, involved()))).toEqual([]);
    for (const below of ['', '/messages', '/memberships', '/tags']) {
      expect([below, (await get(colleague, `${involved()}/${chatId}${below}`)).status]).toEqual([below, 404]);
    }
    const joining = await ask(colleague, 'POST', `${involved()}/${chatId}/memberships`, {
      member_id: colleague.user_id,
      ...OPEN,
    });
    expect(joining.status).toBe(404);
  });

  it('leaves when the sharing ends, and who takes part stays', async () => {
    const open = await enrollAgent(partner.organizationId);
    await arrive(open);
    for (const [person, how] of [
      [spy, SILENT],
      [open, OPEN],
    ] as const) {
      expect((await join(person, how)).status).toBe(201);
    }
    const users = async () =>
      idsOf(await get(owner.agent, `${owner.organizationPath}/owned_chats/${chatId}/memberships`), 'member_id').slice(
        1,
      );
    expect(new Set(await users())).toEqual(new Set([spy.user_id, open.user_id]));
    await eventually(async () => expect(idsOf(await get(spy, own(spy, '/chats')))).toEqual([chatId]));
    const sweep = (at: number) => endSilentMemberships(firstDatabase(noCost()), removeIn, at);
    await unshare();
    const endedAt = Date.now();
    expect([await sweep(endedAt + 30_000), await users()]).toEqual([0, [spy.user_id, open.user_id]]);
    expect([await sweep(endedAt + 61_000), await users()]).toEqual([1, [open.user_id]]);
    expect(await sweep(endedAt + 300_000)).toBe(0);
    expect(await env.DB.prepare('SELECT count(*) AS left FROM ended_shares').first()).toEqual({ left: 0 });
    // The chat tells of it as it does of leaving, and nobody who was silent is named by a message.
    const messages = await get(owner.agent, `${owner.organizationPath}/owned_chats/${chatId}/messages?type__in=leave`);
    expect(resultsOf(messages)).toEqual([]);
  });

  it('cannot be added by the partner once the sharing has ended, although a colleague takes part', async () => {
    const open = await enrollAgent(partner.organizationId);
    const added = await enrollAgent(partner.organizationId);
    for (const person of [open, added]) await arrive(person);
    expect((await join(open, OPEN)).status).toBe(201);
    expect((await join(spy, SILENT)).status).toBe(201);
    const add = (person: Person, how: Json) =>
      ask(colleague, 'POST', `${involved()}/${chatId}/memberships`, { member_id: person.user_id, ...how });
    expect((await add(added, OPEN)).status).toBe(201);
    await unshare();
    expect((await get(colleague, `${involved()}/${chatId}`)).status).toBe(200);
    for (const how of [OPEN, SILENT]) expect((await add(colleague, how)).status).toBe(404);
    expect((await add(spy, OPEN)).status).toBe(404);
    expect((await get(spy, own(spy, `/chats/${chatId}`))).status).toBe(404);
    // Who takes part can still be made to stop.
    expect((await add(added, SILENT)).status).toBe(200);
  });

  it('lets in nobody by an invitation once the sharing has ended, not even themselves', async () => {
    const welcome = await enrollAgent(partner.organizationId);
    await arrive(welcome);
    expect((await join(spy, SILENT)).status).toBe(201);
    const invite = async (invitee: Person) => {
      const sending = own(spy, `/chats/${chatId}/outgoing_chat_invitations`);
      const sent = await ask(spy, 'POST', sending, { invited_user_id: invitee.user_id });
      expect(sent.status).toBe(201);
      const path = own(invitee, `/chats/${chatId}/incoming_chat_invitations/${sent.json['id']}`);
      return () => ask(invitee, 'PATCH', path, { is_accepted: true });
    };
    const [ofSpy, ofColleague, ofWelcome] = [await invite(spy), await invite(colleague), await invite(welcome)];
    expect((await ofWelcome()).status).toBe(200);
    await unshare();
    for (const accept of [ofSpy, ofColleague]) {
      const refused = await accept();
      expect([refused.status, refused.json]).toEqual([400, { non_field_errors: [expect.any(String)] }]);
    }
    expect((await get(spy, own(spy, `/chats/${chatId}/messages`))).status).toBe(404);
  });

  it('stays when the room is shared again before that', async () => {
    expect((await join(spy, SILENT)).status).toBe(201);
    await eventually(async () => expect(idsOf(await get(spy, own(spy, '/chats')))).toEqual([chatId]));
    await unshare();
    expect((await admin(share, { method: 'PUT' })).status).toBe(201);
    expect(await endSilentMemberships(firstDatabase(noCost()), removeIn, Date.now() + 300_000)).toBe(0);
    expect((await get(spy, own(spy, `/chats/${chatId}`))).status).toBe(200);
  });

  it('is looked for after a bounded number of ended shares a run, the oldest first', async () => {
    const at = Date.now();
    const rows = Array.from({ length: 21 }, (_, place) => [newUuid(at), at - place] as const);
    const insert = `INSERT INTO ended_shares (room_id, organization_id, ended_at, after_chat) VALUES (?, ?, ?, '')`;
    await env.DB.batch(rows.map(([room, ended]) => env.DB.prepare(insert).bind(room, partner.organizationId, ended)));
    const left: unknown[] = [];
    for (let run = 0; run < 2; run++) {
      expect(await endSilentMemberships(firstDatabase(noCost()), removeIn, at + 120_000)).toBe(0);
      left.push((await env.DB.prepare('SELECT ended_at FROM ended_shares').all()).results);
    }
    expect(left).toEqual([[{ ended_at: at }], []]);
  });

  it('is looked for in a bounded number of open chats a run, which the next run continues', async () => {
    await unshare();
    const roomId = owner.gateway.roomId;
    const facts = JSON.stringify({ organization_id: owner.organizationId });
    const ids = Array.from({ length: 1100 }, (_, place) => newUuid(Date.now() + place));
    await env.DB.batch([
      env.DB.prepare(
        `INSERT INTO chats (id, thread, seq, organization_id, room_id, chat_type, is_ended, is_waiting, is_pending, updated_at, facts)
         SELECT value, value, 1, ?2, ?3, 'visitor', 0, 0, 0, 0, ?4 FROM json_each(?1)`,
      ).bind(JSON.stringify(ids), owner.organizationId, roomId, facts),
      env.DB.prepare(
        'INSERT INTO involvements (organization_id, chat_id, seq, is_ended) SELECT ?2, value, 1, 0 FROM json_each(?1)',
      ).bind(JSON.stringify(ids), partner.organizationId),
    ]);
    const asked: string[] = [];
    const runs: number[] = [];
    for (let run = 0; run < 4; run++) {
      const cost = noCost();
      const send = async (thread: string) => {
        asked.push(thread);
        if (asked.length === 7) throw new Error('a thread that cannot be reached');
        return 0;
      };
      vi.spyOn(console, 'error').mockImplementation(() => {});
      await endSilentMemberships(firstDatabase(cost), send, Date.now() + 120_000);
      vi.restoreAllMocks();
      runs.push(asked.length);
      expect(cost.d1.rowsRead).toBeLessThan(2100);
    }
    expect(runs.map((count) => Math.min(count, 1100))).toEqual([expect.any(Number), expect.any(Number), 1100, 1100]);
    expect(runs[0]).toBeLessThanOrEqual(500);
    expect(asked.filter((thread) => ids.includes(thread)).toSorted()).toEqual(ids.toSorted());
  });

  it('keeps the chat, and the partner too, while they take part openly', async () => {
    expect((await join(spy, OPEN)).status).toBe(201);
    await unshare();
    await eventually(async () => expect(idsOf(await get(spy, own(spy, '/chats')))).toEqual([chatId]));
    expect(idsOf(await get(colleague, involved()))).toEqual([chatId]);
    expect((await get(colleague, `${involved()}/${chatId}/messages`)).status).toBe(200);
    const leaving = await ask(spy, 'PATCH', own(spy, `/chat_memberships/${chatId}`), { is_participating: false });
    expect([leaving.status, leaving.json]).toMatchObject([200, { is_participating: false }]);
    expect(await doorsOf(spy, chatId)).toEqual(CLOSED);
    await eventually(async () => expect(idsOf(await get(colleague, involved()))).toEqual([]));
  });
});

describe('a silent member whom a router no longer names', () => {
  it('has nothing that routing does not give, unless they take part', async () => {
    const org = await TestOrganization.open();
    const { agent } = org;
    await arrive(agent);
    const [silent, open] = [await org.say(unique('thread'), 'one'), await org.say(unique('thread'), 'two')];
    for (const [{ chatId }, how] of [
      [silent, SILENT],
      [open, OPEN],
    ] as const) {
      const joined = await ask(agent, 'POST', own(agent, `/routed_chats/${chatId}/memberships`), how);
      expect(joined.status).toBe(201);
    }
    const both = async (ids: string[]) =>
      expect(new Set(idsOf(await get(agent, own(agent, '/chats'))))).toEqual(new Set(ids));
    await eventually(() => both([silent.chatId, open.chatId]));
    await org.routeTo([{ kind: 'user', id: org.bot.user_id }]);
    await both([open.chatId]);
    expect(idsOf(await get(agent, own(agent, '/chat_memberships')), 'chat_id')).toEqual([open.chatId]);
    expect(await doorsOf(agent, silent.chatId)).toEqual(CLOSED);
    expect((await get(agent, own(agent, `/chats/${open.chatId}/messages`))).status).toBe(200);
    const { visitor_id } = { visitor_id: String((await org.memberships(open.chatId))[0]?.['member_id']) };
    const shared = await get(agent, own(agent, `/chats/${open.chatId}/visitors/${visitor_id}/chat_memberships`));
    expect(idsOf(shared, 'chat_id')).toEqual([open.chatId]);
    await org.routeTo([{ kind: 'all' }]);
    await both([silent.chatId, open.chatId]);
  });

  it('does not come back by an invitation of their own, but by a colleague’s who has left', async () => {
    const org = await TestOrganization.open();
    const [agent, other] = [org.agent, await enrollAgent(org.organizationId)];
    for (const person of [agent, other]) await arrive(person);
    const { chatId } = await org.say(unique('thread'), 'hello');
    const invite = async (from: Person, to: Person) => {
      const sending = own(from, `/chats/${chatId}/outgoing_chat_invitations`);
      const sent = await ask(from, 'POST', sending, { invited_user_id: to.user_id });
      const path = own(to, `/incoming_chat_invitations/${sent.json['id']}`);
      return () => ask(to, 'PATCH', path, { is_accepted: true });
    };
    await ask(agent, 'POST', own(agent, `/routed_chats/${chatId}/memberships`), SILENT);
    const comesBack = await invite(agent, agent);
    await org.routeTo([{ kind: 'user', id: org.bot.user_id }]);
    expect((await comesBack()).status).toBe(400);
    await org.routeTo([{ kind: 'user', id: agent.user_id }]);
    expect((await comesBack()).status).toBe(200);
    const isWelcome = await invite(agent, other);
    const left = await ask(agent, 'PATCH', own(agent, `/chat_memberships/${chatId}`), { is_participating: false });
    expect(left.status).toBe(200);
    expect((await isWelcome()).status).toBe(200);
  });

  it('keeps a chat between users of the organization that they have left', async () => {
    const org = await TestOrganization.open();
    await arrive(org.agent);
    const { json } = await ask(org.agent, 'POST', own(org.agent, '/chats'));
    const chatId = String(json['id']);
    const membership = own(org.agent, `/chat_memberships/${chatId}`);
    expect((await ask(org.agent, 'PATCH', membership, { is_participating: false })).status).toBe(200);
    expect((await get(org.agent, own(org.agent, `/chats/${chatId}`))).status).toBe(200);
    await eventually(async () => expect(idsOf(await get(org.agent, own(org.agent, '/chats')))).toEqual([chatId]));
  });
});
