import { SignJWT } from 'jose';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { keyBytes } from '../../support/worker/apps.ts';
import { passTime, setClock } from '../../support/worker/clock.ts';
import { countRows } from '../../support/worker/copied-rows.ts';
import { SIGNING_KEY_ID } from '../../support/worker/empty-hub.ts';
import { ask, TIME } from '../../support/worker/organization.ts';
import { brokenDatabase } from '../../support/worker/requests.ts';
import { authenticate, Site, type Visitor, visit } from '../../support/worker/visitor-site.ts';

let site: Site;
let visitor: Visitor;

beforeAll(async () => {
  site = await Site.open();
  visitor = await authenticate(site.organizationId);
});

afterEach(() => {
  vi.useRealTimers();
});

const auth = (body?: unknown, organizationId = site.organizationId) =>
  visit(null, 'POST', `/orgs/${organizationId}/auth`, body);
it('logs the organization of a visitor, with and without a token, and of nobody else', async () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  await auth({});
  await chatsOf(visitor.token);
  await chatsOf('nonsense');
  const lines = log.mock.calls.map(([line]) => JSON.parse(String(line)));
  log.mockRestore();
  const named = lines.map(({ status, organization_id, user_id }) => [status, organization_id, user_id]);
  expect(named).toEqual([
    [200, site.organizationId, null],
    [200, site.organizationId, null],
    [401, null, null],
  ]);
});

const chatsOf = (token: string, more = {}) =>
  visit(token, 'GET', `/visitors/${visitor.id}/chats`, undefined, { env: { AUTH_CACHE_SECONDS: '0' }, ...more });

/** A token as the hub makes it, with changes. */
async function forged(change: {
  alg?: string;
  aud?: string;
  key?: Uint8Array;
  exp?: number | null;
  claims?: object;
}): Promise<string> {
  const key = change.key ?? (await keyBytes('visitor'));
  const claims = { visitor_id: visitor.id, organization_id: site.organizationId, ...change.claims };
  const token = new SignJWT(claims)
    .setProtectedHeader({ alg: change.alg ?? 'HS256', kid: SIGNING_KEY_ID })
    .setIssuer('umi')
    .setAudience(change.aud ?? 'visitor')
    .setIssuedAt();
  if (change.exp !== null) token.setExpirationTime(change.exp ?? Math.floor(Date.now() / 1000) + 60);
  return await token.sign(key);
}

const base64url = (value: object) =>
  btoa(JSON.stringify(value)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

describe('the authentication of a visitor', () => {
  it('returns an identity and a token for half an hour', async () => {
    const answer = await auth({});
    expect([answer.status, answer.json]).toEqual([
      200,
      {
        visitor_id: expect.stringMatching(/^[0-9a-f]{32}$/),
        visitor_secret_id: expect.stringMatching(/^[0-9a-f]{50}$/),
        visitor_global_id: answer.json['visitor_id'],
        organization_id: site.organizationId,
        socket_url: `wss://hub.example/api/v5/public/visitors/${answer.json['visitor_id']}/live`,
        access_token: expect.any(String),
        expires_at: TIME,
        expires_in: 1800,
        minimal_bar_version: 3,
      },
    ]);
    expect(answer.headers.get('Cache-Control')).toBe('no-store');
    const left = Date.parse(String(answer.json['expires_at'])) - Date.now();
    expect(left).toBeGreaterThan(1_795_000);
    expect(left).toBeLessThanOrEqual(1_800_000);
  });

  it('recognizes a visitor by their secret, and creates a new one without it', async () => {
    const again = await authenticate(site.organizationId, visitor.secret);
    expect([again.id, again.secret]).toEqual([visitor.id, visitor.secret]);
    for (const body of [undefined, {}, { visitor_secret_id: null }]) {
      const answer = await auth(body);
      expect([answer.status, answer.json['visitor_id'] === visitor.id]).toEqual([200, false]);
    }
  });

  it('writes nothing', async () => {
    const before = await countRows();
    await authenticate(site.organizationId);
    expect(await countRows()).toEqual(before);
  });

  it('refuses a secret of another organization', async () => {
    const other = await Site.open();
    const foreign = await authenticate(other.organizationId);
    const changed = visitor.secret.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'));
    for (const secret of [foreign.secret, changed, `1${visitor.secret.slice(1)}`, 'x', '', `${visitor.secret}0`, 7]) {
      if (secret === visitor.secret) continue;
      const answer = await auth({ visitor_secret_id: secret });
      expect([answer.status, answer.json]).toEqual([400, { visitor_secret_id: [expect.any(String)] }]);
    }
  });

  it('is 404 for an unknown organization and 403 for one without a subscription', async () => {
    expect((await auth({}, '0190a000-0000-7000-8000-00000000dead')).status).toBe(404);
    expect((await auth({}, 'nonsense')).status).toBe(404);
    const lapsed = await Site.open();
    const early = await authenticate(lapsed.organizationId);
    await lapsed.setOrganization({ has_active_subscription: false });
    const answer = await auth({}, lapsed.organizationId);
    expect([answer.status, answer.json]).toEqual([403, { detail: 'The organization has no active subscription.' }]);
    expect((await visit(early.token, 'GET', `/visitors/${early.id}/chats`)).status).toBe(403);
  });

  it('is 503 while the database is away', async () => {
    const env = { DB: brokenDatabase, AUTH_CACHE_SECONDS: '0' };
    vi.spyOn(console, 'error').mockImplementation(() => {});
    expect((await visit(null, 'POST', `/orgs/${site.organizationId}/auth`, {}, { env })).status).toBe(503);
    expect((await chatsOf(visitor.token, { env })).status).toBe(503);
    vi.restoreAllMocks();
  });
});

describe('a visitor’s token', () => {
  it('is valid for half an hour', async () => {
    setClock(Date.now());
    const { token } = await authenticate(site.organizationId, visitor.secret);
    expect((await chatsOf(token)).status).toBe(200);
    passTime(1_795_000);
    expect((await chatsOf(token)).status).toBe(200);
    passTime(6_000);
    expect((await chatsOf(token)).status).toBe(401);
  });

  it('is refused if any part of it is not the hub’s', async () => {
    const claims = {
      visitor_id: visitor.id,
      organization_id: site.organizationId,
      iss: 'umi',
      aud: 'visitor',
      exp: Math.floor(Date.now() / 1000) + 60,
    };
    const [header, , signature] = visitor.token.split('.');
    const tokens = {
      'another key': await forged({ key: new Uint8Array(32) }),
      'the key of another kind of token': await forged({ key: await keyBytes('user') }),
      'an end that is too late': await forged({ exp: Math.floor(Date.now() / 1000) + 1860 }),
      'another algorithm': await forged({ alg: 'HS512' }),
      'no algorithm': `${base64url({ alg: 'none' })}.${base64url(claims)}.`,
      'another use': await forged({ aud: 'app_user' }),
      'no end': await forged({ exp: null }),
      'no visitor': await forged({ claims: { visitor_id: 7 } }),
      'no such organization': await forged({ claims: { organization_id: '0190a000-0000-7000-8000-00000000dead' } }),
      'changed claims': `${header}.${base64url(claims)}.${signature}`,
      'a user’s token': site.agent.token,
      nonsense: 'x.y.z',
      'far too long': `${visitor.token}${'x'.repeat(3000)}`,
    };
    for (const [name, token] of Object.entries(tokens)) {
      const answer = await chatsOf(token);
      expect([name, answer.status, answer.headers.has('WWW-Authenticate'), answer.json]).toEqual([
        name,
        401,
        true,
        { detail: expect.any(String) },
      ]);
    }
    expect((await chatsOf(await forged({}))).status).toBe(200);
  });

  it('gives no access to routes for users', async () => {
    for (const path of [
      '/users/me',
      `/users/${visitor.id}/chats`,
      `/users/${site.agent.user_id}/chats`,
      `/orgs/${site.organizationId}/owned_chats`,
      site.orgRoom('/visitors'),
    ]) {
      expect([path, (await ask(visitor, 'GET', path)).status]).toEqual([path, 401]);
    }
  });
});
