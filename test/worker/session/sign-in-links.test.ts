import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { newToken } from '../../../src/directory/tokens.ts';
import { openApp, trigger } from '../../support/worker/apps.ts';
import { askAsPage, cookieIn, OWN_PAGE } from '../../support/worker/browser.ts';
import { passTime, setClock } from '../../support/worker/clock.ts';
import { ask, resultsOf, UUID } from '../../support/worker/organization.ts';
import {
  type Answer,
  admin,
  brokenDatabase,
  type Call,
  call,
  enroll,
  type Person,
  testEnv,
} from '../../support/worker/requests.ts';

const MINUTE = 60_000;
const INVALID = [401, { detail: 'Invalid code: it is unknown, was used, or has expired.' }];

let owner: Person;
let user: Person;

beforeAll(async () => {
  owner = await enroll({ scopes: ['users', 'reports'] });
  user = await enroll({ organization_id: owner.organization_id });
});

afterEach(() => {
  vi.useRealTimers();
});

const below = ({ user_id }: Person) => `/users/${user_id}/sign_in_links`;
const byOperator = (of: Person, body: object = {}, request: Call = {}) =>
  admin(`/organizations/${of.organization_id}${below(of)}`, { method: 'POST', body, ...request });
const byTenant = (of: Person, body: object = {}, person = owner) =>
  ask(person, 'POST', `/orgs/${person.organization_id}${below(of)}`, body);

function codeIn({ status, json }: Answer): string {
  expect(status).toBe(201);
  return String(json['url']).split('#code=')[1] ?? '';
}

const use = (code: string, env: Partial<Env> = {}) =>
  call('/api/v5/session', { method: 'POST', headers: OWN_PAGE, body: { code }, env });
const outcome = ({ status, json }: Answer) => [status, json];

describe('a sign-in link', () => {
  it('leads to the sign-in page with a code that signs the user in', async () => {
    setClock(Date.now());
    const now = Date.now();
    const made = await byOperator(user, { scopes: ['settings', 'settings'] });
    expect(made.json).toEqual({
      url: expect.stringMatching(/^https:\/\/hub\.example\/console\/sign-in#code=umi_[\w-]{50}$/),
      expires_at: new Date(now + 15 * MINUTE).toISOString(),
    });
    const answer = await use(codeIn(made));
    expect(outcome(answer)).toEqual([
      201,
      {
        user: expect.objectContaining({ id: user.user_id }),
        preferences: expect.objectContaining({ console: {} }),
        organization_id: user.organization_id,
        rooms: [],
        scopes: ['settings'],
        token_id: UUID,
        expires_at: new Date(now + 12 * 60 * MINUTE).toISOString(),
      },
    ]);
    const session = await askAsPage(cookieIn(answer), 'GET', '/session');
    expect(session.json).toEqual(answer.json);
  });

  it('has the address under which the hub is known', async () => {
    const made = await byOperator(user, {}, { env: { PUBLIC_ORIGIN: 'https://chat.example.com/' } });
    expect(made.json['url']).toMatch(/^https:\/\/chat\.example\.com\/console\/sign-in#code=/);
  });

  it('works once, even when it is used many times at once', async () => {
    const code = codeIn(await byOperator(user));
    const answers = await Promise.all(Array.from({ length: 20 }, () => use(code)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    for (const answer of answers.filter(({ status }) => status !== 201)) expect(outcome(answer)).toEqual(INVALID);
    expect(outcome(await use(code))).toEqual(INVALID);
  });

  it('works for a quarter of an hour, and as an invitation for a day', async () => {
    for (const [body, lasts] of [
      [{}, 15 * MINUTE],
      [{ invitation: true }, 24 * 60 * MINUTE],
    ] as const) {
      setClock(Date.now());
      const late = codeIn(await byOperator(user, body));
      passTime(lasts);
      expect(outcome(await use(late))).toEqual(INVALID);
      const early = codeIn(await byOperator(user, body));
      passTime(lasts - 1);
      expect((await use(early)).status).toBe(201);
    }
  });

  it('takes the place of the user’s earlier one, and of nobody else’s', async () => {
    const colleague = codeIn(await byOperator(owner));
    const [first, second] = [codeIn(await byOperator(user)), codeIn(await byTenant(user))];
    expect(outcome(await use(first))).toEqual(INVALID);
    expect([(await use(second)).status, (await use(colleague)).status]).toEqual([201, 201]);
  });

  it('opens nothing for a deleted user', async () => {
    const deleted = await enroll();
    const code = codeIn(await byOperator(deleted));
    await admin(`/organizations/${deleted.organization_id}/users/${deleted.user_id}`, { method: 'DELETE' });
    expect(outcome(await use(code))).toEqual(INVALID);
    expect((await byOperator(deleted)).status).toBe(404);
  });

  it('is used up with the session or not at all', async () => {
    const code = codeIn(await byOperator(user));
    expect((await use(code, { DB: brokenDatabase })).status).toBe(503);
    await testEnv.DB.prepare('ALTER TABLE audit_log RENAME TO audit_log_away').run();
    const refused = await use(code);
    await testEnv.DB.prepare('ALTER TABLE audit_log_away RENAME TO audit_log').run();
    expect([refused.status, refused.headers.has('Set-Cookie')]).toEqual([500, false]);
    expect((await use(code)).status).toBe(201);
  });

  it('is no token, and no token is a code', async () => {
    const code = codeIn(await byOperator(user));
    const asToken = await call('/api/v5/session', { method: 'POST', headers: OWN_PAGE, body: { token: code } });
    expect(asToken.status).toBe(401);
    expect((await call('/api/v5/users/me', { authorization: `Bearer ${code}` })).status).toBe(401);
    for (const other of [owner.token, newToken(), '', 'x'.repeat(3000)])
      expect(outcome(await use(other))).toEqual(INVALID);
    expect((await use(code)).status).toBe(201);
  });

  it('is used by a page of the hub alone', async () => {
    const code = codeIn(await byOperator(user));
    const headers = { 'Sec-Fetch-Site': 'cross-site' };
    expect((await call('/api/v5/session', { method: 'POST', headers, body: { code } })).status).toBe(403);
    expect((await use(code)).status).toBe(201);
  });

  it('can be guessed no more often than a token', async () => {
    const limited = {
      RATE_LIMITS: '1',
      RATE_BAD_TOKENS: { limit: () => Promise.resolve({ success: false }) } as unknown as RateLimit,
    };
    const headers = { ...OWN_PAGE, 'CF-Connecting-IP': '198.51.100.202' };
    const guess = (code: string) => call('/api/v5/session', { method: 'POST', headers, body: { code }, env: limited });
    const code = codeIn(await byOperator(user));
    expect([(await guess(newToken())).status, (await guess(code)).status]).toEqual([401, 429]);
  });
});

describe('who may make sign-in links', () => {
  it('tenants with the scope users, for the scopes that they have', async () => {
    expect((await use(codeIn(await byTenant(user, { scopes: ['reports'] })))).json['scopes']).toEqual(['reports']);
    expect(outcome(await byTenant(user, { scopes: ['reports', 'settings'] }))).toEqual([
      403,
      { detail: 'The scope "settings" is required.' },
    ]);
    expect(outcome(await byTenant(user, {}, user))).toEqual([403, { detail: 'The scope "users" is required.' }]);
    const stranger = await enroll();
    expect((await byTenant(stranger)).status).toBe(404);
    expect((await byTenant(user, { scopes: ['everything'] })).status).toBe(400);
  });

  it('no apps: what they make would outlive them', async () => {
    const { manager, app, installation } = await openApp({ required_scopes: ['users'] });
    const { parameters } = await trigger(manager, installation, 'type=manual_nav');
    const authorization = `GIOSGAPP ${parameters.get('token')} ${app.secret}`;
    const path = `/api/v5/orgs/${manager.organization_id}${below(manager)}`;
    const answer = await call(path, { method: 'POST', body: {}, authorization });
    expect(outcome(answer)).toEqual([403, { detail: 'The credentials of an app are not accepted here.' }]);
  });

  it('and its session does not end with their token', async () => {
    const { organization_id } = owner;
    const maker = await enroll({ organization_id, scopes: ['users'] });
    const cookie = cookieIn(await use(codeIn(await byTenant(user, {}, maker))));
    await admin(`/organizations/${organization_id}/users/${maker.user_id}/tokens/${maker.token_id}`, {
      method: 'DELETE',
    });
    expect((await askAsPage(cookie, 'GET', '/session')).status).toBe(200);
  });
});

describe('the audit log', () => {
  it('says who made a link for whom, and who used it, without the code', async () => {
    const { organization_id, user_id } = user;
    const code = codeIn(await byTenant(user, { scopes: ['reports'] }));
    const cookie = cookieIn(await use(code));
    const entries = async (action: string) =>
      resultsOf(await admin(`/audit?organization_id=${organization_id}&action=${action}&page_size=1`));
    expect(await entries('createSignInLink')).toMatchObject([
      {
        actor: { type: 'user', id: owner.user_id, token_id: owner.token_id },
        target: { type: 'user', id: user_id },
        details: { scopes: ['reports'] },
      },
    ]);
    expect(await entries('createSession')).toMatchObject([
      {
        actor: { type: 'user', id: user_id, token_id: null },
        target: { type: 'token' },
        details: { fields: ['code'] },
      },
    ]);
    for (const table of ['audit_log', 'sign_in_links', 'tokens']) {
      const dump = JSON.stringify((await testEnv.DB.prepare(`SELECT * FROM ${table}`).all()).results);
      for (const secret of [code, cookie.Cookie.split('=')[1] ?? '']) expect(dump).not.toContain(secret);
    }
  });
});
