import { beforeAll, describe, expect, it } from 'vitest';
import { deleteOldMentions, MENTIONS_KEPT, purgeMentions } from '../../../src/chats/mentions.ts';
import { noCost } from '../../../src/db/cost.ts';
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
import { admin, type Person } from '../../support/worker/requests.ts';

let org: TestOrganization;
let agent: Person;
let colleague: Person;

beforeAll(async () => {
  org = await TestOrganization.open();
  agent = org.agent;
  colleague = await enrollAgent(org.organizationId, { first_name: 'Ada', last_name: 'Byron' });
});

const newChat = async () => (await org.say(unique('mention'), 'Where is my order?')).chatId;
const below = (person: Person, chatId: string, collection = 'routed_chats') =>
  `/users/${person.user_id}/${collection}/${chatId}`;
const note = (person: Person, chatId: string, ids: unknown, collection?: string) =>
  ask(person, 'POST', `${below(person, chatId, collection)}/notes`, {
    message: 'Look, @Ada Byron.',
    mentioned_user_ids: ids,
  });
const forget = (person: Person, chatId: string) => ask(person, 'DELETE', `/users/${person.user_id}/mentions/${chatId}`);
const mentionOf = async (person: Person, chatId: string) =>
  (await ask(person, 'GET', `/users/${person.user_id}/inbox/${chatId}`)).json['mention'];
const mentioned = async (person: Person) => {
  const rows = resultsOf(await ask(person, 'GET', `/users/${person.user_id}/inbox?view=mentioned`));
  return rows.map(({ chat }) => (chat as Json)['id']);
};
const countOf = async (person: Person) =>
  (await ask(person, 'GET', `/users/${person.user_id}/inbox/counts`)).json['mentioned'];
const rowsOf = async (chatId: string) =>
  (await organizationD1.prepare('SELECT * FROM mentions WHERE chat_id = ?').bind(chatId).all()).results;
const mentionable = async (person: Person, chatId: string, collection?: string) => {
  const answer = await ask(person, 'GET', `${below(person, chatId, collection)}/mentionable_users`);
  return resultsOf(answer).map(({ id }) => id);
};

describe('whom a note mentions', () => {
  it('is in the note, and in the row of who is mentioned until they have opened the chat', async () => {
    const person = await enrollAgent(org.organizationId, { first_name: 'Ada', last_name: 'Byron' });
    const [chatId, other] = [await newChat(), await newChat()];
    await eventually(async () => expect(await mentionOf(person, chatId)).toBeNull());
    const { status, json } = await note(agent, chatId, [person.user_id]);
    expect([status, json['mentioned_users']]).toEqual([201, [{ id: person.user_id, name: 'Ada Byron' }]]);
    expect(resultsOf(await ask(colleague, 'GET', `${below(colleague, chatId)}/notes`))).toEqual([json]);
    const mention = { chat_id: chatId, note_id: json['id'], created_at: json['created_at'] };
    expect(await mentionOf(person, chatId)).toEqual(mention);
    expect(await mentionOf(agent, chatId)).toBeNull();
    expect([await mentioned(person), await countOf(person)]).toEqual([[chatId], 1]);
    // The newest counts, and there is one for each chat.
    const second = await note(colleague, chatId, [person.user_id]);
    await note(agent, other, [person.user_id]);
    expect(await mentionOf(person, chatId)).toMatchObject({ note_id: second.json['id'], created_at: TIME });
    expect([new Set(await mentioned(person)), await countOf(person)]).toEqual([new Set([chatId, other]), 2]);
    expect((await forget(person, chatId)).status).toBe(204);
    expect((await forget(person, chatId)).status).toBe(404);
    expect([await mentionOf(person, chatId), await mentioned(person), await countOf(person)]).toEqual([
      null,
      [other],
      1,
    ]);
  });

  it('is told to their own sockets, and to those of nobody else', async () => {
    const chatId = await newChat();
    const [own, others] = [await LiveClient.ofUser(colleague), await LiveClient.ofUser(agent)];
    const channel = `/api/v5/users/${colleague.user_id}/mentions`;
    await own.subscribe([channel]);
    await others.subscribe([`/api/v5/users/${agent.user_id}/mentions`]);
    others.send({ type: 'subscribe', channels: [channel], after: null });
    expect((await others.next('subscribed'))['refused_count']).toBe(1);
    const { json } = await note(agent, chatId, [colleague.user_id, org.reporter.user_id]);
    const resource = { chat_id: chatId, note_id: json['id'], created_at: json['created_at'] };
    const heard = async () => (await own.next('notifications'))['notifications'];
    expect(await heard()).toEqual([{ channel, action: 'changed', resource_id: chatId, resource }]);
    await forget(colleague, chatId);
    const removed = [{ channel, action: 'removed', resource_id: chatId, resource: { id: chatId } }];
    expect(await heard()).toEqual(removed);
    // With its note it is gone, too.
    const again = await note(agent, chatId, [colleague.user_id]);
    await heard();
    await ask(agent, 'DELETE', `${below(agent, chatId)}/notes/${again.json['id']}`);
    expect(await heard()).toEqual(removed);
    expect(await mentionOf(colleague, chatId)).toBeNull();
    await note(colleague, chatId, [agent.user_id]);
    expect(await others.next('notifications')).toMatchObject({ notifications: [{ resource_id: chatId }] });
    expect(others.frames.filter(({ type }) => type === 'notifications')).toHaveLength(1);
    own.close();
    others.close();
  });

  it('stays with a newer note when an older one is deleted', async () => {
    const chatId = await newChat();
    const first = await note(agent, chatId, [colleague.user_id]);
    const second = await note(agent, chatId, [colleague.user_id]);
    await ask(agent, 'DELETE', `${below(agent, chatId)}/notes/${first.json['id']}`);
    expect(await mentionOf(colleague, chatId)).toMatchObject({ note_id: second.json['id'] });
  });

  it('are other people of the organization who see the chat', async () => {
    const own = await TestOrganization.open();
    const [named, joined] = [await enrollAgent(own.organizationId), await enrollAgent(own.organizationId)];
    const elsewhere = await enrollAgent(own.organizationId);
    const { chatId } = await own.say(unique('mention'), 'Where is my order?');
    await own.join(own.agent, chatId);
    await own.join(joined, chatId);
    await own.routeTo([
      { kind: 'user', id: own.agent.user_id },
      { kind: 'user', id: named.user_id },
      { kind: 'user', id: own.bot.user_id },
    ]);
    expect(await mentionable(own.agent, chatId)).toEqual([named.user_id, joined.user_id]);
    expect(await mentionable(joined, chatId, 'chats')).toEqual([own.agent.user_id, named.user_id]);
    const page = await ask(own.agent, 'GET', `${below(own.agent, chatId)}/mentionable_users?page_size=4`);
    const next = await ask(own.agent, 'GET', String(page.json['next']));
    expect([...resultsOf(page), ...resultsOf(next)]).toEqual([
      { id: named.user_id, name: 'Grace Hopper', is_present: false },
      { id: joined.user_id, name: 'Grace Hopper', is_present: true },
    ]);
    expect((await note(own.agent, chatId, [named.user_id, joined.user_id])).status).toBe(201);
    const stranger = await TestOrganization.open();
    for (const id of [elsewhere, stranger.agent, own.agent, own.bot].map(({ user_id }) => user_id)) {
      const { status, json } = await note(own.agent, chatId, [named.user_id, id]);
      expect([status, json]).toEqual([400, { mentioned_user_ids: [`A note about this chat cannot mention ${id}.`] }]);
    }
    expect((await rowsOf(chatId)).length).toBe(2);
  });

  it('sees the mention no longer than the chat', async () => {
    const own = await TestOrganization.open();
    const person = await enrollAgent(own.organizationId);
    const { chatId } = await own.say(unique('mention'), 'Where is my order?');
    await note(own.agent, chatId, [person.user_id]);
    await eventually(async () => expect([await mentioned(person), await countOf(person)]).toEqual([[chatId], 1]));
    await own.routeTo([{ kind: 'user', id: own.agent.user_id }]);
    await eventually(async () => expect([await mentioned(person), await countOf(person)]).toEqual([[], 0]));
    expect((await forget(person, chatId)).status).toBe(204);
  });

  it('are at most twenty, by their ids', async () => {
    const chatId = await newChat();
    const twenty = Array.from({ length: 21 }, () => crypto.randomUUID());
    for (const ids of [twenty, ['x'], 'x', [7], null]) expect((await note(agent, chatId, ids)).status).toBe(400);
    expect((await note(agent, chatId, [])).json['mentioned_users']).toEqual([]);
    expect((await note(agent, chatId, undefined)).json['mentioned_users']).toEqual([]);
    // Named twice, mentioned once.
    const { json } = await note(agent, chatId, [colleague.user_id, colleague.user_id]);
    expect(json['mentioned_users']).toHaveLength(1);
  });

  it('goes with a purge of the chat, stays in others, and is forgotten after 30 days', async () => {
    const [purged, kept] = [await newChat(), await newChat()];
    for (const chatId of [purged, kept]) await note(agent, chatId, [colleague.user_id]);
    const settings = await enrollAgent(org.organizationId, {}, ['settings']);
    await purgeMentions(organizationDatabase(noCost()), purged, 1);
    expect(await rowsOf(purged)).toHaveLength(1);
    const path = `${org.organizationPath}/owned_chats/${purged}/purge`;
    expect((await ask(settings, 'POST', path, {})).status).toBe(202);
    await eventually(async () => expect(await rowsOf(purged)).toEqual([]));
    expect(await rowsOf(kept)).toHaveLength(1);
    await deleteOldMentions(organizationDatabase(noCost()), Date.now() + MENTIONS_KEPT - 60_000);
    expect(await rowsOf(kept)).toHaveLength(1);
    await deleteOldMentions(organizationDatabase(noCost()), Date.now() + MENTIONS_KEPT + 1);
    expect(await rowsOf(kept)).toEqual([]);
  });

  it('writes nothing for a message', async () => {
    const chatId = await newChat();
    await org.join(agent, chatId);
    await note(agent, chatId, [colleague.user_id]);
    const before = await rowsOf(chatId);
    await ask(agent, 'POST', `${below(agent, chatId, 'chats')}/messages`, { message: 'Hello, @Ada Byron' });
    expect(await rowsOf(chatId)).toEqual(before);
  });

  it('is not offered across organizations, also of a shared room', async () => {
    const partner = await TestOrganization.open();
    const share = `/organizations/${org.organizationId}/rooms/${org.gateway.roomId}/shares/${partner.organizationId}`;
    expect((await admin(share, { method: 'PUT' })).status).toBeLessThan(300);
    const everybody = { kind: 'all', include_bots: true };
    await org.routeTo([everybody, { kind: 'organization', id: partner.organizationId }]);
    const chatId = await newChat();
    const theirs = await enrollAgent(partner.organizationId);
    expect(await mentionable(partner.agent, chatId)).toContain(theirs.user_id);
    expect(await mentionable(partner.agent, chatId)).not.toContain(colleague.user_id);
    expect(await mentionable(agent, chatId)).not.toContain(theirs.user_id);
    expect((await note(agent, chatId, [theirs.user_id])).status).toBe(400);
    expect((await note(partner.agent, chatId, [theirs.user_id])).status).toBe(201);
    await org.routeTo([everybody]);
  });
});
