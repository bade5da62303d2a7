import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { organizationHub, visitorHub } from '../../../src/rpc/live-hub.ts';
import { enrollCallers, expectOwn } from '../../support/worker/access-checks.ts';
import { testAlarm } from '../../support/worker/alarm.ts';
import { openApp, trigger, uninstall } from '../../support/worker/apps.ts';
import { passTime, setClock } from '../../support/worker/clock.ts';
import { LiveClient, shakeHands, userPath, visitorPath } from '../../support/worker/live-client.ts';
import { PublishingThread } from '../../support/worker/publishing-thread.ts';
import { admin, brokenDatabase, call, enroll, type Person } from '../../support/worker/requests.ts';
import { authenticate, Site, type Visitor } from '../../support/worker/visitor-site.ts';

let person: Person;
let site: Site;
let visitor: Visitor;

beforeEach(async () => {
  person = await enroll();
  site = await Site.open();
  visitor = await authenticate(site.organizationId);
});

afterEach(() => {
  vi.useRealTimers();
});

const bearer = (token: string) => `Bearer ${token}`;

function request(path: string, authorization: string) {
  return call(`/api/v5${path}/tickets`, { method: 'POST', authorization });
}

async function ticketFor(path: string, authorization: string): Promise<string> {
  const answer = await request(path, authorization);
  expect(answer.status).toBe(201);
  return String(answer.json['ticket']);
}

const userTicket = (owner = person) => ticketFor(userPath(owner), bearer(owner.token));
const visitorTicket = (owner = visitor) => ticketFor(visitorPath(owner), bearer(owner.token));

/** The status of a handshake with a ticket. A socket that was opened is closed. */
async function use(path: string, ticket: string, more: Record<string, string> = {}, given: Partial<Env> = {}) {
  const answer = await shakeHands(path, { 'Sec-WebSocket-Protocol': `umi.v1, ticket.${ticket}`, ...more }, given);
  if (answer.webSocket === null) expect(await answer.json()).toEqual({ detail: expect.any(String) });
  else expect(answer.headers.get('Sec-WebSocket-Protocol')).toBe('umi.v1');
  answer.webSocket?.accept();
  answer.webSocket?.close(1000, 'done');
  return answer.status;
}

/** The tables in the storage of a hub. */
function tablesOf(hub: string): Promise<string[]> {
  return runInDurableObject(env.LIVE.getByName(hub), (_, { storage }) =>
    storage.sql
      .exec<{ name: string }>(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\'",
      )
      .toArray()
      .map(({ name }) => name),
  );
}

describe('a ticket', () => {
  it('opens one socket of its user, who gets what their token would show', async () => {
    setClock(Date.now());
    const answer = await request(userPath(person), bearer(person.token));
    expect(answer.json).toEqual({
      ticket: expect.stringMatching(/^[0-9a-f-]{36}\.[\w-]{43}$/),
      expires_at: new Date(Date.now() + 30_000).toISOString(),
    });
    expect(answer.headers.get('Cache-Control')).toBe('no-store');
    const protocols = { 'Sec-WebSocket-Protocol': `umi.v1, ticket.${answer.json['ticket']}` };
    const client = await LiveClient.by(userPath(person), protocols);
    const own = `/api/v5/orgs/${person.organization_id}/owned_chats/*/messages`;
    const foreign = `/api/v5/orgs/${site.organizationId}/owned_chats/*/messages`;
    expect(await client.subscribe([own, foreign])).toMatchObject({ channels: [own], refused_count: 1 });
    await PublishingThread.ofOrganization(person.organization_id).say('hello');
    await client.next('notifications');
    client.close();
    expect(await use(userPath(person), String(answer.json['ticket']))).toBe(401);
  });

  it('opens one socket of its visitor', async () => {
    const ticket = await visitorTicket();
    expect(await use(visitorPath(visitor), ticket)).toBe(101);
    expect(await use(visitorPath(visitor), ticket)).toBe(401);
  });

  it('opens one socket, when many ask for it at the same time', async () => {
    const ticket = await userTicket();
    const statuses = await Promise.all(Array.from({ length: 10 }, () => use(userPath(person), ticket)));
    expect(statuses.sort()).toEqual([101, ...Array(9).fill(401)]);
  });

  it('ends after 30 seconds', async () => {
    const [first, second] = [await userTicket(), await userTicket()];
    setClock(Date.now() + 29_000);
    expect(await use(userPath(person), first)).toBe(101);
    passTime(1000);
    expect(await use(userPath(person), second)).toBe(401);
  });

  it('ends with the token that asked for it, as its socket does', async () => {
    const hour = await enroll({ expires_at: new Date(Date.now() + 3_600_000).toISOString() });
    setClock(Date.now() + 3_590_000);
    const [first, second] = [await userTicket(hour), await userTicket(hour)];
    const client = await LiveClient.by(userPath(hour), { 'Sec-WebSocket-Protocol': `ticket.${first}` });
    passTime(11_000);
    expect(await use(userPath(hour), second)).toBe(401);
    await PublishingThread.ofOrganization(hour.organization_id).say('too late');
    expect(client.frames.filter(({ type }) => type === 'notifications')).toEqual([]);
    client.close();
  });

  it('opens nothing once the secret of its visitor is revoked, and leaves nothing in their hub', async () => {
    const ticket = await visitorTicket();
    const path = `/organizations/${site.organizationId}/visitor_secrets/${visitor.id}`;
    expect((await admin(path, { method: 'DELETE' })).status).toBe(204);
    expect(await use(visitorPath(visitor), ticket)).toBe(401);
    expect(await tablesOf(visitorHub(visitor.id))).toEqual(['tickets']);
  });

  it.each<[string, number, () => Promise<unknown>]>([
    [
      'the token is revoked',
      401,
      () =>
        admin(`/organizations/${person.organization_id}/users/${person.user_id}/tokens/${person.token_id}`, {
          method: 'DELETE',
        }),
    ],
    [
      'the user is deleted',
      401,
      () => admin(`/organizations/${person.organization_id}/users/${person.user_id}`, { method: 'DELETE' }),
    ],
    [
      'the subscription ends',
      403,
      () =>
        admin(`/organizations/${person.organization_id}`, {
          method: 'PATCH',
          body: { has_active_subscription: false },
        }),
    ],
  ])('opens nothing once %s, although this isolate has just read the rights', async (_, status, change) => {
    const other = await LiveClient.ofUser(person);
    await other.subscribe([`/api/v5/orgs/${person.organization_id}/owned_chats`]);
    await PublishingThread.ofOrganization(person.organization_id).say('so that the hub reads the rights');
    const ticket = await userTicket();
    await change();
    expect(await use(userPath(person), ticket)).toBe(status);
    other.close();
  });

  it('of an app’s user opens nothing once the app is uninstalled', async () => {
    const { manager, app, installation } = await openApp();
    const opened = await trigger(manager, installation, 'type=manual_nav');
    const authorization = `GIOSGAPP ${opened.parameters.get('token')} ${app.secret}`;
    const [first, second] = [
      await ticketFor(userPath(manager), authorization),
      await ticketFor(userPath(manager), authorization),
    ];
    expect(await use(userPath(manager), first)).toBe(101);
    await uninstall(manager, installation);
    expect(await use(userPath(manager), second)).toBe(401);
  });

  it('is valid for its owner’s path only', async () => {
    const sibling = await enroll({ organization_id: person.organization_id });
    const stranger = await enroll();
    const neighbour = await authenticate(site.organizationId);
    const [ticket, visitors] = [await userTicket(), await visitorTicket()];
    for (const path of [userPath(sibling), userPath(stranger)]) {
      expect(await use(path, ticket)).toBe(401);
      expect(await use(path, visitors)).toBe(401);
    }
    for (const each of [ticket, visitors]) expect(await use(visitorPath(neighbour), each)).toBe(401);
    expect(await use(userPath(person), visitors)).toBe(401);
    expect(await use(visitorPath(visitor), ticket)).toBe(401);
    // Nothing of this has used them up. Ids in upper case are the same.
    expect(await use(userPath({ user_id: person.user_id.toUpperCase() }), ticket)).toBe(101);
    expect(await use(visitorPath(visitor), visitors)).toBe(101);
  });

  it('does not override a header, and opens nothing but a socket', async () => {
    const ticket = await userTicket();
    expect(await use(userPath(person), ticket, { Authorization: 'Bearer umi_unknown' })).toBe(401);
    const protocols = { 'Sec-WebSocket-Protocol': `ticket.${ticket}` };
    expect((await call(`/api/v5${userPath(person)}`, { headers: protocols })).status).toBe(426);
    expect((await call(`/api/v5/users/${person.user_id}/chats`, { headers: protocols })).status).toBe(401);
    expect(await use(userPath(person), ticket)).toBe(101);
  });

  it('opens no socket for a web page of another origin, for a visitor', async () => {
    const ticket = await visitorTicket();
    const page = { Origin: 'https://other.example' };
    expect(await use(visitorPath(visitor), ticket, page, { CORS_ORIGINS: 'https://shop.example' })).toBe(403);
    expect(await use(visitorPath(visitor), ticket)).toBe(101);
  });

  it('is not used up while rights cannot be read, or when there are too many sockets', async () => {
    const ticket = await userTicket();
    const hub = env.LIVE.getByName(organizationHub(person.organization_id));
    const withEnv = (DB: D1Database) =>
      runInDurableObject(hub, (instance) => {
        const object = instance as unknown as { env: Env };
        object.env = { ...object.env, DB };
      });
    await withEnv(brokenDatabase);
    expect(await use(userPath(person), ticket)).toBe(503);
    await withEnv(env.DB);
    const sockets = await Promise.all(Array.from({ length: 20 }, () => LiveClient.ofUser(person)));
    expect(await use(userPath(person), ticket)).toBe(429);
    for (const each of sockets) each.close();
    await vi.waitFor(async () => expect(await use(userPath(person), ticket)).toBe(101));
  });
});

describe('a ticket that nobody has made', () => {
  const unknown = () => `${person.organization_id}.${'x'.repeat(43)}`;

  it('is 401, and leaves nothing behind', async () => {
    const nowhere = '0190a000-0000-7000-8000-00000000dead';
    expect(await use(userPath(person), unknown())).toBe(401);
    expect(await use(userPath(person), `${nowhere}.${'x'.repeat(43)}`)).toBe(401);
    expect(await use(visitorPath(visitor), unknown())).toBe(401);
    for (const hub of [organizationHub(person.organization_id), organizationHub(nowhere), visitorHub(visitor.id)]) {
      expect(await tablesOf(hub)).toEqual([]);
    }
  });

  it.each(['', 'x', '.', `${'-'.repeat(36)}.${'x'.repeat(43)}`, 'umi_token'])(
    'as "%s" reaches no hub',
    async (text) => {
      const LIVE = {
        getByName() {
          throw new Error('a hub was called');
        },
      } as unknown as Env['LIVE'];
      for (const path of [userPath(person), visitorPath(visitor)])
        expect(await use(path, text, {}, { LIVE })).toBe(401);
    },
  );

  it('is counted as a guess', async () => {
    const limited = { RATE_LIMITS: '1' };
    const from = { 'CF-Connecting-IP': '192.0.2.77' };
    const statuses = new Set<number>();
    for (let guess = 0; guess < 100; guess++) statuses.add(await use(userPath(person), unknown(), from, limited));
    expect([...statuses]).toEqual([401, 429]);
  });
});

describe('making tickets', () => {
  it('is for the user and the visitor themselves', async () => {
    const callers = await enrollCallers([]);
    await expectOwn({ method: 'POST', path: (user_id) => `/api/v5${userPath({ user_id })}/tickets` }, callers);
    const neighbour = await authenticate(site.organizationId);
    expect((await request(visitorPath(visitor), bearer(neighbour.token))).status).toBe(403);
    expect((await request(visitorPath(visitor), bearer(person.token))).status).toBe(401);
    expect((await call(`/api/v5${visitorPath(visitor)}/tickets`, { method: 'POST' })).status).toBe(401);
  });

  it('needs a subscription', async () => {
    await site.setOrganization({ has_active_subscription: false });
    expect((await request(userPath(site.agent), bearer(site.agent.token))).status).toBe(403);
    expect((await request(visitorPath(visitor), bearer(visitor.token))).status).toBe(403);
  });

  it('stops at 20 that were not used, until they end', async () => {
    setClock(Date.now());
    const sibling = await enroll({ organization_id: person.organization_id });
    const [first = ''] = await Promise.all(Array.from({ length: 20 }, () => userTicket()));
    const refused = await request(userPath(person), bearer(person.token));
    expect([refused.status, refused.headers.get('Retry-After')]).toEqual([429, '30']);
    await userTicket(sibling);
    expect(await use(userPath(person), first)).toBe(101);
    await userTicket();
    passTime(30_000);
    await userTicket();
  });
});

describe('a hub with tickets that nobody uses', () => {
  testAlarm('is empty again after they have ended', async (ring) => {
    setClock(Date.now());
    await visitorTicket();
    passTime(20_000);
    await visitorTicket();
    const stub = env.LIVE.getByName(visitorHub(visitor.id));
    expect(await tablesOf(visitorHub(visitor.id))).toEqual(['tickets']);
    passTime(10_000);
    expect(await ring(stub)).toBe(true);
    expect(await tablesOf(visitorHub(visitor.id))).toEqual(['tickets']);
    passTime(20_000);
    expect(await ring(stub)).toBe(true);
    expect(await tablesOf(visitorHub(visitor.id))).toEqual([]);
    expect(await ring(stub)).toBe(false);
  });

  testAlarm('keeps its sockets and its log', async (ring) => {
    setClock(Date.now());
    const client = await LiveClient.ofUser(person);
    await client.subscribe([`/api/v5/orgs/${person.organization_id}/owned_chats/*/messages`]);
    await userTicket();
    passTime(31_000);
    const name = organizationHub(person.organization_id);
    expect(await ring(env.LIVE.getByName(name))).toBe(true);
    const left = await runInDurableObject(env.LIVE.getByName(name), (_, { storage }) =>
      storage.sql.exec('SELECT * FROM tickets').toArray(),
    );
    expect(left).toEqual([]);
    await PublishingThread.ofOrganization(person.organization_id).say('still heard');
    await client.next('notifications');
    client.close();
  });
});
