import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { noCost } from '../../../src/db/cost.ts';
import { loadAudience } from '../../../src/notifications/load-audience.ts';
import { organizationHub, visitorHub } from '../../../src/rpc/live-hub.ts';
import { eventually } from '../../support/eventually.ts';
import { testAlarm } from '../../support/worker/alarm.ts';
import { openApp, trigger } from '../../support/worker/apps.ts';
import { passTime, setClock } from '../../support/worker/clock.ts';
import { newRoom } from '../../support/worker/gateway.ts';
import { LiveClient, said, shakeHands, userPath } from '../../support/worker/live-client.ts';
import { ask, enrollAgent } from '../../support/worker/organization.ts';
import { PublishingThread } from '../../support/worker/publishing-thread.ts';
import { admin, brokenDatabase, call, enroll, type Person, testEnv } from '../../support/worker/requests.ts';
import { authenticate, Site } from '../../support/worker/visitor-site.ts';

/** The objects have the environment of the tests themselves. */
const { DB } = testEnv;
const setDatabase = (database: D1Database) => Object.assign(testEnv, { DB: database });

afterEach(() => {
  setDatabase(DB);
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const hubOf = ({ organization_id }: Person) => env.LIVE.getByName(organizationHub(organization_id));
const all = ({ organization_id }: Person) => `/api/v5/orgs/${organization_id}/owned_chats/*/messages`;

/** Longer (ms) than rights are cached. */
const FORGOTTEN = 31_000;

async function listen(person: Person, channel = all(person)): Promise<LiveClient> {
  const client = await LiveClient.ofUser(person);
  expect(await client.subscribe([channel])).toMatchObject({ channels: [channel] });
  return client;
}

const say = ({ organization_id }: Person) => PublishingThread.ofOrganization(organization_id).say('hello');

describe('the rights of a socket’s user', () => {
  testAlarm('end with their token', async (ring) => {
    setClock(Date.now());
    const expires_at = new Date(Date.now() + 60_000).toISOString();
    const short = await enroll({ expires_at });
    const [active, silent] = [await listen(short), await listen(short, `/api/v5/users/${short.user_id}/chats`)];
    passTime(59_000);
    await say(short);
    await active.next('notifications');
    passTime(1_001);
    await say(short);
    expect(await active.closed).toEqual({ code: 4401, reason: 'token expired or revoked' });
    await ring(hubOf(short));
    expect(await silent.closed).toEqual({ code: 4401, reason: 'token expired or revoked' });
    expect(active.frames.filter(({ type }) => type === 'notifications')).toHaveLength(1);
  });

  it('end when their token is revoked', async () => {
    const person = await enroll();
    const client = await listen(person);
    const path = `/organizations/${person.organization_id}/users/${person.user_id}/tokens/${person.token_id}`;
    expect((await admin(path, { method: 'DELETE' })).status).toBe(204);
    passTime(FORGOTTEN);
    await say(person);
    expect(await client.closed).toEqual({ code: 4401, reason: 'token expired or revoked' });
    expect(client.frames.map(({ type }) => type)).toEqual(['welcome', 'subscribed']);
  });

  it('end when the app that acts for them gets another secret', async () => {
    const { manager, app, installation } = await openApp();
    const { parameters } = await trigger(manager, installation, 'type=manual_nav');
    const Authorization = `GIOSGAPP ${parameters.get('token')} ${app.secret}`;
    const tickets = `/api/v5${userPath(manager)}/tickets`;
    const made = await call(tickets, { method: 'POST', authorization: Authorization });
    const clients = [
      await LiveClient.by(userPath(manager), { Authorization }),
      await LiveClient.by(userPath(manager), { 'Sec-WebSocket-Protocol': `ticket.${made.json['ticket']}` }),
    ];
    for (const client of clients) await client.subscribe([all(manager)]);
    await say(manager);
    for (const client of clients) await client.next('notifications');
    const rotate = `/orgs/${manager.organization_id}/apps/${app.id}/secret/rotate`;
    expect((await ask(manager, 'POST', rotate)).status).toBe(200);
    passTime(FORGOTTEN);
    await say(manager);
    for (const client of clients) {
      expect(await client.closed).toEqual({ code: 4401, reason: 'token expired or revoked' });
      expect(client.frames.filter(({ type }) => type === 'notifications')).toHaveLength(1);
    }
  });

  it('end for a room that is no longer routed to them, even for what they have missed', async () => {
    const { organization_id, user_id: other } = await enroll();
    const agent = await enrollAgent(organization_id);
    const path = `/organizations/${organization_id}`;
    const [left, kept] = [await newRoom(organization_id), await newRoom(organization_id)];
    const route = (room: string, user: string) =>
      admin(`${path}/routers`, {
        method: 'POST',
        body: { name: 'R', targets: [{ kind: 'user', id: user }], room_ids: [room] },
      });
    // A room without routers is routed to everybody.
    const [router] = [await route(left, agent.user_id), await route(left, other), await route(kept, agent.user_id)];
    const channel = `/api/v5/users/${agent.user_id}/routed_chats/*/messages`;
    const client = await LiveClient.ofUser(agent);
    const { number } = await client.subscribe([channel]);
    const [inLeft, inKept] = [left, kept].map((id) =>
      PublishingThread.ofOrganization(organization_id, { room: { id, organization_id } }),
    );
    const before = await inLeft?.say('while it is routed to them');
    expect(said(await client.next('notifications'))).toMatchObject([[expect.any(String), 'added', before]]);
    expect((await admin(`${path}/routers/${router?.json['id']}`, { method: 'DELETE' })).status).toBe(204);
    passTime(FORGOTTEN);
    await inLeft?.say('afterwards');
    const id = await inKept?.say('elsewhere');
    expect(said(await client.next('notifications'))).toMatchObject([[expect.any(String), 'added', id]]);
    const back = await LiveClient.ofUser(agent);
    await back.subscribe([channel], Number(number));
    expect(said(await back.next('notifications'))).toMatchObject([[expect.any(String), 'added', id]]);
    for (const each of [client, back]) each.close();
  });

  it('do not include a silent membership in a room that is no longer routed to them', async () => {
    const { organization_id, user_id: other } = await enroll();
    const agent = await enrollAgent(organization_id);
    const [left, kept] = [await newRoom(organization_id), await newRoom(organization_id)];
    const channel = `/api/v5/users/${agent.user_id}/chats/*/messages`;
    const client = await listen(agent, channel);
    const silent = { open: [], silent: [agent.user_id], before: {} };
    const [inLeft, inKept] = [left, kept].map((id) =>
      PublishingThread.ofOrganization(organization_id, { room: { id, organization_id }, users: silent }),
    );
    const before = await inLeft?.say('while it is routed to them');
    expect(said(await client.next('notifications'))).toMatchObject([[expect.any(String), 'added', before]]);
    const body = { name: 'R', targets: [{ kind: 'user', id: other }], room_ids: [left] };
    expect((await admin(`/organizations/${organization_id}/routers`, { method: 'POST', body })).status).toBe(201);
    passTime(FORGOTTEN);
    await inLeft?.say('afterwards');
    const id = await inKept?.say('elsewhere');
    expect(said(await client.next('notifications'))).toMatchObject([[expect.any(String), 'added', id]]);
    const open = PublishingThread.ofOrganization(organization_id, {
      room: { id: left, organization_id },
      users: { open: [agent.user_id], silent: [], before: {} },
    });
    const taken = await open.say('to who takes part');
    expect(said(await client.next('notifications'))).toMatchObject([[expect.any(String), 'added', taken]]);
    client.close();
  });

  it('do not include a room whose routers do not name the bot', async () => {
    const { organization_id } = await enroll();
    const bot = await enrollAgent(organization_id, { is_bot: true });
    const [unnamed, named] = [await newRoom(organization_id), await newRoom(organization_id)];
    const body = { name: 'R', targets: [{ kind: 'user', id: bot.user_id }], room_ids: [named] };
    expect((await admin(`/organizations/${organization_id}/routers`, { method: 'POST', body })).status).toBe(201);
    const client = await listen(bot, `/api/v5/users/${bot.user_id}/routed_chats/*/messages`);
    const sayIn = (id: string) =>
      PublishingThread.ofOrganization(organization_id, { room: { id, organization_id } }).say('hello');
    await sayIn(unnamed);
    const id = await sayIn(named);
    expect(said(await client.next('notifications'))).toMatchObject([[expect.any(String), 'added', id]]);
    client.close();
  });

  it('end when they are deleted', async () => {
    const person = await enroll();
    const client = await listen(person);
    const path = `/organizations/${person.organization_id}/users/${person.user_id}`;
    expect((await admin(path, { method: 'DELETE' })).status).toBe(204);
    passTime(FORGOTTEN);
    await say(person);
    expect((await client.closed).code).toBe(4401);
  });

  it('end with the subscription of their organization', async () => {
    const person = await enroll();
    const client = await listen(person);
    const changes = { has_active_subscription: false };
    await admin(`/organizations/${person.organization_id}`, { method: 'PATCH', body: changes });
    passTime(FORGOTTEN);
    await say(person);
    expect(await client.closed).toEqual({ code: 4403, reason: 'no active subscription' });
  });

  it('change when the organization’s history becomes private', async () => {
    const person = await enroll();
    const reporter = await enroll({ organization_id: person.organization_id, scopes: ['reports'] });
    const [client, allowed] = [await listen(person), await listen(reporter)];
    const changes = { private_chat_history: true };
    await admin(`/organizations/${person.organization_id}`, { method: 'PATCH', body: changes });
    passTime(FORGOTTEN);
    await say(person);
    await allowed.next('notifications');
    await client.subscribe([`/api/v5/users/${person.user_id}/chats`]);
    expect(client.frames.map(({ type }) => type)).toEqual(['welcome', 'subscribed', 'subscribed']);
    for (const each of [client, allowed]) each.close();
  });

  it('stay for ten minutes while D1 cannot be reached; then the sockets wait, and get everything when it is back', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const person = await enroll();
    const client = await listen(person);
    await say(person);
    await client.next('notifications');
    setDatabase(brokenDatabase);
    passTime(5 * 60_000);
    const known = await say(person);
    expect(said(await client.next('notifications'))).toMatchObject([[expect.any(String), 'added', known]]);
    passTime(6 * 60_000);
    const waiting = await say(person);
    expect(client.frames.filter(({ type }) => type === 'notifications')).toHaveLength(2);
    setDatabase(DB);
    passTime(5_000);
    client.send({ type: 'ack', number: client.frames.at(-1)?.['number'] });
    expect(said(await client.next('notifications'))).toMatchObject([[expect.any(String), 'added', waiting]]);
    client.close();
  });
});

describe('a hub that cannot be listed as awake in D1', () => {
  it('refuses sockets', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const person = await enroll();
    setDatabase(brokenDatabase);
    const headers = { Authorization: `Bearer ${person.token}` };
    const answer = await shakeHands(`/users/${person.user_id}/live`, headers, { DB });
    expect([answer.status, await answer.json()]).toEqual([503, { detail: expect.any(String) }]);
  });

  it('is known to threads at once, unless their isolate has an older audience', async () => {
    const person = await enroll();
    const scope = { organization_ids: [person.organization_id], room_ids: [], database: 'DB' };
    const hubs = async () => (await loadAudience(testEnv, noCost(), scope)).hubs;
    expect(await hubs()).toEqual([]);
    const client = await LiveClient.ofUser(person);
    expect(await hubs()).toEqual([{ organization_id: person.organization_id, since: expect.any(Number) }]);
    client.close();
  });

  testAlarm('is listed for a week, and renewed before that ends', async (ring) => {
    const person = await enroll();
    const awake = () =>
      env.DB.prepare('SELECT awake_since, awake_until FROM live_organizations WHERE organization_id = ?')
        .bind(person.organization_id)
        .first<{ awake_since: number; awake_until: number }>();
    expect(await awake()).toBe(null);
    const client = await listen(person);
    const first = await awake();
    const week = 7 * 24 * 3_600_000;
    expect((first?.awake_until ?? 0) - (first?.awake_since ?? 0)).toBe(week);
    passTime(2 * 24 * 3_600_000);
    const second = await LiveClient.ofUser(person);
    expect(await awake()).toEqual(first);
    passTime(2.5 * 24 * 3_600_000);
    client.send({ type: 'unsubscribe', channels: ['nothing'] });
    await client.next('unsubscribed');
    await ring(hubOf(person));
    const renewed = await awake();
    expect(renewed?.awake_since).toBe(first?.awake_since);
    expect((renewed?.awake_until ?? 0) - Date.now()).toBeGreaterThan(week - 60_000);
    for (const each of [client, second]) each.close();
  });
});

describe('a hub that cannot renew its entry', () => {
  testAlarm('tries again after a while, longer each time, and succeeds when D1 is back', async (ring) => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    setClock(Date.now());
    const person = await enroll();
    const client = await listen(person);
    passTime(4.5 * 24 * 3_600_000);
    client.send({ type: 'unsubscribe', channels: ['nothing'] });
    await client.next('unsubscribed');
    setDatabase(brokenDatabase);
    const waits: number[] = [];
    for (const failures of [1, 2, 3]) {
      await ring(hubOf(person));
      const due = await renewalOf(person);
      expect(due?.failures).toBe(failures);
      waits.push(Number(due?.due_at) - Date.now());
      vi.setSystemTime(Number(due?.due_at));
    }
    for (const [place, wait] of waits.entries()) {
      expect(wait).toBeGreaterThanOrEqual(500 * 2 ** place);
      expect(wait).toBeLessThanOrEqual(1000 * 2 ** place);
    }
    setDatabase(DB);
    await ring(hubOf(person));
    expect(await renewalOf(person)).toBe(null);
    client.close();
  });

  testAlarm('stops trying when it has no sockets', async (ring) => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    setClock(Date.now());
    const person = await enroll();
    const client = await listen(person);
    passTime(4.5 * 24 * 3_600_000);
    client.send({ type: 'unsubscribe', channels: ['nothing'] });
    await client.next('unsubscribed');
    setDatabase(brokenDatabase);
    await ring(hubOf(person));
    expect(await renewalOf(person)).toMatchObject({ failures: 1 });
    client.close();
    await eventually(async () => expect(await leftAt(person)).not.toBe(null));
    passTime(60_000);
    await ring(hubOf(person));
    expect(await renewalOf(person)).toBe(null);
    const next = await runInDurableObject(hubOf(person), (_, { storage }) => storage.getAlarm());
    expect(next).toBeGreaterThan(Date.now() + 1000);
    setDatabase(DB);
  });
});

/** The timer by which a hub renews its entry; null when there is none. */
function renewalOf(person: Person) {
  return runInDurableObject(hubOf(person), (_, { storage }) => {
    const sql = `SELECT due_at, failures FROM timers WHERE name = 'renew'`;
    return storage.sql.exec<{ due_at: number; failures: number }>(sql).toArray()[0] ?? null;
  });
}

/** Since when (ms) a hub has no sockets; null while it has some. */
function leftAt(person: Person) {
  return runInDurableObject(
    hubOf(person),
    (_, { storage }) => storage.sql.exec<{ left_at: number | null }>('SELECT left_at FROM hub').one().left_at,
  );
}

describe('a visitor’s socket', () => {
  const messages = (id: string) => `/api/v5/public/visitors/${id}/chats/*/messages`;

  it('gets only the updates of its visitor', async () => {
    const site = await Site.open();
    const [visitor, sibling] = [await authenticate(site.organizationId), await authenticate(site.organizationId)];
    const client = await LiveClient.ofVisitor(visitor);
    const other = await LiveClient.ofVisitor(sibling);
    const foreign = [messages(sibling.id), `/api/v5/orgs/${site.organizationId}/owned_chats`, '/api/v5/users/x/chats'];
    expect(await client.subscribe([messages(visitor.id), ...foreign])).toMatchObject({
      channels: [messages(visitor.id)],
      refused: foreign.map((channel) => ({ channel, detail: expect.stringContaining('own path') })),
    });
    await other.subscribe([messages(sibling.id)]);
    const thread = PublishingThread.ofVisitor(visitor.id, site.organizationId);
    const id = await thread.say('for them');
    const channel = messages(visitor.id).replace('*', thread.chatId);
    expect(said(await client.next('notifications'))).toEqual([[channel, 'added', id]]);
    const strange = PublishingThread.ofVisitor(sibling.id, site.organizationId);
    const theirs = await strange.say('for the other');
    expect(said(await other.next('notifications'))).toEqual([
      [messages(sibling.id).replace('*', strange.chatId), 'added', theirs],
    ]);
    expect(client.frames).toHaveLength(3);
    for (const each of [client, other]) each.close();
  });

  testAlarm('resumes, and ends with its token or the organization’s subscription', async (ring) => {
    const site = await Site.open();
    const visitor = await authenticate(site.organizationId);
    const thread = PublishingThread.ofVisitor(visitor.id, site.organizationId);
    const client = await LiveClient.ofVisitor(visitor);
    const { number } = await client.subscribe([messages(visitor.id)]);
    client.close();
    await client.closed;
    const missed = await thread.say('missed');
    const again = await LiveClient.ofVisitor(visitor);
    await again.subscribe([messages(visitor.id)], Number(number));
    expect(said(await again.next('notifications'))).toMatchObject([[expect.any(String), 'added', missed]]);
    passTime(1_801_000);
    await ring(env.LIVE.getByName(visitorHub(visitor.id)));
    expect((await again.closed).code).toBe(4401);
    const fresh = await authenticate(site.organizationId, visitor.secret);
    const third = await LiveClient.ofVisitor(fresh);
    await third.subscribe([messages(visitor.id)]);
    await site.setOrganization({ has_active_subscription: false });
    passTime(FORGOTTEN);
    await thread.say('not told');
    expect((await third.closed).code).toBe(4403);
  });
});
