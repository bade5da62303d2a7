import { beforeAll, describe, expect, it } from 'vitest';
import { LiveClient } from '../../support/worker/live-client.ts';
import { arrive, ask, enrollAgent, type Json, TestOrganization, unique } from '../../support/worker/organization.ts';
import { setOrganization } from '../../support/worker/organization-setup.ts';
import type { Person } from '../../support/worker/requests.ts';

let org: TestOrganization;
let agent: Person;
let colleague: Person;

beforeAll(async () => {
  org = await TestOrganization.open();
  agent = org.agent;
  colleague = await enrollAgent(org.organizationId);
  await arrive(colleague);
});

/** A chat that the agent has taken. */
async function takenChat(): Promise<string> {
  const { chatId } = await org.say(unique('hand-over'), 'Where is my order?');
  expect((await org.join(agent, chatId)).status).toBe(201);
  return chatId;
}

const handOver = (person: Person, chatId: string, body: Json = {}) =>
  ask(person, 'POST', `/orgs/${org.organizationId}/routed_chats/${chatId}/memberships`, {
    member_id: colleague.user_id,
    is_participating: true,
    composing_status: 'idle',
    replaces: person.user_id,
    ...body,
  });
const participants = async (chatId: string) =>
  (await org.memberships(chatId)).filter((member) => member['is_participating'] && member['member_type'] === 'user');

describe('handing a chat over', () => {
  it('is one step: the other one joins, then the caller leaves, and the chat never is pending', async () => {
    const chatId = await takenChat();
    const watching = await LiveClient.ofUser(colleague);
    const own = `/api/v5/users/${colleague.user_id}`;
    await watching.subscribe([`${own}/routed_chats`, `${own}/pending_chats`, `${own}/routed_chats/*/messages`]);
    const answer = await handOver(agent, chatId);
    expect([answer.status, answer.json]).toEqual([
      201,
      expect.objectContaining({ member_id: colleague.user_id, is_participating: true, is_present: true }),
    ]);
    expect((await participants(chatId)).map(({ member_id }) => member_id)).toEqual([colleague.user_id]);
    expect(await org.chat(chatId)).toMatchObject({ is_waiting: true, is_pending: false });
    const types = (await org.messages(chatId, '?type__in=join,leave')).map(({ type, sender_id }) => [type, sender_id]);
    expect(types.slice(-2)).toEqual([
      ['join', colleague.user_id],
      ['leave', agent.user_id],
    ]);
    // The hub tells of the last seconds too: what counts begins with the colleague's join.
    const told: string[] = [];
    while (!told.at(-1)?.includes('"type":"leave"')) told.push(JSON.stringify(await watching.next('notifications')));
    const begin = told.findIndex(
      (frame) =>
        frame.includes(`"member_id":"${colleague.user_id}"`) || frame.includes(`"sender_id":"${colleague.user_id}"`),
    );
    expect(begin).toBeGreaterThanOrEqual(0);
    const since = told.slice(begin).join();
    expect(since).not.toContain('"is_pending":true');
    expect(since).not.toContain('/pending_chats');
    watching.close();
    // A repeat changes nothing.
    const repeat = await handOver(agent, chatId);
    expect([repeat.status, repeat.json]).toEqual([200, answer.json]);
  });

  it('goes through private chats, which refuse a second user', async () => {
    const chatId = await takenChat();
    await setOrganization(org.organizationId, { private_chats: true });
    expect((await handOver(agent, chatId, { replaces: null })).status).toBe(409);
    expect((await handOver(agent, chatId)).status).toBe(201);
    await setOrganization(org.organizationId, { private_chats: false });
  });

  it.each([
    ['somebody else', () => ({ replaces: colleague.user_id, member_id: agent.user_id })],
    ['oneself with oneself', () => ({ member_id: agent.user_id })],
    ['oneself with a silent member', () => ({ is_participating: false })],
    ['a malformed id', () => ({ replaces: 'x' })],
  ])('cannot replace %s: 400', async (_, body) => {
    const chatId = await takenChat();
    const answer = await handOver(agent, chatId, body());
    expect([answer.status, Object.keys(answer.json)]).toEqual([400, ['replaces']]);
    expect((await participants(chatId)).map(({ member_id }) => member_id)).toEqual([agent.user_id]);
  });

  it('needs a caller who takes part, an open chat and a user of the organization', async () => {
    const { chatId } = await org.say(unique('hand-over'), 'help');
    const refused = await handOver(agent, chatId);
    expect([refused.status, refused.json]).toEqual([409, { detail: 'The user does not take part in the chat.' }]);
    const elsewhere = await TestOrganization.open();
    expect((await handOver(agent, chatId, { member_id: elsewhere.agent.user_id })).status).toBe(400);
    expect((await handOver(elsewhere.agent, chatId)).status).toBe(403);
    const ended = unique('hand-over');
    const over = (await org.say(ended, 'help')).chatId;
    await org.join(agent, over);
    await org.close(ended);
    expect((await handOver(agent, over)).status).toBe(404);
  });
});
