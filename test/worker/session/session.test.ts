import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { newToken, tokenDigest } from '../../../src/directory/tokens.ts';
import { codeIn, lastingToken, openApp, trigger } from '../../support/worker/apps.ts';
import { askAsPage, cookieIn, OWN_PAGE, signIn } from '../../support/worker/browser.ts';
import { passTime, setClock } from '../../support/worker/clock.ts';
import { ask, resultsOf, TestOrganization, TIME, UUID } from '../../support/worker/organization.ts';
import {
  ADMIN_TOKEN,
  type Answer,
  admin,
  brokenDatabase,
  call,
  enroll,
  type Person,
  testEnv,
} from '../../support/worker/requests.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NO_CACHE = { env: { AUTH_CACHE_SECONDS: '0' } };

let person: Person;

beforeAll(async () => {
  person = await enroll({ scopes: ['settings', 'reports'] });
});

afterEach(() => {
  vi.useRealTimers();
});

const post = (body: unknown, headers: Record<string, string> = OWN_PAGE, origin = '') =>
  call(`${origin}/api/v5/session`, { method: 'POST', body, headers });
const read = (cookie: { Cookie: string }) => askAsPage(cookie, 'GET', '/session', NO_CACHE);
const tokensPath = ({ organization_id, user_id }: Person) =>
  `/organizations/${organization_id}/users/${user_id}/tokens`;
const rowsOf = async ({ user_id }: Person) =>
  (
    await testEnv.DB.prepare(
      'SELECT * FROM tokens WHERE user_id = ? AND session_until IS NOT NULL ORDER BY created_at, id',
    )
      .bind(user_id)
      .all<{ id: string; expires_at: number; session_until: number; revoked_at: number | null }>()
  ).results;
const endOf = ({ json }: Answer) => Date.parse(String(json['expires_at']));

describe('a sign-in with a token', () => {
  it('answers who one is, and sets a cookie that scripts and other sites never see', async () => {
    const before = Date.now();
    const answer = await post({ token: person.token });
    expect([answer.status, answer.json]).toEqual([
      201,
      {
        user: expect.objectContaining({ id: person.user_id, first_name: 'Ada' }),
        preferences: { chat_capacity: null, ui_language_code: 'en', console: {} },
        organization_id: person.organization_id,
        rooms: [],
        scopes: ['settings', 'reports'],
        token_id: UUID,
        expires_at: TIME,
      },
    ]);
    expect(endOf(answer)).toBeGreaterThanOrEqual(before + 12 * HOUR);
    const cookie = answer.headers.get('Set-Cookie') ?? '';
    expect(cookie).toMatch(/^__Host-umi_session=umi_[\w-]{50};/);
    const attributes = cookie.split('; ').slice(1).sort();
    expect(attributes).toEqual([expect.stringMatching(/^Expires=/), 'HttpOnly', 'Path=/', 'SameSite=Strict', 'Secure']);
    expect(answer.headers.get('Cache-Control')).toBe('no-store');
    expect(answer.text).not.toContain(cookieIn(answer).Cookie.split('=')[1]);
  });

  it('names the rooms that reach the user, and none that another router keeps from them', async () => {
    const organization = await TestOrganization.open();
    const { agent, reporter } = organization;
    const cookie = await signIn(agent);
    const [room] = resultsOf(await ask(agent, 'GET', `/users/${agent.user_id}/rooms`));
    expect((await read(cookie)).json['rooms']).toEqual([{ id: room?.['id'], name: room?.['name'] }]);
    await organization.routeTo([{ kind: 'user', id: reporter.user_id }]);
    expect((await read(cookie)).json['rooms']).toEqual([]);
    expect((await read(await signIn(reporter))).json['rooms']).toHaveLength(1);
  });

  it('stores no secret, and another digest than that of a token', async () => {
    const [, secret = ''] = (await signIn(person)).Cookie.split('=');
    const dump = JSON.stringify((await testEnv.DB.prepare('SELECT * FROM tokens').all()).results);
    expect(dump).not.toContain(secret);
    expect(dump).not.toContain(tokenDigest(secret));
    const header = await call('/api/v5/users/me', { authorization: `Bearer ${secret}` });
    const cookie = await read({ Cookie: `__Host-umi_session=${person.token}` });
    expect([header.status, cookie.status]).toEqual([401, 401]);
  });

  it('on this machine has a cookie that http carries, and elsewhere on http none', async () => {
    for (const origin of ['http://127.0.0.1:8787', 'http://localhost:8787', 'http://[::1]:8787']) {
      const answer = await post({ token: person.token }, OWN_PAGE, origin);
      expect([answer.status, answer.headers.get('Set-Cookie')]).toEqual([
        201,
        expect.stringMatching(/^umi_session=umi_[\w-]+; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Strict$/),
      ]);
      const session = `${origin}/api/v5/session`;
      expect((await call(session, { headers: { ...OWN_PAGE, ...cookieIn(answer) } })).status).toBe(200);
      // Neither cookie is one where the other is due.
      expect((await read(cookieIn(answer))).status).toBe(204);
      const secure = await signIn(person);
      expect((await call(session, { headers: { ...OWN_PAGE, ...secure } })).status).toBe(204);
    }
    const answer = await post({ token: person.token }, OWN_PAGE, 'http://hub.example');
    expect([answer.status, answer.headers.get('Set-Cookie'), answer.json]).toEqual([
      403,
      null,
      { detail: 'Sessions need https, or a hub on this machine.' },
    ]);
  });

  it('is refused alike for a token that is unknown, revoked, expired, a secret of the hub or malformed', async () => {
    const revoked = await enroll();
    await admin(`${tokensPath(revoked)}/${revoked.token_id}`, { method: 'DELETE' });
    const expired = await enroll({ expires_at: '2020-01-01T00:00:00Z' });
    const [, session = ''] = (await signIn(person)).Cookie.split('=');
    for (const token of [newToken(), revoked.token, expired.token, session, ADMIN_TOKEN, '', 'x'.repeat(3000)]) {
      const answer = await post({ token });
      expect([answer.status, answer.json, answer.headers.get('Set-Cookie')]).toEqual([
        401,
        { detail: 'Invalid token.' },
        null,
      ]);
    }
  });

  it('is refused for the admin token, even if it looks like a token', async () => {
    const adminToken = newToken();
    const request = { method: 'POST', headers: OWN_PAGE, env: { ADMIN_TOKEN: adminToken } };
    expect((await call('/api/v5/session', { ...request, body: { token: adminToken } })).status).toBe(401);
  });

  it('is refused for apps, and without a subscription', async () => {
    const { manager, app, installation } = await openApp();
    const { parameters } = await trigger(manager, installation, 'type=manual_nav');
    const lasting = await lastingToken(app, codeIn(parameters));
    const answer = await post({ token: lasting });
    expect([answer.status, answer.json]).toEqual([403, { detail: 'The credentials of an app are not accepted here.' }]);

    const lapsed = await enroll();
    const cookie = await signIn(lapsed);
    const changes = { has_active_subscription: false };
    await admin(`/organizations/${lapsed.organization_id}`, { method: 'PATCH', body: changes });
    const inactive = { detail: 'The organization has no active subscription.' };
    for (const refused of [await post({ token: lapsed.token }), await read(cookie)])
      expect([refused.status, refused.json]).toEqual([403, inactive]);
    expect((await askAsPage(cookie, 'DELETE', '/session', NO_CACHE)).status).toBe(204);
  });

  it('is refused for every other page, whatever the type of its body', async () => {
    const raw = JSON.stringify({ token: person.token });
    const form = { 'Content-Type': 'text/plain' };
    for (const headers of [
      {},
      { 'Sec-Fetch-Site': 'cross-site' },
      { 'Sec-Fetch-Site': 'same-site' },
      { 'Sec-Fetch-Site': 'none' },
      { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://hub.example' },
      { Origin: 'https://evil.example' },
      { Origin: 'http://hub.example' },
      { Origin: 'https://hub.example:8443' },
      { Origin: 'null' },
    ] as Record<string, string>[]) {
      const answer = await call('/api/v5/session', { method: 'POST', raw, headers: { ...form, ...headers } });
      expect([answer.status, answer.json, answer.headers.get('Set-Cookie')]).toEqual([
        403,
        { detail: 'Only a page of this hub may use a session.' },
        null,
      ]);
    }
    // A browser that does not say where a request comes from.
    expect((await post({ token: person.token }, { Origin: 'https://hub.example' })).status).toBe(201);
  });

  it('is refused for a body without a token or code, and for one with both', async () => {
    for (const token of [null, 7]) {
      const answer = await post({ token });
      expect([answer.status, answer.json]).toEqual([400, { token: [expect.any(String)] }]);
    }
    for (const body of [{}, { token: person.token, code: newToken() }]) {
      const answer = await post(body);
      expect([answer.status, answer.json]).toEqual([400, { non_field_errors: [expect.any(String)] }]);
    }
  });

  it('is limited like other guesses', async () => {
    const limited = {
      RATE_LIMITS: '1',
      RATE_BAD_TOKENS: { limit: () => Promise.resolve({ success: false }) } as unknown as RateLimit,
    };
    const headers = { ...OWN_PAGE, 'CF-Connecting-IP': '198.51.100.201' };
    const guess = () => call('/api/v5/session', { method: 'POST', headers, body: { token: newToken() }, env: limited });
    expect([(await guess()).status, (await guess()).status]).toEqual([401, 429]);
  });

  it('is 503 while the database does not answer', async () => {
    const request = { method: 'POST', headers: OWN_PAGE, env: { DB: brokenDatabase } };
    expect((await call('/api/v5/session', { ...request, body: { token: newToken() } })).status).toBe(503);
  });

  it('keeps at most fifty sessions of a user, and deletes those that have ended', async () => {
    const busy = await enroll();
    const first = await signIn(busy);
    const out = await signIn(busy);
    expect((await askAsPage(out, 'DELETE', '/session')).status).toBe(204);
    const others = await rowsOf(person);
    for (let count = 0; count < 49; count += 1) await signIn(busy);
    expect(await rowsOf(busy)).toHaveLength(50);
    expect((await read(first)).status).toBe(200);
    const last = await signIn(busy);
    expect(await rowsOf(busy)).toHaveLength(50);
    expect([(await read(first)).status, (await read(out)).status, (await read(last)).status]).toEqual([401, 401, 200]);
    expect(await rowsOf(person)).toEqual(others);
  });
});

describe('a session', () => {
  it('is listed among the tokens of its user, and can be revoked there', async () => {
    const owner = await enroll();
    const cookie = await signIn(owner);
    const [token, session] = resultsOf(await admin(tokensPath(owner)));
    expect(token).toMatchObject({ is_session: false });
    expect(session).toMatchObject({
      id: (await read(cookie)).json['token_id'],
      label: 'Console',
      is_session: true,
      scopes: [],
      user_id: owner.user_id,
      revoked_at: null,
    });
    expect((await admin(`${tokensPath(owner)}/${session?.['id']}`, { method: 'DELETE' })).status).toBe(204);
    expect((await read(cookie)).status).toBe(401);
    expect((await ask(owner, 'GET', '/users/me')).status).toBe(200);
  });

  it('ends with the token that began it, at once in this isolate, and with its user', async () => {
    const cached = { env: { AUTH_CACHE_SECONDS: '3600' } };
    const owner = await enroll();
    const cookies = [await signIn(owner), await signIn(owner)];
    const statuses = () =>
      Promise.all(cookies.map(async (cookie) => (await askAsPage(cookie, 'GET', '/users/me', cached)).status));
    expect(await statuses()).toEqual([200, 200]);
    expect((await admin(`${tokensPath(owner)}/${owner.token_id}`, { method: 'DELETE' })).status).toBe(204);
    expect(await statuses()).toEqual([401, 401]);
    const revoked = (await rowsOf(owner)).map(({ revoked_at }) => revoked_at);
    expect(revoked).toEqual([expect.any(Number), expect.any(Number)]);

    const deleted = await enroll();
    const cookie = await signIn(deleted);
    await admin(`/organizations/${deleted.organization_id}/users/${deleted.user_id}`, { method: 'DELETE' });
    expect((await read(cookie)).status).toBe(401);
    expect((await post({ token: deleted.token })).status).toBe(401);
  });

  it('does not outlive the token that began it', async () => {
    const end = Date.now() + 2 * HOUR;
    const owner = await enroll({ expires_at: new Date(end).toISOString() });
    const answer = await post({ token: owner.token });
    expect(endOf(answer)).toBe(end);
    const cookie = cookieIn(answer);
    setClock(end - 1000);
    expect(endOf(await read(cookie))).toBe(end);
    setClock(end);
    expect((await read(cookie)).status).toBe(401);
  });

  it('is renewed by its use, at most hourly, and never beyond thirty days', async () => {
    const owner = await enroll();
    setClock(Date.now());
    const begun = Date.now();
    const cookie = await signIn(owner);
    expect(endOf(await read(cookie))).toBe(begun + 12 * HOUR);
    passTime(HOUR);
    expect(endOf(await read(cookie))).toBe(begun + 12 * HOUR);
    passTime(1);
    const moved = await read(cookie);
    expect(endOf(moved)).toBe(begun + 13 * HOUR + 1);
    expect(moved.headers.get('Set-Cookie')).toBeNull();
    // A request other than this one does not move it.
    passTime(11 * HOUR);
    expect((await askAsPage(cookie, 'GET', '/users/me', NO_CACHE)).status).toBe(200);
    expect(endOf(await read(cookie))).toBe(begun + 24 * HOUR + 1);
    for (let now = begun + 24 * HOUR; now < begun + 30 * DAY; now += 11 * HOUR) {
      setClock(now);
      expect((await read(cookie)).status).toBe(200);
    }
    const [row] = await rowsOf(owner);
    expect([row?.expires_at, row?.session_until]).toEqual([begun + 30 * DAY, begun + 30 * DAY]);
    setClock(begun + 30 * DAY);
    expect((await read(cookie)).status).toBe(401);
  });

  it('ends twelve hours after its last use', async () => {
    const owner = await enroll();
    setClock(Date.now());
    const cookie = await signIn(owner);
    passTime(12 * HOUR);
    expect((await read(cookie)).status).toBe(401);
  });

  it('ends when one signs out, whose cookie the browser then forgets, and no other session with it', async () => {
    const cached = { env: { AUTH_CACHE_SECONDS: '3600' } };
    const owner = await enroll();
    const [here, there] = [await signIn(owner), await signIn(owner)];
    expect((await askAsPage(here, 'GET', '/users/me', cached)).status).toBe(200);
    const answer = await askAsPage(here, 'DELETE', '/session', cached);
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect(answer.headers.get('Set-Cookie')).toMatch(/^__Host-umi_session=; Max-Age=0; .*Secure/);
    expect((await askAsPage(here, 'GET', '/users/me', cached)).status).toBe(401);
    expect((await askAsPage(here, 'DELETE', '/session', cached)).status).toBe(401);
    expect([(await read(there)).status, (await ask(owner, 'GET', '/users/me')).status]).toEqual([200, 200]);
  });

  it('is asked for by its cookie alone', async () => {
    const answer = await call('/api/v5/session', { authorization: `Bearer ${person.token}`, headers: OWN_PAGE });
    expect([answer.status, answer.text]).toEqual([204, '']);
    // Nobody is signed in, which is no error; a session that has ended is one.
    for (const Cookie of ['other=1', '__Host-umi_session=']) {
      const nobody = await read({ Cookie });
      expect([nobody.status, nobody.text, nobody.headers.get('Set-Cookie')]).toEqual([204, '', null]);
    }
    const ended = await read({ Cookie: `__Host-umi_session=${newToken()}` });
    expect([ended.status, ended.headers.get('WWW-Authenticate')]).toEqual([401, 'Token realm="api"']);
  });

  it('counts only without a header that authenticates', async () => {
    const other = await enroll();
    const cookie = await signIn(other);
    const mine = await askAsPage(cookie, 'GET', '/users/me', { authorization: `Bearer ${person.token}` });
    expect(mine.json).toMatchObject({ id: person.user_id });
    // So a program that has both is not held to the rule for pages.
    const headers = { 'Sec-Fetch-Site': 'cross-site', ...cookie };
    const authorization = `Bearer ${person.token}`;
    expect((await call('/api/v5/users/me', { headers, authorization })).status).toBe(200);
    expect((await call('/api/v5/users/me', { headers, authorization: 'Bearer umi_wrong' })).status).toBe(401);
  });
});

describe('the audit log', () => {
  const entries = async ({ organization_id }: Person, action: string) =>
    resultsOf(await admin(`/audit?organization_id=${organization_id}&action=${action}`));

  it('says who signed in and out, by which token and from where, without secrets', async () => {
    const owner = await enroll();
    const from = { ...OWN_PAGE, 'CF-Connecting-IP': '192.0.2.9' };
    const cookie = cookieIn(await post({ token: owner.token }, from));
    const [row] = await rowsOf(owner);
    const target = { type: 'token', id: row?.id };
    const [signedIn] = await entries(owner, 'createSession');
    expect(signedIn).toMatchObject({
      organization_id: owner.organization_id,
      actor: { type: 'user', id: owner.user_id, token_id: owner.token_id, app_id: null },
      target,
      details: { fields: ['token'] },
      address: '192.0.2.9',
      status: null,
    });
    await askAsPage(cookie, 'GET', '/session');
    await askAsPage(cookie, 'DELETE', '/session');
    expect(await entries(owner, 'deleteSession')).toMatchObject([
      { actor: { type: 'user', id: owner.user_id, token_id: row?.id }, target },
    ]);
    expect(await entries(owner, 'getSession')).toEqual([]);
    const dump = JSON.stringify((await testEnv.DB.prepare('SELECT * FROM audit_log').all()).results);
    for (const secret of [owner.token, cookie.Cookie.split('=')[1] ?? '']) expect(dump).not.toContain(secret);
  });

  it('has nothing of a refused sign-in', async () => {
    const owner = await enroll();
    await post({ token: `${owner.token}x` });
    await post({ token: owner.token }, { 'Sec-Fetch-Site': 'cross-site' });
    expect(await entries(owner, 'createSession')).toEqual([]);
  });
});
