import { beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { LiveClient } from '../../support/worker/live-client.ts';
import {
  arrive,
  ask,
  enrollAgent,
  type Json,
  resultsOf,
  TestOrganization,
  unique,
} from '../../support/worker/organization.ts';
import type { Answer, Person } from '../../support/worker/requests.ts';

const PARTICIPATING = { is_participating: true, composing_status: 'idle' };
const SILENT = { is_participating: false, composing_status: 'idle' };
const FULL = { detail: 'The user has as many open chats as they can take.' };

let org: TestOrganization;
let agent: Person;

beforeEach(async () => {
  org = await TestOrganization.open();
  agent = await enrollAgent(org.organizationId);
  await arrive(agent);
});

const own = (method: string, path: string, body?: Json) => ask(agent, method, `/users/${agent.user_id}${path}`, body);
const take = (chatId: string, body: Json = PARTICIPATING) => own('POST', `/pending_chats/${chatId}/memberships`, body);
const joinRouted = (chatId: string, body: Json = PARTICIPATING) =>
  own('POST', `/routed_chats/${chatId}/memberships`, body);
const waiting = async () => (await org.say(unique('thread'), 'help')).chatId;
const limit = (chat_capacity: number | null) => own('PATCH', '/preferences', { chat_capacity });
const offered = async () => resultsOf(await own('GET', '/pending_chats')).map(({ id }) => id);

async function count(): Promise<unknown> {
  return (await own('GET', '')).json['current_chat_count'];
}

describe('a user with a capacity', () => {
  it('is offered pending chats until they have as many, and again after one has ended', async () => {
    const [one, two] = [await waiting(), await waiting()];
    expect((await limit(1)).status).toBe(200);
    await eventually(async () => expect(await offered()).toEqual([two, one]));
    expect((await take(one)).status).toBe(201);
    expect(await offered()).toEqual([]);
    const refused = await take(two);
    expect([refused.status, refused.json]).toEqual([409, FULL]);
    expect((await own('GET', `/routed_chats/${two}`)).status).toBe(200);
    expect((await own('GET', `/pending_chats/${two}`)).status).toBe(200);
    const others = await ask(org.agent, 'GET', `/users/${org.agent.user_id}/pending_chats`);
    expect(resultsOf(others).map(({ id }) => id)).toEqual([two]);
    expect(await org.memberships(two)).toHaveLength(1);

    expect((await own('PATCH', `/chats/${one}`, { is_ended: true })).status).toBe(200);
    await eventually(async () => expect(await offered()).toEqual([two]));
    expect((await take(two)).status).toBe(201);
  });

  it('takes only one of two chats at once', async () => {
    const chats = [await waiting(), await waiting(), await waiting()];
    await limit(1);
    const joins = await Promise.all(chats.map((chatId) => take(chatId)));
    expect(joins.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
  });

  it('cannot join a routed chat, nor begin to take part as a silent member', async () => {
    const [one, two] = [await waiting(), await waiting()];
    await limit(1);
    expect((await joinRouted(one)).status).toBe(201);
    expect((await joinRouted(one)).status).toBe(200);
    expect((await joinRouted(two)).json).toEqual(FULL);
    expect((await joinRouted(two, SILENT)).status).toBe(201);
    const begins = await own('PATCH', `/chat_memberships/${two}`, { is_participating: true });
    expect([begins.status, begins.json]).toEqual([409, FULL]);
    expect((await own('PUT', `/chat_memberships/${one}`, PARTICIPATING)).status).toBe(200);
    expect((await own('PATCH', `/chat_memberships/${one}`, { is_participating: false })).status).toBe(200);
    await eventually(async () => {
      expect((await own('PATCH', `/chat_memberships/${two}`, { is_participating: true })).status).toBe(200);
    });
  });

  it('has the place again at once when the join is refused for another reason', async () => {
    const [taken, free, ended] = [await waiting(), await waiting(), unique('thread')];
    const over = (await org.say(ended, 'help')).chatId;
    await limit(1);
    expect((await org.join(org.agent, taken)).status).toBe(201);
    expect((await take(taken)).status).toBe(404);
    expect((await joinRouted(over, SILENT)).status).toBe(201);
    await org.close(ended);
    expect((await joinRouted(over)).status).toBe(200);
    expect((await take(free)).status).toBe(201);
  });

  it('accepts no invitation until they have a place, and it stays open', async () => {
    const [invited, taken] = [await waiting(), await waiting()];
    await org.join(org.agent, invited);
    await limit(1);
    expect((await take(taken)).status).toBe(201);
    const accept = await inviteTo(invited);
    const refused = await accept();
    expect([refused.status, refused.json]).toEqual([409, FULL]);
    expect(resultsOf(await own('GET', '/incoming_chat_invitations?is_accepted=false'))).toHaveLength(1);
    expect(await org.memberships(invited)).not.toContainEqual(expect.objectContaining({ member_id: agent.user_id }));
    expect((await own('PATCH', `/chats/${taken}`, { is_ended: true })).status).toBe(200);
    await eventually(async () => expect((await accept()).status).toBe(200));
    expect((await take(await waiting())).json).toEqual(FULL);
  });

  it('gives the place back when an invitation is refused for another reason', async () => {
    const [invited, free] = [await waiting(), await waiting()];
    await org.join(org.agent, invited);
    const accept = await inviteTo(invited);
    expect((await accept()).status).toBe(200);
    await limit(2);
    expect((await accept()).status).toBe(400);
    expect((await take(free)).status).toBe(201);
  });

  it('gets what others give them and what they start, which counts', async () => {
    const [given, next] = [await waiting(), await waiting()];
    await limit(0);
    expect(await offered()).toEqual([]);
    const member = { member_id: agent.user_id, ...PARTICIPATING };
    const path = `${org.organizationPath}/owned_chats/${given}/memberships`;
    expect((await ask(org.reporter, 'POST', path, member)).status).toBe(201);
    expect((await own('POST', '/chats')).status).toBe(201);
    await eventually(async () => expect(await count()).toBe(2));
    await limit(2);
    expect((await take(next)).json).toEqual(FULL);
    await limit(3);
    expect((await take(next)).status).toBe(201);
  });

  it('is told of pending chats by sockets while the list is empty', async () => {
    const one = await waiting();
    await limit(1);
    expect((await take(one)).status).toBe(201);
    const socket = await LiveClient.ofUser(agent);
    const listened = `/api/v5/users/${agent.user_id}/pending_chats`;
    await socket.subscribe([listened]);
    const two = await waiting();
    const { notifications } = await socket.next('notifications');
    expect(notifications).toContainEqual(expect.objectContaining({ action: 'added', resource_id: two }));
    expect(await offered()).toEqual([]);
    socket.close();
  });
});

/** The agent of the organization invites the user to a chat. Answers how the user accepts it. */
async function inviteTo(chatId: string): Promise<() => Promise<Answer>> {
  const outgoing = `/users/${org.agent.user_id}/chats/${chatId}/outgoing_chat_invitations`;
  const { json } = await ask(org.agent, 'POST', outgoing, { invited_user_id: agent.user_id });
  const path = `/incoming_chat_invitations/${json['id']}`;
  await eventually(async () => expect((await own('GET', path)).status).toBe(200));
  return () => own('PATCH', path, { is_accepted: true });
}

it('a user or bot without a capacity has no limit', async () => {
  for (let place = 0; place < 4; place++) expect((await take(await waiting())).status).toBe(201);
  await limit(1);
  expect(await offered()).toEqual([]);
  await limit(null);
  const chatId = await waiting();
  await eventually(async () => expect(await offered()).toEqual([chatId]));
  expect((await take(chatId)).status).toBe(201);
  const asBot = await ask(org.bot, 'GET', `/users/${org.bot.user_id}/preferences`);
  expect(asBot.json['chat_capacity']).toBeNull();
});
