import { beforeAll, describe, expect, it } from 'vitest';
import { openApiDocument } from '../../../src/api/openapi/document.ts';
import { createApp } from '../../../src/app.ts';
import { newToken } from '../../../src/directory/tokens.ts';
import { askAsPage, OWN_PAGE, signIn } from '../../support/worker/browser.ts';
import { expectUntouched } from '../../support/worker/leave-untouched.ts';
import { type Answer, admin, call, enroll, type Person, testEnv } from '../../support/worker/requests.ts';

type Cookie = { Cookie: string };
type Operation = { method: string; path: string; schemes: string[] };

const document = openApiDocument(createApp(), '1') as unknown as {
  paths: { [path: string]: { [method: string]: { security?: Record<string, unknown>[] } } };
};
const ALL: Operation[] = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, { security = [] }]) => ({
    method: method.toUpperCase(),
    path,
    schemes: security.flatMap((each) => Object.keys(each)),
  })),
);
/** Every operation that takes the cookie of a session, but for that of the demo, which is not there (demo.test.ts). */
const OPERATIONS = ALL.filter(({ path, schemes }) => schemes.includes('sessionCookie') && !path.includes('/demo'));
const ofOrganizations = OPERATIONS.filter(({ path }) => path.includes('/orgs/{organization_id}'));
const ofUsers = OPERATIONS.filter(({ path }) => path.includes('/users/{user_id}') && !path.includes('/orgs/'));
/** Those that take something else. */
const OTHERS = ALL.filter(({ schemes }) => schemes.length > 0 && !schemes.includes('sessionCookie'));

const EVERY_SCOPE = ['settings', 'reports', 'users'];
const FOREIGN_PAGE = { status: 403, json: { detail: 'Only a page of this hub may use a session.' } };

let owner: Person;
let foreigner: Person;
let powerless: Person;
const cookies = new Map<Person, Cookie>();

beforeAll(async () => {
  owner = await enroll({ scopes: EVERY_SCOPE });
  foreigner = await enroll({ scopes: EVERY_SCOPE });
  powerless = await enroll({ organization_id: owner.organization_id });
  for (const person of [owner, foreigner, powerless]) cookies.set(person, await signIn(person));
});

const cookieOf = (person: Person) => cookies.get(person) ?? { Cookie: '' };

/** The path of an operation on things that do not exist, of the owner. */
function pathOf({ path }: Operation): string {
  const names: { [name: string]: string } = { organization_id: owner.organization_id, user_id: owner.user_id };
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => names[name] ?? '0190a000-0000-7000-8000-00000000dead');
}

function send(operation: Operation, headers: Record<string, string>, authorization?: string): Promise<Answer> {
  const env = { AUTH_CACHE_SECONDS: '0' };
  const by = authorization === undefined ? {} : { authorization };
  return call(pathOf(operation), { method: operation.method, headers, env, ...by });
}

const shown = ({ status, json }: Answer) => ({ status, json });

describe('every operation with the cookie of a session', () => {
  expectUntouched(async () => (await testEnv.DB.prepare('SELECT * FROM tokens ORDER BY id').all()).results);

  it('is one that takes a user’s token, but for the session itself and those of one’s user', () => {
    expect(OPERATIONS.length).toBeGreaterThan(150);
    const alone = OPERATIONS.filter(({ schemes }) => !schemes.includes('userToken'));
    expect(alone.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /api/v5/sessions',
      'DELETE /api/v5/sessions/{token_id}',
      'GET /api/v5/session',
      'DELETE /api/v5/session',
    ]);
    expect(ALL.filter(({ schemes }) => schemes.includes('userToken') && !schemes.includes('sessionCookie'))).toEqual(
      [],
    );
  });

  it.each(OPERATIONS)('$method $path is refused to pages of other origins', async (operation) => {
    const cookie = cookieOf(owner);
    for (const headers of [{ 'Sec-Fetch-Site': 'cross-site' }, { 'Sec-Fetch-Site': 'same-site' }])
      expect(shown(await send(operation, { ...cookie, ...headers }))).toEqual(FOREIGN_PAGE);
    if (operation.method === 'GET') return;
    for (const headers of [{}, { Origin: 'https://evil.example' }, { 'Sec-Fetch-Site': 'none' }])
      expect(shown(await send(operation, { ...cookie, ...(headers as object) }))).toEqual(FOREIGN_PAGE);
  });

  it.each(ofOrganizations)('$method $path refuses the cookie of another organization', async (operation) => {
    const headers = { ...OWN_PAGE, ...cookieOf(foreigner) };
    const answer = shown(await send(operation, headers));
    expect(answer).toEqual(shown(await send(operation, {}, `Bearer ${foreigner.token}`)));
    expect(answer.status).toBe(403);
  });

  it.each(ofUsers)('$method $path refuses the cookie of another user', async (operation) => {
    for (const person of [foreigner, powerless]) {
      const answer = shown(await send(operation, { ...OWN_PAGE, ...cookieOf(person) }));
      expect(answer).toEqual({ status: 403, json: { detail: expect.any(String) } });
    }
  });

  it.each(ofOrganizations)('$method $path refuses a missing scope as it does for a token', async (operation) => {
    const byToken = shown(await send(operation, {}, `Bearer ${powerless.token}`));
    if (byToken.status !== 403) return;
    expect(shown(await send(operation, { ...OWN_PAGE, ...cookieOf(powerless) }))).toEqual(byToken);
  });

  it.each(OTHERS)('$method $path takes no cookie', async (operation) => {
    const answer = await send(operation, { ...OWN_PAGE, ...cookieOf(owner) });
    expect(answer.status).toBe(401);
  });
});

describe('every operation with the cookie of a session that has ended', () => {
  let ended: { [kind: string]: Cookie };

  beforeAll(async () => {
    const { organization_id, user_id } = owner;
    const [signedOut, expired] = [await signIn(owner), await signIn(owner)];
    expect((await askAsPage(signedOut, 'DELETE', '/session')).status).toBe(204);
    const { json } = await askAsPage(expired, 'GET', '/session');
    await testEnv.DB.prepare('UPDATE tokens SET expires_at = 1 WHERE user_id = ? AND expires_at = ?')
      .bind(user_id, Date.parse(String(json['expires_at'])))
      .run();
    const path = `/organizations/${organization_id}/users/${user_id}/tokens`;
    const parent = await admin(path, { method: 'POST', body: { scopes: EVERY_SCOPE } });
    const orphan = await signIn({ token: String(parent.json['token']) });
    expect((await admin(`${path}/${parent.json['id']}`, { method: 'DELETE' })).status).toBe(204);
    const unknown = { Cookie: `__Host-umi_session=${newToken()}` };
    const plain = { Cookie: cookieOf(owner).Cookie.replace('__Host-', '') };
    ended = { signedOut, expired, orphan, unknown, plain, token: { Cookie: `__Host-umi_session=${owner.token}` } };
  });

  it.each(OPERATIONS)('$method $path is refused', async (operation) => {
    for (const [kind, cookie] of Object.entries(ended)) {
      const answer = await send(operation, { ...OWN_PAGE, ...cookie });
      // Who asks for the session without one is told that there is none.
      if (kind === 'plain' && operation.method === 'GET' && operation.path.endsWith('/session')) {
        expect([answer.status, answer.text]).toEqual([204, '']);
        continue;
      }
      expect([answer.status, answer.headers.has('WWW-Authenticate'), answer.json]).toEqual([
        401,
        true,
        { detail: expect.any(String) },
      ]);
    }
  });
});

describe('a page of another origin', () => {
  it('may read nothing that the cookie opens', async () => {
    const headers = { ...OWN_PAGE, ...cookieOf(owner), Origin: 'https://hub.example' };
    const answer = await call('/api/v5/users/me', { headers });
    expect([answer.status, answer.headers.has('Access-Control-Allow-Credentials')]).toEqual([200, false]);
    const preflight = await call('/api/v5/users/me', {
      method: 'OPTIONS',
      headers: { Origin: 'https://evil.example', 'Access-Control-Request-Method': 'DELETE', ...cookieOf(owner) },
    });
    expect(preflight.headers.has('Access-Control-Allow-Credentials')).toBe(false);
  });

  it('is told from an address that somebody types, which reads and does no more', async () => {
    const headers = { ...cookieOf(owner), 'Sec-Fetch-Site': 'none' };
    expect((await call('/api/v5/users/me', { headers })).status).toBe(200);
    // What older browsers send.
    expect((await call('/api/v5/users/me', { headers: cookieOf(owner) })).status).toBe(200);
  });
});
