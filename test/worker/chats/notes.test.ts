import { runInDurableObject } from 'cloudflare:test';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { makeFirstAttemptsWith } from '../../../src/api/execute-command.ts';
import { insertNote, MOST_NOTES, purgeNotes } from '../../../src/chats/notes.ts';
import { noCost } from '../../../src/db/cost.ts';
import { consumerDeps } from '../../../src/delivery/consumer-deps.ts';
import { deliverLeased } from '../../../src/delivery/deliver-lane.ts';
import { threadNameOfChat } from '../../../src/domain/address.ts';
import { eventually } from '../../support/eventually.ts';
import { ALL_SCOPES } from '../../support/worker/apps.ts';
import { installedApp } from '../../support/worker/installed-app.ts';
import { LiveClient } from '../../support/worker/live-client.ts';
import {
  ask,
  enrollAgent,
  type Json,
  resultsOf,
  TestOrganization,
  TIME,
  UUID,
  unique,
} from '../../support/worker/organization.ts';
import { organizationD1, organizationDatabase, tablesIn } from '../../support/worker/organization-database.ts';
import { setOrganization } from '../../support/worker/organization-setup.ts';
import { receive } from '../../support/worker/receiver.ts';
import { admin, type Person, testEnv } from '../../support/worker/requests.ts';
import { TelephoneSystem } from '../../support/worker/rpc.ts';
import { ThreadsProgram } from '../../support/worker/threads-program.ts';
import { Site, visit } from '../../support/worker/visitor-site.ts';

const CANARY = 'CANARY-4f1d8c';

let org: TestOrganization;
let agent: Person;
let colleague: Person;

beforeAll(async () => {
  org = await TestOrganization.open();
  agent = org.agent;
  colleague = await enrollAgent(org.organizationId);
});

afterEach(() => {
  makeFirstAttemptsWith(null);
  vi.restoreAllMocks();
});

const pathOf = (person: Person, chatId: string, collection = 'routed_chats') =>
  `/users/${person.user_id}/${collection}/${chatId}/notes`;
const write = (person: Person, chatId: string, message: unknown = 'She called before.', collection?: string) =>
  ask(person, 'POST', pathOf(person, chatId, collection), { message });
/** A note with the canary, which mentions a colleague who has it in their name. */
const writeCanary = async (person: Person, chatId: string, collection?: string) => {
  const { user_id } = await enrollAgent(person.organization_id, { first_name: CANARY });
  const body = { message: `${CANARY} @${CANARY} Hopper`, mentioned_user_ids: [user_id] };
  const answer = await ask(person, 'POST', pathOf(person, chatId, collection), body);
  expect([answer.status, answer.json]).toMatchObject([201, { mentioned_users: [{ id: user_id }] }]);
};
const notesOf = async (person: Person, chatId: string, collection?: string) =>
  resultsOf(await ask(person, 'GET', pathOf(person, chatId, collection)));
const newChat = async () => (await org.say(unique('note'), 'Where is my order?')).chatId;

describe('a note about a chat', () => {
  it('is for the users of the organization who read the chat, and changes nothing of it', async () => {
    const chatId = await newChat();
    const before = await org.chat(chatId);
    const answer = await write(agent, chatId);
    expect([answer.status, answer.json]).toEqual([
      201,
      {
        id: UUID,
        chat_id: chatId,
        user_id: agent.user_id,
        user_name: 'Grace Hopper',
        message: 'She called before.',
        mentioned_users: [],
        created_at: TIME,
      },
    ]);
    const second = await write(colleague, chatId, 'Twice.');
    expect(await notesOf(colleague, chatId)).toEqual([answer.json, second.json]);
    expect(await org.chat(chatId)).toEqual(before);
    await org.join(agent, chatId);
    expect(await notesOf(agent, chatId, 'chats')).toEqual([answer.json, second.json]);
    const page = await ask(agent, 'GET', `${pathOf(agent, chatId)}?page_size=1`);
    expect(resultsOf(page)).toEqual([answer.json]);
    expect(resultsOf(await ask(agent, 'GET', String(page.json['next'])))).toEqual([second.json]);
  });

  it('is deleted by who has written it', async () => {
    const chatId = await newChat();
    const { json } = await write(agent, chatId);
    const one = (person: Person) => `${pathOf(person, chatId)}/${json['id']}`;
    expect((await ask(colleague, 'DELETE', one(colleague))).status).toBe(404);
    expect((await ask(agent, 'DELETE', one(agent))).status).toBe(204);
    expect((await ask(agent, 'DELETE', one(agent))).status).toBe(404);
    expect(await notesOf(agent, chatId)).toEqual([]);
  });

  it('is told to sockets of the organization', async () => {
    const chatId = await newChat();
    const watching = await LiveClient.ofUser(colleague);
    const channel = `/api/v5/users/${colleague.user_id}/routed_chats`;
    await watching.subscribe([`${channel}/*/notes`]);
    const { json } = await write(agent, chatId);
    expect(await watching.next('notifications')).toEqual({
      type: 'notifications',
      number: null,
      notifications: [
        { channel: `${channel}/${chatId}/notes`, action: 'added', resource_id: json['id'], resource: json },
      ],
    });
    await ask(agent, 'DELETE', `${pathOf(agent, chatId)}/${json['id']}`);
    expect(await watching.next('notifications')).toMatchObject({
      notifications: [{ action: 'removed', resource_id: json['id'], resource: { id: json['id'] } }],
    });
    watching.close();
  });

  it('follows private history, as the messages do', async () => {
    const own = await TestOrganization.open();
    const { chatId } = await own.say(unique('note'), 'help');
    await own.join(own.agent, chatId);
    await write(own.agent, chatId, 'Early');
    await setOrganization(own.organizationId, { private_chat_history: true });
    const silent = await enrollAgent(own.organizationId);
    const join = { is_participating: false, composing_status: 'idle' };
    expect((await own.join(silent, chatId, join)).status).toBe(201);
    await write(own.agent, chatId, 'Late', 'chats');
    expect((await notesOf(silent, chatId, 'chats')).map(({ message }) => message)).toEqual(['Late']);
    expect((await ask(silent, 'GET', pathOf(silent, chatId))).status).toBe(403);
    expect((await notesOf(own.agent, chatId, 'chats')).map(({ message }) => message)).toEqual(['Early', 'Late']);
  });

  it('goes with a purge of its chat, and stays in others', async () => {
    const [purged, kept] = [await newChat(), await newChat()];
    for (const chatId of [purged, kept]) await write(agent, chatId, 'A secret');
    const rowsOf = async (chatId: string) =>
      (await organizationD1.prepare('SELECT * FROM notes WHERE chat_id = ?').bind(chatId).all()).results;
    await purgeNotes(organizationDatabase(noCost()), purged, 1);
    expect(await rowsOf(purged)).toHaveLength(1);
    const settings = await enrollAgent(org.organizationId, {}, ['settings']);
    expect((await ask(settings, 'POST', `${org.organizationPath}/owned_chats/${purged}/purge`, {})).status).toBe(202);
    await eventually(async () => expect(await rowsOf(purged)).toEqual([]));
    expect(await rowsOf(kept)).toHaveLength(1);
  });

  it('is refused in a chat that has ended and was purged, also when its request was under way', async () => {
    const thread = unique('note');
    const { chatId } = await org.say(thread, 'Where is my order?');
    await write(agent, chatId, 'A secret');
    await org.close(thread);
    const settings = await enrollAgent(org.organizationId, {}, ['settings']);
    expect((await ask(settings, 'POST', `${org.organizationPath}/owned_chats/${chatId}/purge`, {})).status).toBe(202);
    const notes = () => organizationD1.prepare('SELECT * FROM notes WHERE chat_id = ?').bind(chatId).all();
    await eventually(async () => expect((await notes()).results).toEqual([]));
    const answer = await write(agent, chatId, 'A secret');
    expect([answer.status, answer.json]).toEqual([409, { detail: 'The chat has ended and was purged.' }]);
    const by = { user_id: agent.user_id, user_name: 'Grace Hopper', created_at: Date.now() };
    const [id, message] = [crypto.randomUUID(), 'A secret'];
    const note = { chat_id: chatId, organization_id: org.organizationId, id, message, mentioned: [] };
    expect(await insertNote(organizationDatabase(noCost()), { ...note, ...by })).toBe('purged');
    expect((await notes()).results).toEqual([]);
  });

  it('is refused with a wrong text, above the maximum, and in chats that the user does not see', async () => {
    const chatId = await newChat();
    for (const message of [null, '', ' ', 7, '\u0000', 'x'.repeat(10_001)]) {
      expect((await write(agent, chatId, message)).status).toBe(400);
    }
    const elsewhere = await TestOrganization.open();
    expect((await write(elsewhere.agent, chatId)).status).toBe(404);
    expect((await write(agent, chatId, 'x', 'chats')).status).toBe(404);
    await organizationD1
      .prepare(
        `WITH RECURSIVE place (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM place WHERE n < ?1)
         INSERT INTO notes (chat_id, organization_id, id, user_id, user_name, message, created_at)
         SELECT ?2, ?3, printf('0190a000-%04d', n), 'u', 'u', 'x', 1 FROM place`,
      )
      .bind(MOST_NOTES, chatId, org.organizationId)
      .run();
    const full = await write(agent, chatId);
    expect([full.status, full.json]).toEqual([409, { detail: 'A chat has at most 1000 notes.' }]);
  });
});

describe('the text of a note', () => {
  it('is in no thread, and in no table of D1 but its own', async () => {
    const chatId = await newChat();
    await org.join(agent, chatId);
    await writeCanary(agent, chatId);
    await ask(agent, 'POST', `/users/${agent.user_id}/chats/${chatId}/messages`, { message: 'On its way.' });
    await eventually(async () => expect((await org.ledger())['accepted']).toBeGreaterThan(0));
    const thread = testEnv.THREADS.getByName(threadNameOfChat(chatId) ?? '');
    const stored = await runInDurableObject(thread, (_, { storage }) => {
      const tables = storage.sql.exec<{ name: string }>(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB '_cf_*'",
      );
      return tables.toArray().map(({ name }) => JSON.stringify(storage.sql.exec(`SELECT * FROM ${name}`).toArray()));
    });
    expect(stored.join()).toContain('On its way.');
    expect(stored.join()).not.toContain(CANARY);
    for (const d1 of new Set([organizationD1, testEnv.DB, testEnv.DELIVERY_LOG])) {
      for (const table of await tablesIn(d1)) {
        const rows = JSON.stringify((await d1.prepare(`SELECT * FROM ${table}`).all()).results);
        if (table !== 'notes' && table !== 'users') expect([table, rows.includes(CANARY)]).toEqual([table, false]);
      }
    }
  });

  it('leaves by no webhook of a channel or an app, and by no list of messages', async () => {
    const own = await TestOrganization.open();
    const manager = await enrollAgent(own.organizationId, {}, ALL_SCOPES);
    const base = '/orgs/{organization_id}/owned_chats';
    await installedApp(manager, [base, `${base}/*/messages`, `${base}/*/memberships`, `${base}/*/tags`]);
    const got = receive();
    makeFirstAttemptsWith((env, name, leased, askedAt) => {
      void deliverLeased(consumerDeps(env), name, leased, askedAt);
    });
    const thread = unique('canary');
    const { chatId } = await own.say(thread, 'Where is it?');
    await own.join(own.agent, chatId);
    await writeCanary(own.agent, chatId);
    const chat = `/users/${own.agent.user_id}/chats/${chatId}`;
    await ask(own.agent, 'POST', `${chat}/messages`, { message: 'On its way.' });
    await ask(own.agent, 'POST', `${chat}/tags`, { name: 'late' });
    await own.say(thread, 'Thank you');
    await eventually(() => {
      const bodies = got.map(({ body }) => body).join();
      for (const text of ['On its way.', 'late', 'Thank you']) expect(bodies).toContain(text);
    });
    const orgPath = own.organizationPath;
    const shown = await Promise.all([
      own.request('GET', `/events?thread_id=${thread}`),
      own.request('GET', `/threads/${thread}`),
      own.request('GET', '/deliveries'),
      ask(manager, 'GET', `${orgPath}/deliveries`),
      ask(manager, 'GET', `${orgPath}/messages`),
      ask(manager, 'GET', `${orgPath}/owned_chats/${chatId}/messages`),
      ask(own.agent, 'GET', `${chat}/messages`),
      ask(own.agent, 'GET', `/users/${own.agent.user_id}/inbox?view=mine`),
    ]);
    expect(shown.map(({ status }) => status)).toEqual(Array(8).fill(200));
    expect([...got.map(({ body }) => body), ...shown.map(({ text }) => text)].join()).not.toContain(CANARY);
    expect(await notesOf(own.agent, chatId)).toHaveLength(1);
  });

  it('reaches no visitor, neither by REST nor by a socket', async () => {
    const site = await Site.open();
    const visitor = await site.visitor();
    const chatId = await site.chat(visitor);
    const watching = await LiveClient.ofVisitor(visitor);
    const chats = `/api/v5/public/visitors/${visitor.id}/chats`;
    await watching.subscribe([chats, `${chats}/*/messages`, `${chats}/*/memberships`]);
    watching.send({ type: 'subscribe', channels: [`${chats}/*/notes`], after: null });
    while ((await watching.next('subscribed'))['refused_count'] !== 1);
    await writeCanary(site.agent, chatId);
    await site.answerBy(site.agent, chatId, 'We do.');
    while (!JSON.stringify(watching.frames).includes('We do.')) await watching.next('notifications');
    const paths = [`/visitors/${visitor.id}/chats/${chatId}/messages`, `/visitors/${visitor.id}/chats/${chatId}`];
    const shown = await Promise.all(paths.map((path) => visit(visitor.token, 'GET', path)));
    expect(shown.map(({ status }) => status)).toEqual([200, 200]);
    expect((await visit(visitor.token, 'GET', `/visitors/${visitor.id}/chats/${chatId}/notes`)).status).toBe(404);
    expect([JSON.stringify(watching.frames), ...shown.map(({ text }) => text)].join()).not.toContain(CANARY);
    watching.close();
  });

  it('leaves by neither of the other interfaces', async () => {
    const system = await TelephoneSystem.open();
    const got = receive();
    makeFirstAttemptsWith((env, name, leased, askedAt) => {
      void deliverLeased(consumerDeps(env), name, leased, askedAt);
    });
    const { sessionid } = await system.say('Hello');
    const chatId = system.chatOf(sessionid);
    await writeCanary(system.second, chatId, 'chats');
    await system.reply(system.second, sessionid, 'We call back.');
    await eventually(() => expect(got.map(({ body }) => body).join()).toContain('We call back.'));
    expect(got.map(({ body }) => body).join()).not.toContain(CANARY);

    const program = await ThreadsProgram.open();
    await program.post('order-1', 'Where is it?');
    const [row] = resultsOf(await ask(program.org.agent, 'GET', `/users/${program.org.agent.user_id}/inbox?view=open`));
    const threadChat = String((row?.['chat'] as Json | undefined)?.['id']);
    await writeCanary(program.org.agent, threadChat);
    const listed = await program.ask('GET', '/threads');
    expect([listed.status, await program.bodies('order-1')]).toEqual([200, ['Where is it?']]);
    expect(listed.text).not.toContain(CANARY);
  });

  it('is not shown to a partner with whom the chat is shared, nor theirs to us', async () => {
    const partner = await TestOrganization.open();
    const share = `/organizations/${org.organizationId}/rooms/${org.gateway.roomId}/shares/${partner.organizationId}`;
    expect((await admin(share, { method: 'PUT' })).status).toBeLessThan(300);
    const everybody = { kind: 'all', include_bots: true };
    await org.routeTo([everybody, { kind: 'organization', id: partner.organizationId }]);
    const chatId = await newChat();
    const watching = await LiveClient.ofUser(partner.agent);
    await watching.subscribe([`/api/v5/users/${partner.agent.user_id}/routed_chats/*/notes`]);
    await writeCanary(agent, chatId);
    expect(await notesOf(partner.agent, chatId)).toEqual([]);
    const theirs = await write(partner.agent, chatId, 'Of the partner');
    expect(await notesOf(partner.agent, chatId)).toEqual([theirs.json]);
    expect((await notesOf(agent, chatId)).map(({ message }) => message)).toEqual([expect.stringContaining(CANARY)]);
    expect(await watching.next('notifications')).toMatchObject({ notifications: [{ resource: theirs.json }] });
    expect(JSON.stringify(watching.frames)).not.toContain(CANARY);
    watching.close();
    await org.routeTo([everybody]);
  });
});
