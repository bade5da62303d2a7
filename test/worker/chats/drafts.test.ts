import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { DRAFTS_KEPT, deleteOldDrafts, purgeDrafts, putDraft } from '../../../src/chats/drafts.ts';
import { noCost } from '../../../src/db/cost.ts';
import { onFault } from '../../../src/platform/faults.ts';
import { eventually } from '../../support/eventually.ts';
import { LiveClient } from '../../support/worker/live-client.ts';
import {
  ask,
  enrollAgent,
  type Json,
  resultsOf,
  TestOrganization,
  TIME,
  unique,
} from '../../support/worker/organization.ts';
import { organizationD1, organizationDatabase } from '../../support/worker/organization-database.ts';
import type { Person } from '../../support/worker/requests.ts';

let org: TestOrganization;
let agent: Person;
let colleague: Person;

beforeAll(async () => {
  org = await TestOrganization.open();
  agent = org.agent;
  colleague = await enrollAgent(org.organizationId);
});
afterEach(() => onFault(null));

const pathOf = (person: Person, chatId: string, collection = 'routed_chats') =>
  `/users/${person.user_id}/${collection}/${chatId}/draft`;
const put = (person: Person, chatId: string, message: unknown, collection?: string) =>
  ask(person, 'PUT', pathOf(person, chatId, collection), { message });
const newChat = async () => (await org.say(unique('draft'), 'Where is my order?')).chatId;
const rowsOf = async (chatId: string) =>
  (await organizationD1.prepare('SELECT * FROM drafts WHERE chat_id = ?').bind(chatId).all()).results;

describe('a draft', () => {
  it('is one for each user and chat, in each collection that has the chat', async () => {
    const chatId = await newChat();
    expect((await ask(agent, 'GET', pathOf(agent, chatId))).status).toBe(404);
    const stored = await put(agent, chatId, 'Dear Li,\n');
    expect([stored.status, stored.json]).toEqual([200, { chat_id: chatId, message: 'Dear Li,\n', updated_at: TIME }]);
    await org.join(agent, chatId);
    expect((await ask(agent, 'GET', pathOf(agent, chatId, 'chats'))).json).toEqual(stored.json);
    const later = await put(agent, chatId, 'Dear Li, it left', 'chats');
    expect((await ask(agent, 'GET', pathOf(agent, chatId))).json).toEqual(later.json);
    expect(resultsOf(await ask(agent, 'GET', `/users/${agent.user_id}/drafts`))).toContainEqual(later.json);
    const inbox = resultsOf(await ask(agent, 'GET', `/users/${agent.user_id}/inbox?view=mine`));
    expect(inbox.find(({ chat }) => (chat as Json)['id'] === chatId)).toMatchObject({ draft: later.json });
    // Nobody else has it.
    expect((await ask(colleague, 'GET', pathOf(colleague, chatId))).status).toBe(404);
    expect(resultsOf(await ask(colleague, 'GET', `/users/${colleague.user_id}/drafts`))).toEqual([]);
    const others = resultsOf(await ask(colleague, 'GET', `/users/${colleague.user_id}/inbox?view=open`));
    expect(others.find(({ chat }) => (chat as Json)['id'] === chatId)).toMatchObject({ draft: null });
    expect((await ask(agent, 'DELETE', pathOf(agent, chatId))).status).toBe(204);
    expect((await ask(agent, 'DELETE', pathOf(agent, chatId))).status).toBe(404);
    expect(await rowsOf(chatId)).toEqual([]);
  });

  it('may have 100,000 characters', async () => {
    const chatId = await newChat();
    expect((await put(agent, chatId, '😀'.repeat(100_000))).status).toBe(200);
    expect(((await ask(agent, 'GET', pathOf(agent, chatId))).json['message'] as string).length).toBe(200_000);
    const tooLong = await put(agent, chatId, 'x'.repeat(100_001));
    expect([tooLong.status, tooLong.json]).toEqual([400, { message: [expect.stringContaining('100000')] }]);
    for (const message of [undefined, null, '', ' ', 7, '\u0000']) {
      expect((await put(agent, chatId, message)).status).toBe(400);
    }
  });

  it('is refused where its user does not see the chat', async () => {
    const chatId = await newChat();
    expect((await put(agent, chatId, 'x', 'chats')).status).toBe(404);
    const elsewhere = await TestOrganization.open();
    expect((await put(elsewhere.agent, chatId, 'x')).status).toBe(404);
    expect((await ask(agent, 'PUT', pathOf(colleague, chatId), { message: 'x' })).status).toBe(403);
    expect(await rowsOf(chatId)).toEqual([]);
  });

  it('is told to the sockets of its user, and to no other one', async () => {
    const chatId = await newChat();
    const own = await LiveClient.ofUser(agent);
    const other = await LiveClient.ofUser(colleague);
    const stranger = await LiveClient.ofUser(colleague);
    await own.subscribe([`/api/v5/users/${agent.user_id}/drafts`]);
    await other.subscribe([`/api/v5/users/${colleague.user_id}/drafts`]);
    stranger.send({ type: 'subscribe', channels: [`/api/v5/users/${agent.user_id}/drafts`], after: null });
    expect((await stranger.next('subscribed'))['refused_count']).toBe(1);
    const { json } = await put(agent, chatId, 'Dear Li');
    const channel = `/api/v5/users/${agent.user_id}/drafts`;
    expect(await own.next('notifications')).toMatchObject({
      number: null,
      notifications: [{ channel, action: 'changed', resource_id: chatId, resource: json }],
    });
    await ask(agent, 'DELETE', pathOf(agent, chatId));
    expect(await own.next('notifications')).toMatchObject({
      notifications: [{ channel, action: 'removed', resource_id: chatId, resource: { id: chatId } }],
    });
    // A message that both could hear comes next: nothing was told before it.
    const theirs = await put(colleague, chatId, 'Mine');
    const heard = await other.next('notifications');
    expect(heard).toMatchObject({ notifications: [{ resource: theirs.json }] });
    expect(JSON.stringify(other.frames)).not.toContain('Dear Li');
    expect(JSON.stringify(stranger.frames)).not.toContain('Dear Li');
    for (const client of [own, other, stranger]) client.close();
  });

  it('goes with a purge of its chat, and stays in others', async () => {
    const [purged, kept] = [await newChat(), await newChat()];
    for (const chatId of [purged, kept]) for (const one of [agent, colleague]) await put(one, chatId, 'A secret');
    const settings = await enrollAgent(org.organizationId, {}, ['settings']);
    const path = `${org.organizationPath}/owned_chats/${purged}/purge`;
    await purgeDrafts(organizationDatabase(noCost()), purged, 1);
    expect(await rowsOf(purged)).toHaveLength(2);
    expect((await ask(settings, 'POST', path, {})).status).toBe(202);
    await eventually(async () => expect(await rowsOf(purged)).toEqual([]));
    expect(await rowsOf(kept)).toHaveLength(2);
  });

  it('is refused in a chat that has ended and was purged, also when its request was under way', async () => {
    const thread = unique('draft');
    const { chatId } = await org.say(thread, 'Where is my order?');
    await put(agent, chatId, 'A secret');
    await org.close(thread);
    const settings = await enrollAgent(org.organizationId, {}, ['settings']);
    const path = `${org.organizationPath}/owned_chats/${chatId}/purge`;
    expect((await ask(settings, 'POST', path, {})).status).toBe(202);
    await eventually(async () => expect(await rowsOf(chatId)).toEqual([]));
    const answer = await put(agent, chatId, 'A secret');
    expect([answer.status, answer.json]).toEqual([409, { detail: 'The chat has ended and was purged.' }]);
    const draft = { user_id: agent.user_id, chat_id: chatId, organization_id: org.organizationId };
    const isStored = putDraft(organizationDatabase(noCost()), {
      ...draft,
      message: 'A secret',
      updated_at: Date.now(),
    });
    expect(await isStored).toBe(false);
    expect(await rowsOf(chatId)).toEqual([]);
  });

  it('that is written while a purge goes on is refused, or goes with it', async () => {
    const thread = unique('draft');
    const { chatId } = await org.say(thread, 'Where is my order?');
    await org.close(thread);
    const row = { user_id: agent.user_id, chat_id: chatId, organization_id: org.organizationId, message: 'A secret' };
    // D1 learns of the purge when the object has come to its last steps, and the draft is there.
    let steps = 0;
    onFault((step) => {
      if (step === 'projector before D1' && steps > 0 && steps < 7) throw new Error('D1 is slow');
      if (step !== 'before a step of a purge') return;
      steps += 1;
      void putDraft(organizationDatabase(noCost()), { ...row, updated_at: Date.now() });
    });
    const settings = await enrollAgent(org.organizationId, {}, ['settings']);
    const { json } = await ask(settings, 'POST', `${org.organizationPath}/owned_chats/${chatId}/purge`, {});
    await eventually(async () => {
      const { json: purge } = await ask(settings, 'GET', `${org.organizationPath}/purges/${json['id']}`);
      expect(purge['status']).toBe('done');
    });
    expect(steps).toBeGreaterThan(6);
    expect(await rowsOf(chatId)).toEqual([]);
  });

  it('goes when nobody has changed it for 30 days', async () => {
    const chatId = await newChat();
    await put(agent, chatId, 'Dear Li');
    const database = organizationDatabase(noCost());
    await deleteOldDrafts(database, Date.now() + DRAFTS_KEPT - 60_000);
    expect(await rowsOf(chatId)).toHaveLength(1);
    await deleteOldDrafts(database, Date.now() + DRAFTS_KEPT + 60_000);
    expect(await rowsOf(chatId)).toEqual([]);
  });
});
