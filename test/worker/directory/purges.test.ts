import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import { noCost } from '../../../src/db/cost.ts';
import { hiddenThreadId, threadName } from '../../../src/domain/address.ts';
import { sweepPurges } from '../../../src/purges/sweep-purges.ts';
import { writeCollected } from '../../../src/read-model/collector.ts';
import { eventually } from '../../support/eventually.ts';
import { expectDocumentedWebhook } from '../../support/worker/documented-webhook.ts';
import { storedIn, storedInD1 } from '../../support/worker/everything-stored.ts';
import { acceptedFor, installedApp } from '../../support/worker/installed-app.ts';
import { LiveClient } from '../../support/worker/live-client.ts';
import {
  ask,
  enrollAgent,
  type Json,
  resultsOf,
  TestOrganization,
  TIME,
  UUID,
  visitorSays,
} from '../../support/worker/organization.ts';
import { organizationD1, organizationDatabase } from '../../support/worker/organization-database.ts';
import { admin, type Person, testEnv } from '../../support/worker/requests.ts';
import { authenticate, Site, visit } from '../../support/worker/visitor-site.ts';

let org: TestOrganization;
let site: Site;
/** Has the scope `settings`. */
let manager: Person;

beforeAll(async () => {
  org = await TestOrganization.open();
  site = await Site.at(org);
  manager = await enrollAgent(org.organizationId, {}, ['settings']);
});

const inOrganization = (path: string) => `/orgs/${org.organizationId}${path}`;

/** Asks for a purge, and waits until it is done. */
async function purge(path: string, body?: Json, by = manager): Promise<Json> {
  const organization = `/orgs/${by.organization_id}`;
  const asked = await ask(by, 'POST', `${organization}${path}`, body);
  expect([asked.status, asked.json]).toEqual([202, expect.objectContaining({ id: UUID, status: 'running' })]);
  return await eventually(async () => {
    const { json } = await ask(by, 'GET', `${organization}/purges/${asked.json['id']}`);
    expect(json['status']).toBe('done');
    return json;
  });
}

/** Every row of the databases, as text. */
async function stored(): Promise<string> {
  await writeCollected(testEnv);
  return await storedInD1();
}

let canaries = 0;
function newCanary(): string {
  canaries += 1;
  return `canary-${canaries}-${crypto.randomUUID()}`;
}

describe('a purge of a visitor of the public API', () => {
  it('leaves nothing of them, and their secret and tokens open nothing', async () => {
    const canary = newCanary();
    const visitor = await site.visitor({ current_page_title: canary, user_agent: canary });
    await site.setVariable(visitor, 'username', `${canary} Jane`);
    await site.setVariable(visitor, canary, canary);
    const live = await LiveClient.ofVisitor(visitor);
    const watcher = await LiveClient.ofUser(site.integrator);
    await watcher.subscribe([`/api/v5/orgs/${org.organizationId}/owned_chats/*/messages`]);
    const chatId = await site.chat(visitor);
    expect((await site.say(visitor, chatId, `${canary} hello`)).status).toBeLessThan(300);
    await site.answerBy(site.agent, chatId, `${canary} answer`);
    const thread = threadName({ kind: 'visitor', room_id: site.roomId, visitor_id: visitor.id });
    const objects = {
      thread: env.THREADS.getByName(thread),
      visitor: env.USERS.getByName(`visitor/${visitor.id}`),
      hub: env.LIVE.getByName(`organization/${org.organizationId}`),
      visitorsHub: env.LIVE.getByName(`visitor/${visitor.id}`),
    };
    expect(await stored()).toContain(canary);
    for (const name of ['thread', 'hub'] as const) {
      await eventually(async () => expect(await storedIn(objects[name])).toContain(canary));
    }

    await purge(`/rooms/${site.roomId}/visitors/${visitor.id}/purge`);
    expect(await stored()).not.toContain(canary);
    for (const object of Object.values(objects)) expect(await storedIn(object)).not.toContain(canary);
    expect(await storedIn(objects.visitor)).toBe('[]');
    expect(await live.closed).toMatchObject({ code: 4401 });
    watcher.close();

    expect((await visit(visitor.token, 'GET', `/visitors/${visitor.id}/chats`)).status).toBe(401);
    const secret = { visitor_secret_id: visitor.secret };
    expect((await visit(null, 'POST', `/orgs/${org.organizationId}/auth`, secret)).status).toBe(400);
    expect((await authenticate(org.organizationId)).id).not.toBe(visitor.id);
    const chat = await site.ownedChat(chatId);
    expect(chat).toMatchObject({ is_ended: true, message_count: 2 });
    // Nobody finds the visitor any more, and a rebuild does not bring them back.
    const rebuilt = await admin('/rebuild', { method: 'POST', body: { ids: [objects.thread.id.toString()] } });
    expect([rebuilt.status, rebuilt.json]).toEqual([200, { rebuilt: 1, failed: [], next: null }]);
    const room = await ask(manager, 'GET', inOrganization(`/rooms/${site.roomId}/visitors/${visitor.id}`));
    expect(room.status).toBe(404);
    expect(await stored()).not.toContain(canary);
  });
});

describe('a purge of a thread', () => {
  it('leaves nothing of its visitor, whose next message is another visitor’s', async () => {
    const canary = newCanary();
    const thread_id = `${canary}@example.com`;
    const { chatId } = await org.send([visitorSays(thread_id, `${canary} hello`, { sender_id: thread_id })], {
      variables: { username: canary, [canary]: canary },
    });
    const thread = threadName({ kind: 'channel', channel_id: org.channelId, thread_id });
    expect(await stored()).toContain(canary);
    await purge(`/unified_messaging/${org.channelId}/purge`, { thread_id });
    expect(await stored()).not.toContain(canary);
    expect(await storedIn(env.THREADS.getByName(thread))).not.toContain(canary);
    const shown = resultsOf(await org.request('GET', '/threads')).find((each) => each['current_chat_id'] === chatId);
    expect(shown?.['thread_id']).toMatch(/^sha256:/);
    const [before] = await org.memberships(chatId);
    // A repeat is accepted, and finds nothing to do.
    await purge(`/unified_messaging/${org.channelId}/purge`, { thread_id });
    const next = await org.send([visitorSays(thread_id, 'again', { sender_id: thread_id })]);
    const [after] = await org.memberships(next.chatId);
    expect(next.chatId).not.toBe(chatId);
    expect(after?.['member_id']).not.toBe(before?.['member_id']);
  });

  it('is 404 for a thread that the channel does not have', async () => {
    const path = inOrganization(`/unified_messaging/${org.channelId}/purge`);
    expect((await ask(manager, 'POST', path, { thread_id: 'nothing' })).status).toBe(404);
    expect((await ask(manager, 'POST', path, {})).status).toBe(400);
  });
});

describe('a purge of a chat', () => {
  it('shows each message as purged, and keeps the chat and its visitor', async () => {
    const { chatId } = await org.say('ticket', 'a secret', { variables: { username: 'Jane' } });
    const done = await purge(`/owned_chats/${chatId}/purge`);
    expect(done).toMatchObject({
      kind: 'chat',
      chat_id: chatId,
      created_at_before: null,
      finished_at: expect.any(String),
    });
    const [message] = await org.messages(chatId);
    expect(message).toMatchObject({ message: null, sender_name: null, sender_public_name: null });
    expect(message?.['sensitive_data_purged_at']).toEqual(expect.any(String));
    expect(await org.chat(chatId)).toMatchObject({ is_ended: false, message_count: 1 });
    const [member] = await org.memberships(chatId);
    expect(member?.['member_name']).toBe('Jane');
  });

  it('of another organization is 404, also for the operator', async () => {
    const other = await TestOrganization.open();
    const { chatId } = await other.say('ticket', 'theirs');
    await writeCollected(testEnv);
    expect((await ask(manager, 'POST', inOrganization(`/owned_chats/${chatId}/purge`))).status).toBe(404);
    const path = `/organizations/${org.organizationId}/owned_chats/${chatId}/purge`;
    expect((await admin(path, { method: 'POST' })).status).toBe(404);
    const own = `/organizations/${other.organizationId}/owned_chats/${chatId}/purge`;
    const asked = await admin(own, { method: 'POST' });
    expect([asked.status, asked.json['requested_by_user_id']]).toEqual([202, null]);
    // The purges of an organization are its own.
    const listed = resultsOf(await ask(manager, 'GET', inOrganization('/purges')));
    expect(listed.map(({ id }) => id)).not.toContain(asked.json['id']);
    expect((await ask(manager, 'GET', inOrganization(`/purges/${asked.json['id']}`))).status).toBe(404);
  });
});

describe('a receiver that asks for it', () => {
  const OWNED = '/orgs/{organization_id}/owned_chats';

  it('is told what was purged, and of which chat', async () => {
    const { installation } = await installedApp(site.integrator, [`${OWNED}/*/purges`]);
    const live = await LiveClient.ofUser(site.integrator);
    const topic = `/api/v5/orgs/${org.organizationId}/owned_chats/*/purges`;
    await live.subscribe([topic]);
    const before = new Date(Date.now() + 60_000).toISOString();
    const told = async (thread_id: string, type: string, ask: (chatId: string) => Promise<unknown>) => {
      const { chatId } = await org.say(thread_id, 'a secret');
      const { room_id } = await org.chat(chatId);
      const [member] = await org.memberships(chatId);
      await ask(chatId);
      const created_at_before = type === 'messages_purged' ? before : null;
      const about = { chat_id: chatId, room_id, visitor_id: member?.['member_id'], created_at_before };
      const resource = { id: UUID, type, ...about, purged_at: TIME };
      const accepted = await acceptedFor(chatId, installation);
      expect(accepted.map(({ body }) => [body.action, body.channel, body.resource])).toEqual([
        ['added', topic.replace('*', chatId), resource],
      ]);
      const { notifications } = await live.next('notifications');
      expect((notifications as Json[]).map((each) => each['resource'])).toEqual([resource]);
    };
    await told('told', 'messages_purged', (chatId) =>
      purge(`/owned_chats/${chatId}/purge`, { created_at_before: before }),
    );
    await told('told too', 'visitor_purged', () =>
      purge(`/unified_messaging/${org.channelId}/purge`, { thread_id: 'told too' }),
    );
    live.close();
  });
});

describe('a channel that asks for it', () => {
  it('is told behind its other webhooks, which end', async () => {
    const own = await TestOrganization.open();
    const owner = await enrollAgent(own.organizationId, {}, ['settings']);
    const thread_id = 'jane@example.com';
    const { chatId } = await own.send([visitorSays(thread_id, 'a secret'), own.userSays(thread_id, 'a secret too')]);
    // The thread itself has never heard of the setting.
    await own.request('PATCH', '', { body: { notify_purges: true } });
    const purged = async (path: string, body?: Json) => {
      await purge(path, body, owner);
      const events = await own.events(thread_id);
      for (const each of events) expectDocumentedWebhook(each['event_type'] as 'visitor_purged', each);
      return events;
    };
    const [reply, messages, ...others] = await purged(`/owned_chats/${chatId}/purge`);
    const about = { id: UUID, chat_id: chatId, room_id: own.gateway.roomId, created_at_before: null, purged_at: TIME };
    const place = { chat_id: chatId, messaging_channel: 'email', channel_config_id: own.channelId };
    const purgeOf = (type: string) => ({ ...about, type, visitor_id: expect.stringMatching(/^[0-9a-f]{32}$/) });
    expect(others).toEqual([]);
    expect(messages).toEqual({
      event_type: 'messages_purged',
      thread_id,
      ...place,
      purge: purgeOf('messages_purged'),
      seq: expect.any(Number),
      prev_seq: reply?.['seq'],
    });
    // A purge of the visitor covers the webhook of the first purge too.
    const events = await purged(`/unified_messaging/${own.channelId}/purge`, { thread_id });
    const hidden = hiddenThreadId({ channel_id: own.channelId, thread_id });
    expect(events.map(({ event_type, thread_id: shown, prev_seq }) => [event_type, shown, prev_seq])).toEqual([
      ['message_created', hidden, null],
      ['messages_purged', hidden, reply?.['seq']],
      ['visitor_purged', hidden, messages?.['seq']],
    ]);
    expect(events.at(-1)).toMatchObject({ ...place, purge: purgeOf('visitor_purged') });

    await writeCollected(testEnv);
    const log = resultsOf(await own.request('GET', '/deliveries')).reverse();
    expect(log.map(({ event_type, status, skip_reason }) => [event_type, status, skip_reason])).toEqual([
      ['message_created', 'skipped', 'purged'],
      ['messages_purged', 'skipped', 'purged'],
      ['visitor_purged', 'pending', null],
    ]);
    expect(await own.ledger()).toMatchObject({ accepted: 3, pending: 1, skipped: { purged: 2 } });
    const listed = resultsOf(await own.request('GET', '/deliveries?event_type=visitor_purged'));
    expect(listed.map(({ id }) => id)).toEqual([log[2]?.['id']]);
    const { json } = await own.request('GET', `/deliveries/${log[2]?.['id']}`);
    expect(JSON.parse(String(json['body']))).toEqual(events.at(-1));
    const stub = env.THREADS.getByName(threadName({ kind: 'channel', channel_id: own.channelId, thread_id }));
    expect(await storedIn(stub)).not.toContain(thread_id);
  });

  it('is not told once it is deleted, and others never are', async () => {
    const own = await TestOrganization.open();
    const owner = await enrollAgent(own.organizationId, {}, ['settings']);
    const { chatId } = await own.say('silent', 'a secret');
    await purge(`/owned_chats/${chatId}/purge`, undefined, owner);
    expect(await own.events('silent')).toEqual([]);
    await own.request('PATCH', '', { body: { notify_purges: true } });
    await own.request('DELETE', '');
    await purge(`/owned_chats/${chatId}/purge`, undefined, owner);
    expect(await own.events('silent')).toEqual([]);
  });
});

describe('the watchdog', () => {
  it('does what a crash has left of a purge', async () => {
    const { chatId } = await org.say('left', 'a secret');
    await writeCollected(testEnv);
    const asked = await ask(manager, 'POST', inOrganization(`/owned_chats/${chatId}/purge`));
    const id = String(asked.json['id']);
    await eventually(async () => {
      const { json } = await ask(manager, 'GET', inOrganization(`/purges/${id}`));
      expect(json['status']).toBe('done');
    });
    await organizationD1.prepare('UPDATE purges SET finished_at = NULL WHERE id = ?').bind(id).run();
    expect(await sweepPurges(testEnv, organizationDatabase(noCost()), Date.now())).toBe(1);
    expect((await ask(manager, 'GET', inOrganization(`/purges/${id}`))).json['status']).toBe('done');
  });
});
