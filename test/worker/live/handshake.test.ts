import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { liveRoutes } from '../../../src/api/live/routes.ts';
import { appUserToken } from '../../../src/directory/app-tokens.ts';
import { enrollCallers, expectOwn } from '../../support/worker/access-checks.ts';
import { codeIn, hubKeys, lastingToken, openApp, orgOf, trigger, uninstall } from '../../support/worker/apps.ts';
import { passTime, setClock } from '../../support/worker/clock.ts';
import { LiveClient, shakeHands, userPath, visitorPath } from '../../support/worker/live-client.ts';
import { ask } from '../../support/worker/organization.ts';
import { PublishingThread } from '../../support/worker/publishing-thread.ts';
import { admin, call, enroll, type Person } from '../../support/worker/requests.ts';
import { authenticate, Site, type Visitor } from '../../support/worker/visitor-site.ts';

let person: Person;
let visitor: Visitor;
let site: Site;

beforeAll(async () => {
  person = await enroll();
  site = await Site.open();
  visitor = await authenticate(site.organizationId);
});

afterEach(() => {
  vi.useRealTimers();
});

const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });

/** The status of a handshake and the chosen subprotocol. A socket that was opened is closed. */
async function outcome(path: string, headers: Record<string, string>, env: Partial<Env> = {}) {
  const answer = await shakeHands(path, headers, env);
  const socket = answer.webSocket;
  socket?.accept();
  socket?.close(1000, 'done');
  if (socket === null) expect(await answer.json()).toEqual({ detail: expect.any(String) });
  return [answer.status, answer.headers.get('Sec-WebSocket-Protocol')];
}

describe('the paths of live sockets', () => {
  it('are two with their tickets, all documented', () => {
    const document = liveRoutes.getOpenAPI31Document({ openapi: '3.1.0', info: { title: 'UMI', version: '1' } });
    expect(Object.keys(document.paths ?? {})).toEqual([
      '/users/{user_id}/live/tickets',
      '/public/visitors/{visitor_id}/live/tickets',
      '/users/{user_id}/live',
      '/public/visitors/{visitor_id}/live',
    ]);
  });

  it('are only for sockets', async () => {
    for (const [path, token] of [
      [userPath(person), person.token],
      [visitorPath(visitor), visitor.token],
    ] as const) {
      const answer = await call(`/api/v5${path}`, { authorization: `Bearer ${token}` });
      expect([answer.status, answer.headers.get('Upgrade'), answer.json]).toEqual([
        426,
        'websocket',
        { detail: 'This URL accepts only WebSocket connections.' },
      ]);
    }
  });

  it('of a user can be used only by that user', async () => {
    const callers = await enrollCallers([]);
    await expectOwn({ method: 'GET', path: (user_id) => `/api/v5${userPath({ user_id })}` }, callers);
  });

  it('refuse a handshake as they refuse a request', async () => {
    const stranger = await enroll();
    const sibling = await authenticate(site.organizationId);
    expect(await outcome(userPath(person), {})).toEqual([401, null]);
    expect(await outcome(userPath(person), bearer('umi_unknown'))).toEqual([401, null]);
    expect(await outcome(userPath(person), bearer(visitor.token))).toEqual([401, null]);
    expect(await outcome(userPath(person), bearer(stranger.token))).toEqual([403, null]);
    expect(await outcome(visitorPath(visitor), {})).toEqual([401, null]);
    expect(await outcome(visitorPath(visitor), { Authorization: `Token ${visitor.token}` })).toEqual([401, null]);
    expect(await outcome(visitorPath(visitor), bearer(person.token))).toEqual([401, null]);
    const [header, , signature] = visitor.token.split('.');
    const forged = `${header}.${sibling.token.split('.')[1]}.${signature}`;
    expect(await outcome(visitorPath(sibling), bearer(forged))).toEqual([401, null]);
    expect(await outcome(visitorPath(visitor), bearer(sibling.token))).toEqual([403, null]);
    passTime(1_801_000);
    expect(await outcome(visitorPath(visitor), bearer(visitor.token))).toEqual([401, null]);
  });

  it('need an active subscription', async () => {
    const lapsed = await Site.open();
    const early = await authenticate(lapsed.organizationId);
    await lapsed.setOrganization({ has_active_subscription: false });
    expect(await outcome(userPath(lapsed.agent), bearer(lapsed.agent.token))).toEqual([403, null]);
    expect(await outcome(visitorPath(early), bearer(early.token))).toEqual([403, null]);
  });

  it('accept no token in the query', async () => {
    expect(await outcome(`${userPath(person)}?token=${person.token}&access_token=${person.token}`, {})).toEqual([
      401,
      null,
    ]);
  });
});

describe('the subprotocol', () => {
  const offer = (...protocols: string[]) => ({ 'Sec-WebSocket-Protocol': protocols.join(', ') });

  it('carries a visitor’s token, and is answered without it', async () => {
    const { token } = visitor;
    expect(await outcome(visitorPath(visitor), offer('umi.v1', `bearer.${token}`))).toEqual([101, 'umi.v1']);
    expect(await outcome(visitorPath(visitor), offer(`bearer.${token}`))).toEqual([101, null]);
  });

  it('carries no token of a user: the platform may log it', async () => {
    expect(await outcome(userPath(person), offer('umi.v1', `bearer.${person.token}`))).toEqual([401, null]);
  });

  it('is answered only when it is offered', async () => {
    for (const [path, token] of [
      [userPath(person), person.token],
      [visitorPath(visitor), visitor.token],
    ] as const) {
      expect(await outcome(path, { ...bearer(token), ...offer('umi.v1') })).toEqual([101, 'umi.v1']);
      expect(await outcome(path, { ...bearer(token), ...offer('other') })).toEqual([101, null]);
      expect(await outcome(path, bearer(token))).toEqual([101, null]);
    }
  });

  it('does not override the header', async () => {
    const headers = { ...bearer('umi_unknown'), ...offer('umi.v1', `bearer.${visitor.token}`) };
    expect(await outcome(visitorPath(visitor), headers)).toEqual([401, null]);
    expect(await outcome(visitorPath(visitor), offer('umi.v1', 'bearer.'))).toEqual([401, null]);
  });
});

describe('web pages', () => {
  const from = (Origin: string) => ({ ...bearer(visitor.token), Origin });
  const SHOP = 'https://shop.example';

  it.each([
    ['*', 101],
    [SHOP, 101],
    ['https://other.example', 403],
    ['', 403],
  ])('connect where CORS_ORIGINS is "%s": %i', async (CORS_ORIGINS, status) => {
    expect(await outcome(visitorPath(visitor), from(SHOP), { CORS_ORIGINS })).toEqual([status, null]);
  });

  it('are restricted; programs, which send no origin, are not', async () => {
    expect(await outcome(visitorPath(visitor), bearer(visitor.token), { CORS_ORIGINS: '' })).toEqual([101, null]);
  });
});

describe('what a client sends', () => {
  it('does not reach the hub', async () => {
    const stranger = await enroll();
    const claimed = { kind: 'user', organization_id: stranger.organization_id, user_id: stranger.user_id };
    const answer = await shakeHands(userPath(person), {
      ...bearer(person.token),
      'X-Umi-Socket-Owner': JSON.stringify({ ...claimed, expires_at: null }),
    });
    const socket = answer.webSocket;
    const frames: string[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    socket?.addEventListener('message', ({ data }) => {
      frames.push(String(data));
      if (frames.length === 2) resolve();
    });
    socket?.accept();
    const theirs = `/api/v5/orgs/${stranger.organization_id}/owned_chats`;
    socket?.send(JSON.stringify({ type: 'subscribe', channels: [theirs] }));
    await promise;
    expect(JSON.parse(frames[1] ?? '')).toMatchObject({ type: 'subscribed', channels: [], refused_count: 1 });
    socket?.close(1000, 'done');
  });

  it('does not change the welcome', async () => {
    setClock(Date.now());
    const client = await LiveClient.ofUser(person);
    const time = new Date().toISOString();
    expect(client.frames).toEqual([
      { type: 'welcome', number: expect.any(Number), time, heartbeat_seconds: 30, most_channels: 100 },
    ]);
    client.close();
  });
});

describe('a user who acts by an app', () => {
  it('loses a socket of a lasting token when the app gets another secret', async () => {
    const { manager, app, installation } = await openApp();
    const { parameters } = await trigger(manager, installation, 'type=install');
    const Authorization = `Token ${await lastingToken(app, codeIn(parameters))}`;
    const path = userPath({ user_id: String(installation.app_user_id) });
    const client = await LiveClient.by(path, { Authorization });
    const channel = `/api/v5/orgs/${manager.organization_id}/rooms/*/chats/*/messages`;
    expect(await client.subscribe([channel])).toMatchObject({ channels: [channel] });
    const rotated = await ask(manager, 'POST', `${orgOf(manager)}/apps/${app.id}/secret/rotate`);
    expect(rotated.status).toBe(200);
    passTime(31_000);
    await PublishingThread.ofOrganization(manager.organization_id).say('hello');
    expect((await client.closed).code).toBe(4401);
    expect(client.frames.filter(({ type }) => type === 'notifications')).toEqual([]);
  });

  it.each(['as its bot user', 'as the user who opened it'] as const)(
    'can open a socket %s, as long as the token is valid and the app is installed',
    async (as) => {
      const { manager, app, installation } = await openApp();
      const { organization_id } = manager;
      const bot = String(installation.app_user_id);
      const user = { organization_id, user_id: bot, app_id: app.id, scopes: ['reports'] };
      const opened = await trigger(manager, installation, 'type=manual_nav');
      const [path, Authorization] =
        as === 'as its bot user'
          ? [userPath({ user_id: bot }), `Bearer ${await appUserToken(await hubKeys(), user, Date.now())}`]
          : [userPath(manager), `GIOSGAPP ${opened.parameters.get('token')} ${app.secret}`];
      const channel = `/api/v5/orgs/${organization_id}/rooms/*/chats/*/messages`;
      const listen = async () => {
        const client = await LiveClient.by(path, { Authorization });
        expect(await client.subscribe([channel])).toMatchObject({ channels: [channel] });
        return client;
      };
      const [first, second] = [await listen(), await listen()];
      const thread = PublishingThread.ofOrganization(organization_id);
      await thread.say('hello');
      await first.next('notifications');
      first.close();
      await uninstall(manager, installation);
      passTime(31_000);
      await thread.say('hello again');
      expect((await second.closed).code).toBe(4401);
      expect(second.frames.filter(({ type }) => type === 'notifications')).toHaveLength(1);
    },
  );

  it('has the scopes that their token and the installation both have, and both for as long', async () => {
    const { manager, app, installation } = await openApp();
    const { organization_id } = manager;
    const own = { organization_id, scopes: ['settings', 'users'] };
    const [plain, reporter] = [await enroll(own), await enroll({ ...own, scopes: ['reports'] })];
    const listen = async (person: Person) => {
      const token = (await trigger(person, installation, 'type=manual_nav')).parameters.get('token');
      const client = await LiveClient.by(userPath(person), { Authorization: `GIOSGAPP ${token} ${app.secret}` });
      const ofRooms = `/api/v5/orgs/${organization_id}/rooms/*/chats/*/messages`;
      const ofChats = `/api/v5/users/${person.user_id}/chats`;
      return { client, refused: (await client.subscribe([ofRooms, ofChats]))['refused'] };
    };
    const opened = [await listen(plain), await listen(reporter)];
    expect(opened.map(({ refused }) => refused)).toEqual([[expect.objectContaining({})], []]);
    const path = `/organizations/${organization_id}/users/${reporter.user_id}/tokens/${reporter.token_id}`;
    expect((await admin(path, { method: 'DELETE' })).status).toBe(204);
    passTime(31_000);
    await PublishingThread.ofOrganization(organization_id).say('hello');
    expect((await opened[1]?.client.closed)?.code).toBe(4401);
    expect(opened[1]?.client.frames.filter(({ type }) => type === 'notifications')).toEqual([]);
    opened[0]?.client.close();
  });
});
