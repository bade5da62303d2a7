import { beforeAll, describe, expect, it } from 'vitest';
import { askAsPage, cookieIn, OWN_PAGE, signIn } from '../../support/worker/browser.ts';
import { ask, resultsOf, TIME, UUID } from '../../support/worker/organization.ts';
import { admin, brokenDatabase, call, enroll, type Person, testEnv } from '../../support/worker/requests.ts';

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0';

type Browser = { Cookie: string };

let person: Person;
let here: Browser;

beforeAll(async () => {
  person = await enroll();
  here = await signIn(person);
});

const idOf = async (browser: Browser) => String((await askAsPage(browser, 'GET', '/session')).json['token_id']);
const end = (browser: Browser, id: unknown) => askAsPage(browser, 'DELETE', `/sessions/${id}`);
const isSignedIn = async (browser: Browser) => (await askAsPage(browser, 'GET', '/session')).status === 200;

describe('the sessions of one’s own user', () => {
  it('are listed without a scope: those that work, with their browsers, and no tokens', async () => {
    const owner = await enroll({ scopes: ['reports'] });
    const request = { method: 'POST', headers: { ...OWN_PAGE, 'User-Agent': FIREFOX }, body: { token: owner.token } };
    const first = cookieIn(await call('/api/v5/session', request));
    const [second, expired, out] = [await signIn(owner), await signIn(owner), await signIn(owner)];
    await testEnv.DB.prepare('UPDATE tokens SET expires_at = 1 WHERE id = ?')
      .bind(await idOf(expired))
      .run();
    await askAsPage(out, 'DELETE', '/session');
    const listed = await askAsPage(second, 'GET', '/sessions');
    const session = { id: UUID, label: 'Console', scopes: ['reports'], created_at: TIME, expires_at: TIME };
    expect([listed.status, listed.json]).toEqual([
      200,
      {
        next: null,
        previous: null,
        results: [
          { ...session, id: await idOf(first), label: 'Firefox on Linux' },
          { ...session, id: await idOf(second) },
        ],
      },
    ]);
  });

  it('are listed page by page', async () => {
    const owner = await enroll();
    const browsers = [await signIn(owner), await signIn(owner), await signIn(owner)] as const;
    const ids = await Promise.all(browsers.map(idOf));
    const page = await askAsPage(browsers[0], 'GET', '/sessions?page_size=2');
    expect(resultsOf(page).map(({ id }) => id)).toEqual(ids.slice(0, 2));
    const next = await askAsPage(browsers[0], 'GET', String(page.json['next']).split('/api/v5')[1] ?? '');
    expect([resultsOf(next).map(({ id }) => id), next.json['next']]).toEqual([ids.slice(2), null]);
    expect((await askAsPage(browsers[0], 'GET', '/sessions?cursor=none')).status).toBe(400);
  });

  it('end one by one, and the others go on', async () => {
    const owner = await enroll();
    const [own, lost, other] = [await signIn(owner), await signIn(owner), await signIn(owner)];
    const id = await idOf(lost);
    const answer = await end(own, id);
    expect([answer.status, answer.text, answer.headers.get('Set-Cookie')]).toEqual([204, '', null]);
    expect(await Promise.all([own, lost, other].map(isSignedIn))).toEqual([true, false, true]);
    expect((await ask(owner, 'GET', '/users/me')).status).toBe(200);
    const audited = resultsOf(await admin(`/audit?organization_id=${owner.organization_id}&action=deleteOwnSession`));
    expect(audited).toMatchObject([
      { actor: { id: owner.user_id, token_id: await idOf(own) }, target: { type: 'token', id }, status: null },
    ]);
    expect((await end(own, id)).status).toBe(204);
  });

  it('end this one too, whose cookie the browser then forgets', async () => {
    const own = await signIn(await enroll());
    const answer = await end(own, await idOf(own));
    expect([answer.status, answer.headers.get('Set-Cookie')]).toEqual([204, expect.stringMatching(/=; Max-Age=0; /)]);
    expect(await isSignedIn(own)).toBe(false);
  });

  it('end without a subscription, too', async () => {
    const owner = await enroll();
    const [own, lost] = [await signIn(owner), await signIn(owner)];
    const id = await idOf(lost);
    const changes = { has_active_subscription: false };
    await admin(`/organizations/${owner.organization_id}`, { method: 'PATCH', body: changes });
    expect(resultsOf(await askAsPage(own, 'GET', '/sessions'))).toHaveLength(2);
    expect((await end(own, id)).status).toBe(204);
  });

  it('are none of another user or organization, and no tokens', async () => {
    const colleague = await enroll({ organization_id: person.organization_id, scopes: ['users', 'settings'] });
    const stranger = await enroll();
    for (const other of [colleague, stranger]) {
      const theirs = await signIn(other);
      const answer = await end(here, await idOf(theirs));
      expect([answer.status, answer.json]).toEqual([404, { detail: expect.any(String) }]);
      expect(await isSignedIn(theirs)).toBe(true);
      expect(resultsOf(await askAsPage(theirs, 'GET', '/sessions'))).toHaveLength(1);
    }
    expect((await end(here, person.token_id)).status).toBe(404);
    expect((await end(here, 'none')).status).toBe(404);
    expect((await ask(person, 'GET', '/users/me')).status).toBe(200);
    expect(resultsOf(await admin(`/audit?organization_id=${person.organization_id}&action=deleteOwnSession`))).toEqual(
      [],
    );
  });

  it('take no token, and are 503 while the database does not answer', async () => {
    const id = await idOf(here);
    for (const [method, path] of [
      ['GET', '/sessions'],
      ['DELETE', `/sessions/${id}`],
    ] as const) {
      expect((await ask(person, method, path)).status).toBe(401);
      expect((await askAsPage(here, method, path, { env: { DB: brokenDatabase } })).status).toBe(503);
    }
    expect(await isSignedIn(here)).toBe(true);
  });
});
