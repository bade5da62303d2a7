import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { noCost } from '../../../src/db/cost.ts';
import { openOrganizationDatabase } from '../../../src/db/database.ts';
import { deleteOldKeys } from '../../../src/directory/keyed-requests.ts';
import { passTime } from '../../support/worker/clock.ts';
import { ask, enrollAgent, type Json, resultsOf, TestOrganization, unique } from '../../support/worker/organization.ts';
import { ADMIN_TOKEN, type Answer, call, type Person, testEnv } from '../../support/worker/requests.ts';
import { authenticate, Site } from '../../support/worker/visitor-site.ts';

let org: TestOrganization;
let site: Site;
/** Has every scope. */
let manager: Person;

beforeAll(async () => {
  org = await TestOrganization.open();
  site = await Site.at(org);
  manager = await enrollAgent(org.organizationId, {}, ['settings', 'users', 'reports']);
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

function post({ token }: { token: string }, path: string, body: Json, key: string, env = {}): Promise<Answer> {
  const headers = { 'Idempotency-Key': key };
  const url = path.startsWith('/admin') ? path : `/api/v5${path}`;
  return call(url, { method: 'POST', authorization: `Bearer ${token}`, body, headers, env });
}

const replayed = (answer: Answer) => answer.headers.get('Idempotent-Replayed');
const REUSED = { detail: 'This Idempotency-Key was used for another request.' };
const UNDER_WAY = { detail: 'A request with this Idempotency-Key is still under way.' };

type Post = { who: { token: string }; path: string; body: Json; other: Json };

const POSTS: Record<string, () => Promise<Post>> = {
  'a room': async () => ({
    who: manager,
    path: `${org.organizationPath}/rooms`,
    body: { name: unique('Sales') },
    other: { name: unique('Sales') },
  }),
  'an allowed tag': async () => ({
    who: manager,
    path: `${org.organizationPath}/rooms/${org.gateway.roomId}/allowed_tags`,
    body: { name: unique('tag') },
    other: { name: unique('tag') },
  }),
  'an allowed tag by the operator': async () => ({
    who: { token: ADMIN_TOKEN },
    path: `/admin/v1/organizations/${org.organizationId}/rooms/${org.gateway.roomId}/allowed_tags`,
    body: { name: unique('tag') },
    other: { name: unique('tag') },
  }),
  'a team': async () => ({
    who: manager,
    path: `${org.organizationPath}/teams`,
    body: { name: unique('team') },
    other: { name: unique('team') },
  }),
  'a member of a team': async () => {
    const team = await ask(manager, 'POST', `${org.organizationPath}/teams`, { name: unique('team') });
    const path = `${org.organizationPath}/teams/${team.json['id']}/memberships`;
    return { who: manager, path, body: { user_id: org.agent.user_id }, other: { user_id: org.bot.user_id } };
  },
  'a conversation starter': async () => {
    const agent = await enrollAgent(org.organizationId);
    const path = `/users/${agent.user_id}/chat_conversation_starters`;
    const body = { language_code: 'en', message: 'How can I help?' };
    return { who: agent, path, body, other: { ...body, message: 'Hello' } };
  },
  'a client': async () => {
    const agent = await enrollAgent(org.organizationId);
    const body = { presence_expires_in: 3600 };
    return { who: agent, path: `/users/${agent.user_id}/clients`, body, other: { presence_expires_in: 60 } };
  },
  'a variable': async () => {
    const { id } = await site.visitor();
    const path = `${org.organizationPath}/rooms/${site.roomId}/visitors/${id}/variables`;
    return { who: manager, path, body: { key: 'city', value: 'Oulu' }, other: { key: 'city', value: 'Turku' } };
  },
  'a visit': async () => {
    const visitor = await authenticate(org.organizationId);
    const body = { id: visitor.id };
    return { who: visitor, path: `/public${site.room}/visitors`, body, other: { ...body, page_title: 'Cart' } };
  },
  'a rotation of a channel’s secret': async () => {
    const path = `/orgs/${org.organizationId}/unified_messaging/${await org.gateway.register()}/secret/rotate`;
    return { who: { token: org.gateway.token }, path, body: {}, other: { grace_seconds: 5 } };
  },
};

describe.each(Object.entries(POSTS))('the POST of %s with an Idempotency-Key', (_name, prepare) => {
  it('is answered as the first time, and done once; with another body it is 409', async () => {
    const { who, path, body, other } = await prepare();
    const key = crypto.randomUUID();
    const first = await post(who, path, body, key);
    expect([first.status < 300, first.text, replayed(first)]).toEqual([true, expect.any(String), null]);
    passTime(23 * 60_000);
    const renewed = path.startsWith('/public')
      ? await authenticate(org.organizationId, (who as { secret?: string }).secret)
      : who;
    const again = await post(renewed, path, body, key);
    expect([again.status, again.text, replayed(again)]).toEqual([first.status, first.text, 'true']);
    const refused = await post(renewed, path, other, key);
    expect([refused.status, refused.json, replayed(refused)]).toEqual([409, REUSED, null]);
  });
});

describe('an answer that is kept for its key', () => {
  const rooms = async () => resultsOf(await ask(manager, 'GET', `${org.organizationPath}/rooms?page_size=200`)).length;
  const roomPath = () => `${org.organizationPath}/rooms`;

  it('lasts 24 hours, and the watchdog deletes it then', async () => {
    const key = crypto.randomUUID();
    const before = await rooms();
    const body = { name: 'Night' };
    expect((await post(manager, roomPath(), body, key)).status).toBe(201);
    passTime(24 * 3_600_000 - 60_000);
    expect(replayed(await post(manager, roomPath(), body, key))).toBe('true');
    expect(await rooms()).toBe(before + 1);
    passTime(120_000);
    const database = openOrganizationDatabase(testEnv, { database: 'DB' }, noCost());
    const count = () => database.first<{ count: number }>('SELECT count(*) AS count FROM keyed_requests');
    const kept = (await count())?.count ?? 0;
    expect(kept).toBeGreaterThan(0);
    expect(await deleteOldKeys(database, Date.now())).toBe(kept);
    const later = await post(manager, roomPath(), body, key);
    expect([later.status, replayed(later)]).toEqual([201, null]);
    expect(await rooms()).toBe(before + 2);
  });

  it('is not readable in D1', async () => {
    const { id } = await site.visitor();
    const path = `${org.organizationPath}/rooms/${site.roomId}/visitors/${id}/variables`;
    await post(manager, path, { key: 'canary', value: 'a-canary-value' }, 'a-canary-key');
    const { results } = await testEnv.DB.prepare('SELECT * FROM keyed_requests').all();
    expect(results.length).toBeGreaterThan(0);
    expect(JSON.stringify(results)).not.toContain('canary');
  });

  it('belongs to its user', async () => {
    const other = await enrollAgent(org.organizationId, {}, ['settings']);
    const key = crypto.randomUUID();
    const name = unique('Harbour');
    const [one, two] = [await post(manager, roomPath(), { name }, key), await post(other, roomPath(), { name }, key)];
    expect([one.status, two.status, replayed(two)]).toEqual([201, 201, null]);
    expect(two.json['id']).not.toBe(one.json['id']);
  });

  it('is none for a refused request, whose key may be used again', async () => {
    const key = crypto.randomUUID();
    expect((await post(manager, roomPath(), { name: '' }, key)).status).toBe(400);
    const then = await post(manager, roomPath(), { name: unique('Harbour') }, key);
    expect([then.status, replayed(then)]).toEqual([201, null]);
  });

  it('of one of many requests at once is the only one', async () => {
    const key = crypto.randomUUID();
    const before = await rooms();
    const body = { name: unique('Harbour') };
    const answers = await Promise.all(Array.from({ length: 8 }, () => post(manager, roomPath(), body, key)));
    expect(await rooms()).toBe(before + 1);
    for (const answer of answers) {
      if (answer.status === 409) expect(answer.json).toEqual(UNDER_WAY);
      else expect(answer.status).toBe(201);
    }
  });

  it('is awaited for a minute; then a lost request is carried out again', async () => {
    const key = crypto.randomUUID();
    const body = { name: unique('Harbour') };
    const first = await post(manager, roomPath(), body, key);
    await testEnv.DB.prepare('UPDATE keyed_requests SET answer = NULL').run();
    expect((await post(manager, roomPath(), body, key)).json).toEqual(UNDER_WAY);
    passTime(61_000);
    expect((await post(manager, roomPath(), { name: 'another' }, key)).json).toEqual(REUSED);
    const again = await post(manager, roomPath(), body, key);
    expect([again.status, replayed(again)]).toEqual([201, null]);
    expect(again.json['id']).not.toBe(first.json['id']);
    expect((await post(manager, roomPath(), body, key)).json).toEqual(again.json);
  });
});

/** D1 as it is for a Worker that is lost before it keeps the answer. */
function lostBeforeTheAnswer(): Partial<Env> {
  const DB = new Proxy(testEnv.DB, {
    get(target, name) {
      const value = target[name as keyof D1Database] as unknown;
      if (name !== 'prepare') return typeof value === 'function' ? value.bind(target) : value;
      return (sql: string) => {
        if (sql.endsWith('EXISTS (SELECT 1)')) throw new Error('fault: lost');
        return target.prepare(sql);
      };
    },
  });
  return { DB };
}

describe('a repeated rotation of a secret', () => {
  it('of a channel keeps the secret that receivers hold, also when the Worker was lost after it', async () => {
    const logged = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const channel = `/orgs/${org.organizationId}/unified_messaging/${await org.gateway.register()}`;
    const integrator = { token: org.gateway.token };
    const path = `${channel}/secret/rotate`;
    const key = crypto.randomUUID();
    const first = await post(integrator, path, {}, key, lostBeforeTheAnswer());
    expect(first.status).toBe(200);
    expect(logged.mock.calls.flat().join()).toContain('answer_not_kept');
    passTime(61_000);
    const again = await post(integrator, path, {}, key);
    expect([again.status, again.json, replayed(again)]).toEqual([200, first.json, 'true']);
    expect((await ask(integrator, 'GET', `${channel}/secret`)).json).toEqual(first.json);
    const next = await post(integrator, path, {}, crypto.randomUUID());
    expect(next.json['secret']).not.toBe(first.json['secret']);
  });

  it('of an app changes nothing, also when the Worker was lost after it', async () => {
    vi.spyOn(console, 'warn').mockImplementation(() => {});
    const created = await ask(manager, 'POST', `${org.organizationPath}/apps`, {
      name: 'Bot',
      terms_url: 'https://bot.example/terms',
      privacy_url: 'https://bot.example/privacy',
    });
    expect([created.status, created.text]).toEqual([201, expect.any(String)]);
    const path = `${org.organizationPath}/apps/${created.json['id']}/secret/rotate`;
    const stored = () =>
      testEnv.DB.prepare('SELECT secret FROM apps WHERE id = ?').bind(created.json['id']).first('secret');
    const key = crypto.randomUUID();
    const first = await post(manager, path, {}, key, lostBeforeTheAnswer());
    expect(first.status).toBe(200);
    const secret = await stored();
    passTime(61_000);
    const again = await post(manager, path, {}, key);
    expect([again.status, again.json, replayed(again)]).toEqual([200, first.json, 'true']);
    expect(await stored()).toBe(secret);
  });
});
