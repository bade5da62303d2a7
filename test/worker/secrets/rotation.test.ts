import { SignJWT } from 'jose';
import { Webhook } from 'standardwebhooks';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { noCost } from '../../../src/db/cost.ts';
import {
  cachedHubKeys,
  findOrMakeHubKeys,
  purgeHubKeys,
  rotateSigningKey,
} from '../../../src/directory/signing-keys.ts';
import { type Audience, KEPT_AFTER, TOKEN_SECONDS } from '../../../src/directory/token-keys.ts';
import { issueVisitorToken } from '../../../src/directory/visitor-sessions.ts';
import { STALE_FOR } from '../../../src/platform/isolate-cache.ts';
import {
  type CreatedApp,
  hubKeys,
  type Installation,
  keyBytes,
  newWebhook,
  openApp,
  orgOf,
  trigger,
} from '../../support/worker/apps.ts';
import { passTime, setClock } from '../../support/worker/clock.ts';
import { emptyHub, SIGNING_KEY, SIGNING_KEY_ID } from '../../support/worker/empty-hub.ts';
import { firstDatabase } from '../../support/worker/first-database.ts';
import { ask } from '../../support/worker/organization.ts';
import { receive } from '../../support/worker/receiver.ts';
import { admin, call, type Person, testEnv } from '../../support/worker/requests.ts';
import { RESPONDER, ThreadsProgram } from '../../support/worker/threads-program.ts';
import { authenticate, Site, type Visitor, visit } from '../../support/worker/visitor-site.ts';

const START = Date.now();
const MINUTE = 60_000;

let opened: { manager: Person; app: CreatedApp; installation: Installation };
let site: Site;
let visitor: Visitor;
let webhookPath: string;

// Every test begins with one key, the same one.
beforeEach(async () => {
  setClock(START);
  await emptyHub();
  purgeHubKeys();
  opened = await openApp();
  site = await Site.open();
  visitor = await authenticate(site.organizationId);
  const webhooks = `${orgOf(opened.manager)}/apps/${opened.app.id}/webhooks`;
  webhookPath = `${webhooks}/${(await ask(opened.manager, 'POST', webhooks, newWebhook())).json['id']}`;
});
afterEach(() => {
  vi.restoreAllMocks();
});
afterAll(() => {
  vi.useRealTimers();
  purgeHubKeys();
});

async function rotate(body: object = {}) {
  const answer = await admin('/signing_keys', { method: 'POST', body });
  expect([answer.status, answer.text]).toEqual([201, expect.any(String)]);
  return answer.json;
}

/** What the app's receiver gets when its webhook is tested. */
async function testedWebhook(): Promise<{ headers: Record<string, string>; body: string }> {
  const sent: { headers: Record<string, string>; body: string }[] = [];
  const fetch = vi.spyOn(globalThis, 'fetch').mockImplementation(async (_, init) => {
    sent.push({ headers: Object.fromEntries(new Headers(init?.headers)), body: String(init?.body) });
    return new Response('ok');
  });
  await ask(opened.manager, 'POST', `${webhookPath}/test`);
  fetch.mockRestore();
  const [webhook] = sent;
  if (webhook === undefined) throw new Error('no webhook was sent');
  return webhook;
}

const me = '/api/v5/users/me';
const statusOf = async (authorization: string) =>
  (await call(me, { authorization, env: { AUTH_CACHE_SECONDS: '0' } })).status;

async function exchange(code: string): Promise<number> {
  const form = new URLSearchParams({
    grant_type: 'authorization_code',
    code,
    client_id: opened.app.id,
    client_secret: opened.app.secret,
  });
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
  return (await call('/identity/token', { method: 'POST', raw: `${form}`, headers })).status;
}

/** Every kind of token that the hub signs: how it is issued, and whether it works. */
const KINDS: { [audience in Audience]: { issue: () => Promise<string>; works: (token: string) => Promise<boolean> } } =
  {
    visitor: {
      issue: async () => (await authenticate(site.organizationId, visitor.secret)).token,
      works: async (token) => (await visit(token, 'GET', `/visitors/${visitor.id}/chats`)).status === 200,
    },
    user: {
      issue: async () => JSON.parse((await testedWebhook()).body).app_user_auth.access_token,
      works: async (token) => (await statusOf(`Bearer ${token}`)) === 200,
    },
    trigger: {
      issue: async () =>
        String((await trigger(opened.manager, opened.installation, 'type=setup')).parameters.get('token')),
      works: async (token) => (await statusOf(`GIOSGAPP ${token} ${opened.app.secret}`)) === 200,
    },
    app_user_code: {
      issue: async () => {
        const { parameters } = await trigger(opened.manager, opened.installation, 'type=install');
        const data = String(parameters.get('data')).split('.')[1] ?? '';
        return JSON.parse(atob(data.replaceAll('-', '+').replaceAll('_', '/'))).app_user_code;
      },
      works: async (token) => (await exchange(token)) === 200,
    },
    late_reply: {
      issue: async () => {
        const program = await ThreadsProgram.open({ responder: RESPONDER });
        const asked = receive(() => new Response(null, { status: 204 }));
        await program.post('fid', 'Hello');
        vi.mocked(fetch).mockRestore();
        return (
          String(JSON.parse(asked[0]?.body ?? '{}').reply_url)
            .split('/')
            .at(-1) ?? ''
        );
      },
      works: async (token) => {
        const path = `/api/v1/replies/${token}`;
        return (await call(path, { method: 'POST', body: { body: 'Later.' } })).status === 201;
      },
    },
  };

/** A token with the claims of a real one that ends in half its life, signed by somebody who has the first key. */
async function forge(audience: Audience): Promise<string> {
  const [header = '', payload = ''] = (await KINDS[audience].issue()).split('.');
  const decode = (part: string) => JSON.parse(atob(part.replaceAll('-', '+').replaceAll('_', '/')));
  const exp = Math.floor(Date.now() / 1000) + TOKEN_SECONDS[audience] / 2;
  return await new SignJWT({ ...decode(payload), exp })
    .setProtectedHeader({ ...decode(header), kid: SIGNING_KEY_ID })
    .sign(await keyBytes(audience));
}

describe('after a rotation of the signing key', () => {
  describe.each(Object.keys(KINDS) as Audience[])('a token of the kind %s', (audience) => {
    const { issue, works } = KINDS[audience];
    const life = TOKEN_SECONDS[audience] * 1000;

    it('that was issued before works within its life, and not after it', async () => {
      const [token, other] = [await issue(), await issue()];
      await rotate();
      passTime(life - 2000);
      expect(await works(token)).toBe(true);
      passTime(3000);
      expect(await works(other)).toBe(false);
    });

    it('that is issued after names the new key, and works', async () => {
      const { id } = await rotate();
      passTime(6000);
      const token = await issue();
      expect(JSON.parse(atob(token.split('.')[0] ?? ''))).toMatchObject({ kid: id });
      expect(await works(token)).toBe(true);
    });

    it('that is signed by the old key ends with it, however young it is', async () => {
      expect(await works(await forge(audience))).toBe(true);
      await rotate();
      passTime(6000 + STALE_FOR + life);
      expect(await works(await forge(audience))).toBe(false);
    });

    it('ends at once when the rotation ends the previous keys', async () => {
      const token = await issue();
      await rotate({ ends_previous: true });
      expect(await works(token)).toBe(false);
      expect(await works(await issue())).toBe(true);
    });
  });

  it('visitors keep their ids and secrets, also when the previous keys end', async () => {
    for (const ends_previous of [false, true]) {
      await rotate({ ends_previous });
      passTime(KEPT_AFTER + MINUTE);
      const again = await authenticate(site.organizationId, visitor.secret);
      expect([again.id, again.secret]).toEqual([visitor.id, visitor.secret]);
      expect((await visit(again.token, 'GET', `/visitors/${visitor.id}/chats`)).status).toBe(200);
    }
  });

  it('stored tokens and signatures of webhooks go on as they were', async () => {
    await rotate({ ends_previous: true });
    expect(await statusOf(`Bearer ${opened.manager.token}`)).toBe(200);
    const { body, headers } = await testedWebhook();
    expect(new Webhook(btoa(opened.app.secret)).verify(body, headers)).toBeTruthy();
  });

  it('an isolate with an older copy of the keys reads them again for a token of the new one', async () => {
    await cachedHubKeys(testEnv, noCost());
    passTime(2000);
    // In another isolate: nothing is purged here.
    const made = await rotateSigningKey(testEnv, firstDatabase(noCost()), {
      replaces: SIGNING_KEY_ID,
      ends_previous: false,
      now: Date.now(),
    });
    passTime(6000);
    const names = { visitor_id: visitor.id, organization_id: site.organizationId };
    const { token } = await issueVisitorToken(await hubKeys(), names, Date.now());
    expect(JSON.parse(atob(token.split('.')[0] ?? ''))).toMatchObject({ kid: made });
    expect(await KINDS.visitor.works(token)).toBe(true);
  });

  it('a flood of tokens with made-up keys costs one read of D1 in a second', async () => {
    await cachedHubKeys(testEnv, noCost());
    passTime(2000);
    const key = await keyBytes('user');
    const claims = { user_id: 'x', exp: Math.floor(Date.now() / 1000) + 60 };
    const reads = vi.spyOn(testEnv.DB, 'prepare');
    for (const kid of ['a', 'b', 'c', 'd']) {
      const token = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid }).sign(key);
      expect((await call(me, { authorization: `Bearer ${token}` })).status).toBe(401);
    }
    expect(reads.mock.calls.filter(([sql]) => sql.includes('signing_keys'))).toHaveLength(1);
  });
});

describe('the keys of the hub', () => {
  const keys = async () => await findOrMakeHubKeys(testEnv, firstDatabase(noCost()), Date.now());
  const rotation = (replaces: string) => ({ replaces, ends_previous: false, now: Date.now() });

  it('are the same for all that need the first ones at once', async () => {
    await testEnv.DB.prepare('DELETE FROM signing_keys').run();
    const made = await Promise.all([1, 2, 3, 4].map(keys));
    const [one] = made;
    for (const each of made) {
      expect(each.signing.map(({ id }) => id)).toEqual(one?.signing.map(({ id }) => id));
      expect([...each.visitors]).toEqual([...(one?.visitors ?? [])]);
    }
    expect(one?.signing).toHaveLength(1);
  });

  it('are wrapped in D1', async () => {
    await testEnv.DB.prepare('DELETE FROM signing_keys').run();
    await keys();
    await rotate();
    const { results } = await testEnv.DB.prepare('SELECT secret FROM signing_keys').all();
    expect(results).toEqual([1, 2, 3].map(() => ({ secret: expect.stringMatching(/^v1\./) })));
  });

  it('are rotated once by two calls at once: a key is only replaced while it is the newest', async () => {
    const database = firstDatabase(noCost());
    const made = await rotateSigningKey(testEnv, database, rotation(SIGNING_KEY_ID));
    expect(made).toEqual(expect.any(String));
    expect(await rotateSigningKey(testEnv, database, rotation(SIGNING_KEY_ID))).toBeNull();
    const lost = { ...rotation(SIGNING_KEY_ID), ends_previous: true };
    expect(await rotateSigningKey(testEnv, database, lost)).toBeNull();
    expect((await keys()).signing.map(({ id }) => id)).toEqual([SIGNING_KEY_ID, made]);
    expect((await admin('/signing_keys', { method: 'POST', body: {} })).status).toBe(201);
  });

  it('are in the order of their making, whatever the clocks say', async () => {
    const database = firstDatabase(noCost());
    const first = await rotateSigningKey(testEnv, database, rotation(SIGNING_KEY_ID));
    setClock(START - MINUTE);
    const second = await rotateSigningKey(testEnv, database, rotation(String(first)));
    expect((await keys()).signing.map(({ id }) => id)).toEqual([SIGNING_KEY_ID, first, second]);
  });

  it('are listed, the newest last, with the time until which they are accepted', async () => {
    await rotate();
    const { id, created_at } = await rotate();
    const { status, json } = await admin('/signing_keys');
    expect([status, json]).toEqual([200, expect.objectContaining({ next: null, previous: null })]);
    const results = json['results'] as { id: string; accepted_until: string | null }[];
    expect(results.map((key) => key.id === id)).toEqual([false, false, true]);
    expect(results.at(-1)).toEqual({ id, created_at, accepted_until: null });
    expect(results[1]?.accepted_until).toBe(new Date(Date.parse(String(created_at)) + KEPT_AFTER).toISOString());
    const page = await admin('/signing_keys?page_size=1');
    const next = await admin(String(page.json['next']).replace(/^.*\/admin\/v1/, ''));
    expect(next.json['results']).toEqual([results[1]]);
  });

  it('are deleted by a rotation when no token of theirs can be left, and are at most 19', async () => {
    for (let made = 1; made < 19; made++) await rotate();
    const refused = await admin('/signing_keys', { method: 'POST', body: {} });
    expect([refused.status, refused.json]).toEqual([409, { detail: expect.stringContaining('too many earlier keys') }]);
    passTime(KEPT_AFTER + MINUTE);
    const { id } = await rotate();
    const left = (await keys()).signing.map((key) => key.id);
    expect([left.length, left.at(-1)]).toEqual([2, id]);
  });

  it('are refused to be rotated by a body that is not one', async () => {
    for (const ends_previous of ['true', 1, null]) {
      const answer = await admin('/signing_keys', { method: 'POST', body: { ends_previous } });
      expect([answer.status, Object.keys(answer.json)]).toEqual([400, ['ends_previous']]);
    }
    expect((await keys()).signing).toHaveLength(1);
  });

  it('give visitors the ids that they had before there was a key for visitors', async () => {
    const random = visitor.secret.slice(0, 20);
    const bytes = Uint8Array.from(atob(SIGNING_KEY), (character) => character.charCodeAt(0));
    const hmac = { name: 'HMAC', hash: 'SHA-256' };
    const key = await crypto.subtle.importKey('raw', bytes, hmac, false, ['sign']);
    const text = new TextEncoder().encode(`visitor_id/${site.organizationId}/${random}`);
    const digest = new Uint8Array(await crypto.subtle.sign(hmac, key, text));
    expect(visitor.id).toBe([...digest.slice(0, 16)].map((byte) => byte.toString(16).padStart(2, '0')).join(''));
  });
});
