import { evictDurableObject } from 'cloudflare:test';
import { beforeAll, describe, expect, it } from 'vitest';
import { threadNameOfChat } from '../../../src/domain/address.ts';
import { LiveClient } from '../../support/worker/live-client.ts';
import { ask, enrollAgent, type Json, TestOrganization, TIME, unique } from '../../support/worker/organization.ts';
import { type Person, testEnv } from '../../support/worker/requests.ts';
import { Site } from '../../support/worker/visitor-site.ts';

let org: TestOrganization;
let agent: Person;
let colleague: Person;

beforeAll(async () => {
  org = await TestOrganization.open();
  agent = org.agent;
  colleague = await enrollAgent(org.organizationId, { first_name: 'Alan', last_name: 'Turing' });
});

const pathOf = (person: Person, chatId: string, collection = 'routed_chats') =>
  `/users/${person.user_id}/${collection}/${chatId}/view`;
const viewersOf = (answer: { json: Json }) => (answer.json['viewers'] as Json[]).map(({ name }) => name);

describe('looking at a chat', () => {
  it('is told to those who see the chat, at once and again, and to nobody else', async () => {
    const { chatId } = await org.say(unique('view'), 'help');
    const watching = await LiveClient.ofUser(agent);
    const channel = `/api/v5/users/${agent.user_id}/routed_chats`;
    await watching.subscribe([`${channel}/*/viewers`]);
    const elsewhere = await TestOrganization.open();
    const stranger = await LiveClient.ofUser(elsewhere.agent);
    await stranger.subscribe([`/api/v5/users/${elsewhere.agent.user_id}/routed_chats/*/viewers`]);
    const before = Date.now();
    const answer = await ask(colleague, 'PUT', pathOf(colleague, chatId));
    const viewer = { user_id: colleague.user_id, name: 'Alan Turing', expires_at: TIME };
    expect([answer.status, answer.json]).toEqual([200, { viewers: [viewer] }]);
    const [shown] = answer.json['viewers'] as { expires_at: string }[];
    expect(Date.parse(shown?.expires_at ?? '') - before).toBeGreaterThanOrEqual(30_000);
    expect(await watching.next('notifications')).toEqual({
      type: 'notifications',
      number: null,
      notifications: [
        { channel: `${channel}/${chatId}/viewers`, action: 'changed', resource_id: colleague.user_id, resource: shown },
      ],
    });
    expect(viewersOf(await ask(agent, 'PUT', pathOf(agent, chatId)))).toEqual(['Alan Turing', 'Grace Hopper']);
    await watching.next('notifications');
    expect((await ask(colleague, 'DELETE', pathOf(colleague, chatId))).status).toBe(204);
    expect((await ask(colleague, 'DELETE', pathOf(colleague, chatId))).status).toBe(204);
    expect(await watching.next('notifications')).toMatchObject({
      notifications: [{ action: 'removed', resource_id: colleague.user_id, resource: { id: colleague.user_id } }],
    });
    expect(viewersOf(await ask(agent, 'PUT', pathOf(agent, chatId)))).toEqual(['Grace Hopper']);
    // Another organization is told of its own chats only.
    const theirs = await elsewhere.say(unique('view'), 'help');
    await ask(elsewhere.agent, 'PUT', pathOf(elsewhere.agent, theirs.chatId));
    await stranger.next('notifications');
    expect(JSON.stringify(stranger.frames)).not.toContain(chatId);
    for (const client of [watching, stranger]) client.close();
  });

  it('leaves no trace in the log, and is forgotten with the memory of the thread', async () => {
    const thread = unique('view');
    const { chatId } = await org.say(thread, 'help');
    const events = async () => (await org.messages(chatId)).length;
    const [known, chat] = [await events(), await org.chat(chatId)];
    await ask(agent, 'PUT', pathOf(agent, chatId));
    expect([await events(), await org.chat(chatId)]).toEqual([known, chat]);
    await evictDurableObject(testEnv.THREADS.getByName(threadNameOfChat(chatId) ?? ''));
    expect(viewersOf(await ask(colleague, 'PUT', pathOf(colleague, chatId)))).toEqual(['Alan Turing']);
  });

  it('is refused to who does not see the chat', async () => {
    const { chatId } = await org.say(unique('view'), 'help');
    const elsewhere = await TestOrganization.open();
    for (const method of ['PUT', 'DELETE']) {
      expect((await ask(elsewhere.agent, method, pathOf(elsewhere.agent, chatId))).status).toBe(404);
      expect((await ask(agent, method, pathOf(agent, chatId, 'chats'))).status).toBe(404);
      expect((await ask(agent, method, pathOf(colleague, chatId))).status).toBe(403);
    }
    await org.join(agent, chatId);
    expect((await ask(agent, 'PUT', pathOf(agent, chatId, 'chats'))).status).toBe(200);
  });

  it('is not told to the visitor', async () => {
    const site = await Site.open();
    const visitor = await site.visitor();
    const chatId = await site.chat(visitor);
    const watching = await LiveClient.ofVisitor(visitor);
    const chats = `/api/v5/public/visitors/${visitor.id}/chats`;
    watching.send({ type: 'subscribe', channels: [`${chats}/*/viewers`, `${chats}/*/messages`], after: null });
    expect(await watching.next('subscribed')).toMatchObject({ refused_count: 1 });
    expect((await ask(site.agent, 'PUT', pathOf(site.agent, chatId))).status).toBe(200);
    await site.answerBy(site.agent, chatId, 'We do.');
    while (!JSON.stringify(watching.frames).includes('We do.')) await watching.next('notifications');
    expect(JSON.stringify(watching.frames)).not.toContain('viewers","action');
    expect(JSON.stringify(watching.frames)).not.toContain('expires_at');
    watching.close();
  });
});
