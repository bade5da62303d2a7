import { beforeEach, describe, expect, it, vi } from 'vitest';
import { isTokenForm, newToken } from '../../../src/directory/tokens.ts';
import { unique } from '../../support/worker/organization.ts';
import { ADMIN_TOKEN, admin, call, enroll, testEnv } from '../../support/worker/requests.ts';

const LIMITED = { RATE_LIMITS: '1' };
const THROTTLED = [429, { detail: 'Request was throttled. Expected available in 60 seconds.' }, '60'];

const PERIOD_MILLISECONDS = 60_000;
/** Longer than a test takes. */
const NEEDED_MILLISECONDS = 20_000;

// The local counters start again with each minute of the clock: a test that crosses it would not reach the limit.
beforeEach(async () => {
  const left = PERIOD_MILLISECONDS - (Date.now() % PERIOD_MILLISECONDS);
  if (left < NEEDED_MILLISECONDS) await scheduler.wait(left);
});

/** A request from its own address, so that it does not share counters with other tests. */
const from = (address: string, path: string, request: Parameters<typeof call>[1] = {}) =>
  call(path, {
    ...request,
    headers: { 'CF-Connecting-IP': address, ...request.headers },
    env: { ...LIMITED, ...request.env },
  });

const answerOf = async (answer: ReturnType<typeof call>) => {
  const { status, json, headers } = await answer;
  return [status, json, headers.get('Retry-After')];
};

/** The statuses of `count` requests, one after the other. */
async function statuses(count: number, request: () => ReturnType<typeof call>): Promise<number[]> {
  const seen: number[] = [];
  for (let made = 0; made < count; made += 1) seen.push((await request()).status);
  return seen;
}

/** A database that counts its queries. */
function countingDatabase() {
  const counted = { queries: 0 };
  const database = new Proxy(testEnv.DB, {
    get(target, name) {
      if (name === 'prepare') counted.queries += 1;
      const value = Reflect.get(target, name) as unknown;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return { counted, database };
}

describe('tokens', () => {
  it('have a checksum', () => {
    const token = newToken();
    expect(token).toMatch(/^umi_[A-Za-z0-9_-]{43}[0-9a-z]{7}$/);
    expect(isTokenForm(token)).toBe(true);
    // Those of earlier versions have none.
    expect(isTokenForm(token.slice(0, -7))).toBe(true);
    const other = token.at(-1) === 'a' ? 'b' : 'a';
    for (const wrong of [`${token.slice(0, -1)}${other}`, `x${token}`, `${token}a`, token.slice(0, -1), 'umi_', '']) {
      expect([wrong, isTokenForm(wrong)]).toEqual([wrong, false]);
    }
  });

  it('that cannot be valid cost no query', async () => {
    const { counted, database } = countingDatabase();
    for (const token of ['x', 'umi_unknown', `${newToken().slice(0, -1)}!`, 'x'.repeat(400)]) {
      const answer = await call('/api/v5/users/me', { authorization: `Bearer ${token}`, env: { DB: database } });
      expect(answer.status).toBe(401);
    }
    expect(counted.queries).toBe(0);
  });

  it('are 429 after too many unknown ones from an address, and cost no more queries', async () => {
    const { counted, database } = countingDatabase();
    const guess = () =>
      from('192.0.2.1', '/api/v5/users/me', { authorization: `Bearer ${newToken()}`, env: { DB: database } });
    const seen = await statuses(100, guess);
    expect(seen.indexOf(429)).toBe(31);
    expect(new Set(seen.slice(31))).toEqual(new Set([429]));
    expect(counted.queries).toBe(31);
    expect(await answerOf(guess())).toEqual(THROTTLED);
  });

  it('that this isolate knows are accepted from such an address, and others from other addresses', async () => {
    const [{ token }, late, known] = [await enroll(), await enroll(), await enroll()];
    const mine = { authorization: `Bearer ${known.token}` };
    expect((await from('192.0.2.2', '/api/v5/users/me', mine)).status).toBe(200);
    await statuses(40, () => from('192.0.2.2', '/api/v5/users/me', { authorization: `Bearer ${newToken()}` }));
    expect((await from('192.0.2.2', '/api/v5/users/me', mine)).status).toBe(200);
    const unknownHere = { authorization: `Bearer ${token}` };
    expect((await from('192.0.2.2', '/api/v5/users/me', unknownHere)).status).toBe(429);
    expect((await from('192.0.2.3', '/api/v5/users/me', unknownHere)).status).toBe(200);
    // Once its copy is too old, a known token is read again, and is still not a guess.
    vi.useFakeTimers({ now: Date.now() + 31_000, toFake: ['Date'] });
    expect((await from('192.0.2.2', '/api/v5/users/me', mine)).status).toBe(200);
    const lateHere = { authorization: `Bearer ${late.token}` };
    expect((await from('192.0.2.2', '/api/v5/users/me', lateHere)).status).toBe(429);
    vi.useRealTimers();
    vi.useFakeTimers({ now: Date.now() + 61_000, toFake: ['Date'] });
    expect((await from('192.0.2.2', '/api/v5/users/me', lateHere)).status).toBe(200);
    vi.useRealTimers();
  });

  it('that were revoked are not accepted longer during a flood of bad ones', async () => {
    const person = await enroll();
    const mine = { authorization: `Bearer ${person.token}`, env: { AUTH_CACHE_SECONDS: '30' } };
    expect((await from('192.0.2.4', '/api/v5/users/me', mine)).status).toBe(200);
    // As in another isolate, whose copy is not purged.
    await testEnv.DB.prepare('UPDATE tokens SET revoked_at = 1 WHERE id = ?').bind(person.token_id).run();
    await statuses(60, () => from('192.0.2.5', '/api/v5/users/me', { authorization: `Bearer ${newToken()}` }));
    vi.useFakeTimers({ now: Date.now() + 31_000, toFake: ['Date'] });
    expect((await from('192.0.2.4', '/api/v5/users/me', mine)).status).toBe(401);
    vi.useRealTimers();
  });
});

describe('the operator’s secret', () => {
  it('may be guessed ten times a minute from an address, and is accepted from others meanwhile', async () => {
    const guess = () => from('192.0.2.6', '/admin/v1/organizations', { authorization: 'Bearer guess' });
    const seen = await statuses(15, guess);
    expect(seen).toEqual([...Array(11).fill(401), ...Array(4).fill(429)]);
    expect(await answerOf(guess())).toEqual(THROTTLED);
    const right = { authorization: `Bearer ${ADMIN_TOKEN}` };
    expect((await from('192.0.2.6', '/admin/v1/organizations', right)).status).toBe(429);
    expect((await from('192.0.2.7', '/admin/v1/organizations', right)).status).toBe(200);
  });
});

describe('visitors', () => {
  it('may authenticate 60 times a minute from one network with one organization', async () => {
    const [one, other] = [await enroll(), await enroll()];
    const auth = (address: string, organizationId: string) =>
      from(address, `/api/v5/public/orgs/${organizationId}/auth`, { method: 'POST', body: {} });
    let host = 0;
    const seen = await statuses(62, () => {
      host += 1;
      return auth(`2001:db8:0:1::${host.toString(16)}`, one.organization_id);
    });
    expect(seen).toEqual([...Array(60).fill(200), 429, 429]);
    expect(await answerOf(auth('2001:db8:0:1::1', one.organization_id))).toEqual(THROTTLED);
    expect((await auth('2001:db8:0:1::1', one.organization_id.toUpperCase())).status).toBe(429);
    expect((await auth('2001:db8:0:2::1', one.organization_id)).status).toBe(200);
    expect((await auth('2001:db8:0:1::1', other.organization_id)).status).toBe(200);
  });

  it('cannot look for organizations: each that does not exist is a guess', async () => {
    const { counted, database } = countingDatabase();
    const env = { DB: database };
    const guess = () =>
      from('192.0.2.10', `/api/v5/public/orgs/${crypto.randomUUID()}/auth`, { method: 'POST', body: {}, env });
    expect(await statuses(40, guess)).toEqual([...Array(31).fill(404), ...Array(9).fill(429)]);
    expect(counted.queries).toBe(31);
  });

  it('may write 120 times a minute, whatever their address', async () => {
    const { organization_id } = await enroll();
    const auth = `/api/v5/public/orgs/${organization_id}/auth`;
    const visitor = await call(auth, { method: 'POST', body: {} });
    const authorization = `Bearer ${visitor.json['access_token']}`;
    const path = `/api/v5/public/orgs/${organization_id}/rooms/${unique('room')}/visitors`;
    let host = 0;
    const write = () => {
      host += 1;
      return from(`192.0.3.${host}`, path, { method: 'POST', authorization, body: {} });
    };
    const seen = await statuses(122, write);
    expect(seen).toEqual([...Array(120).fill(404), 429, 429]);
    const read = `/api/v5/public/visitors/${visitor.json['visitor_id']}/chats`;
    expect((await from('192.0.3.1', read, { authorization })).status).toBe(200);
  });
});

describe('the secret of an app', () => {
  it('may be guessed as often as a token', async () => {
    const { counted, database } = countingDatabase();
    const form = () =>
      new URLSearchParams({
        grant_type: 'authorization_code',
        code: 'x',
        client_id: crypto.randomUUID(),
        client_secret: 'guess',
      });
    const guess = () => from('192.0.2.11', '/identity/token', { method: 'POST', raw: form(), env: { DB: database } });
    expect(await statuses(40, guess)).toEqual([...Array(31).fill(400), ...Array(9).fill(429)]);
    expect(counted.queries).toBe(31);
    expect(await answerOf(guess())).toEqual(THROTTLED);
  });
});

describe('a limit', () => {
  it('is off without RATE_LIMITS, and allows everything when its counter cannot be reached', async () => {
    const guess = (env: Partial<Env>) =>
      call('/admin/v1/organizations', {
        authorization: 'Bearer guess',
        headers: { 'CF-Connecting-IP': '192.0.2.8' },
        env,
      });
    expect(new Set(await statuses(20, () => guess({})))).toEqual(new Set([401]));
    const log = vi.spyOn(console, 'log').mockImplementation(() => {});
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const away = { limit: () => Promise.reject(new Error('the counter is away')) } as RateLimit;
    expect(new Set(await statuses(20, () => guess({ ...LIMITED, RATE_OPERATOR_FAILURES: away })))).toEqual(
      new Set([401]),
    );
    const lines = [...log.mock.calls, ...warn.mock.calls].flat().join('\n');
    expect(lines).toContain('rate_limit_unavailable');
    vi.restoreAllMocks();
  });

  it('of a token and of an organization’s writes uses ids of the hub as keys', async () => {
    const person = await enroll({ scopes: ['settings'] });
    const keys: [string, string][] = [];
    const counter = (name: string) =>
      ({
        limit: async ({ key }: { key: string }) => {
          keys.push([name, key]);
          return { success: name !== 'writes' };
        },
      }) as RateLimit;
    const env = { ...LIMITED, RATE_TOKEN: counter('token'), RATE_ORGANIZATION_WRITES: counter('writes') };
    const authorization = `Bearer ${person.token}`;
    const path = `/api/v5/orgs/${person.organization_id}/rooms`;
    expect((await call(path, { authorization, env })).status).toBe(200);
    expect(keys).toEqual([['token', person.token_id]]);
    const written = await answerOf(call(path, { method: 'POST', body: { name: 'Night' }, authorization, env }));
    expect(written).toEqual(THROTTLED);
    expect(keys.slice(1)).toEqual([
      ['token', person.token_id],
      ['writes', person.organization_id],
    ]);
    expect((await admin(`/organizations/${person.organization_id}/rooms`)).json['results']).toEqual([]);
  });
});
