import { z } from '@hono/zod-openapi';
import { beforeAll, describe, expect, it } from 'vitest';
import { rpcProgram, threadsProgram } from '../../../src/api/access.ts';
import { defineRoute } from '../../../src/api/define-route.ts';
import { newToken } from '../../../src/directory/tokens.ts';
import { answerAccidents } from '../../../src/http/on-error.ts';
import { refuse } from '../../../src/http/refusals.ts';
import { logRequests } from '../../../src/http/request-log.ts';
import { bodyOf, jsonOf } from '../../../src/http/route-parts.ts';
import { createRouter } from '../../../src/http/router.ts';
import { ask } from '../../support/worker/organization.ts';
import { admin, brokenDatabase, call, enroll, type Person } from '../../support/worker/requests.ts';

const who = z.object({ organization_id: z.string() });
const wanted = z.object({ name: z.string().optional(), fails: z.enum(['conflict', 'accident']).optional() });

/** A route of each interface, which says whose key was sent. */
function probe() {
  const app = createRouter();
  app.use(logRequests());
  answerAccidents(app);
  for (const [path, access] of [['/rpc', rpcProgram] as const, ['/threads', threadsProgram] as const]) {
    const route = defineRoute({
      operationId: path,
      tag: 'Test',
      access,
      method: 'post',
      path,
      summary: 'Who',
      description: 'Says whose key it is.',
      request: { body: bodyOf(wanted) },
      answers: { 200: jsonOf(who, 'Whose key it is') },
    });
    app.openapi(route, (c) => {
      const { fails } = c.req.valid('json');
      if (fails === 'accident') throw new Error('secret words of the runtime');
      if (fails === 'conflict') return refuse(c, { reason: 'conflict', detail: 'In conflict.' });
      return c.json({ organization_id: c.var.organization.id }, 200);
    });
  }
  return app;
}

const app = probe();
const NO_CACHE = { AUTH_CACHE_SECONDS: '0' };

let owner: Person;
const keys = { rpc: '', threads: '' };
const ids = { rpc: '', threads: '' };

async function keyOf(kind: 'rpc' | 'threads') {
  const { json } = await ask(owner, 'POST', `/orgs/${owner.organization_id}/${kind}/keys`, {});
  return { id: String(json['id']), key: String(json['key']) };
}

beforeAll(async () => {
  owner = await enroll({ scopes: ['settings'] });
  await ask(owner, 'POST', `/orgs/${owner.organization_id}/rooms`, { name: 'Support' });
  for (const kind of ['rpc', 'threads'] as const) ({ id: ids[kind], key: keys[kind] } = await keyOf(kind));
});

const rpc = (authorization: string | undefined, body: object = {}, env: Partial<Env> = NO_CACHE) =>
  call('/rpc', { app, method: 'POST', body, env, ...(authorization === undefined ? {} : { authorization }) });
const threads = (key: string | undefined, body: object = {}, env: Partial<Env> = NO_CACHE) =>
  call('/threads', { app, method: 'POST', body, env, headers: key === undefined ? {} : { 'x-api-key': key } });

describe('a key of an interface', () => {
  it('opens that interface of its organization', async () => {
    const mine = [200, { organization_id: owner.organization_id }];
    const [ofRpc, ofThreads] = [await rpc(`Bearer ${keys.rpc}`), await threads(keys.threads)];
    expect([ofRpc.status, ofRpc.json]).toEqual(mine);
    expect([ofThreads.status, ofThreads.json]).toEqual(mine);
  });

  it('opens nothing else, and other tokens do not open it', async () => {
    const refused = async (answer: ReturnType<typeof call>) => {
      const { status, json } = await answer;
      return [status, json];
    };
    const ofRpc = [401, { error: { code: 401, message: expect.any(String) } }];
    for (const authorization of [
      undefined,
      'Bearer',
      `Bearer ${keys.threads}`,
      `Token ${keys.rpc}`,
      `Bearer ${owner.token}`,
      `Bearer ${newToken()}`,
      'Bearer nonsense',
    ]) {
      expect(await refused(rpc(authorization))).toEqual(ofRpc);
    }
    const ofThreads = [401, { error: expect.any(String) }];
    for (const key of [undefined, '', keys.rpc, owner.token, newToken(), 'nonsense']) {
      expect(await refused(threads(key))).toEqual(ofThreads);
    }
    for (const key of Object.values(keys)) {
      expect((await call('/api/v5/users/me', { authorization: `Bearer ${key}`, env: NO_CACHE })).status).toBe(401);
      expect((await call('/admin/v1/organizations', { authorization: `Bearer ${key}` })).status).toBe(401);
    }
  });

  it('ends at once where it is revoked', async () => {
    const { id, key } = await keyOf('rpc');
    const cached = { AUTH_CACHE_SECONDS: '30' };
    expect((await rpc(`Bearer ${key}`, {}, cached)).status).toBe(200);
    await ask(owner, 'DELETE', `/orgs/${owner.organization_id}/rpc/keys/${id}`);
    expect((await rpc(`Bearer ${key}`, {}, cached)).status).toBe(401);
  });

  it('is 503 while D1 cannot be reached, and known keys go on', async () => {
    const broken = { DB: brokenDatabase, AUTH_CACHE_SECONDS: '30' };
    await rpc(`Bearer ${keys.rpc}`, {}, { AUTH_CACHE_SECONDS: '30' });
    const answer = await rpc(`Bearer ${newToken()}`, {}, { ...NO_CACHE, ...broken });
    expect([answer.status, answer.json]).toEqual([503, { error: { code: 503, message: expect.any(String) } }]);
    expect((await rpc(`Bearer ${keys.rpc}`, {}, broken)).status).toBe(200);
  });

  it('is 429 after too many bad ones from one address', async () => {
    // The isolate remembers networks that guessed too often, for all files: no other test has this one.
    const limit = async () => ({ success: false });
    const limited = { ...NO_CACHE, RATE_LIMITS: '1', RATE_BAD_TOKENS: { limit } } as unknown as Partial<Env>;
    const from = (key: string) =>
      call('/threads', {
        app,
        method: 'POST',
        body: {},
        env: limited,
        headers: { 'x-api-key': key, 'CF-Connecting-IP': '198.51.100.77' },
      });
    expect((await from(newToken())).status).toBe(401);
    const answer = await from(newToken());
    expect([answer.status, answer.json]).toEqual([429, { error: expect.any(String) }]);
  });

  it('is 403 without an active subscription', async () => {
    const change = (has_active_subscription: boolean) =>
      admin(`/organizations/${owner.organization_id}`, { method: 'PATCH', body: { has_active_subscription } });
    await change(false);
    const answer = await rpc(`Bearer ${keys.rpc}`);
    await change(true);
    expect([answer.status, answer.json]).toEqual([403, { error: { code: 403, message: expect.any(String) } }]);
  });
});

describe('the refusals of an interface', () => {
  it('have its own form: those of a method of JSON-RPC are 200', async () => {
    const invalid = await rpc(`Bearer ${keys.rpc}`, { name: 7 });
    expect([invalid.status, invalid.json]).toEqual([
      200,
      { error: { code: 400, message: expect.stringMatching(/^name: /) } },
    ]);
    const conflict = await rpc(`Bearer ${keys.rpc}`, { fails: 'conflict' });
    expect([conflict.status, conflict.json]).toEqual([200, { error: { code: 409, message: 'In conflict.' } }]);
    const ofThreads = await threads(keys.threads, { name: 7 });
    expect([ofThreads.status, ofThreads.json]).toEqual([400, { error: expect.stringMatching(/^name: /) }]);
  });

  it('show nothing of an accident', async () => {
    const ofRpc = await rpc(`Bearer ${keys.rpc}`, { fails: 'accident' });
    expect([ofRpc.status, ofRpc.json]).toEqual([500, { error: { code: 500, message: 'Internal server error.' } }]);
    const ofThreads = await threads(keys.threads, { fails: 'accident' });
    expect([ofThreads.status, ofThreads.json]).toEqual([500, { error: 'Internal server error.' }]);
  });
});
