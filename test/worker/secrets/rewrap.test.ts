import { Webhook } from 'standardwebhooks';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { noCost } from '../../../src/db/cost.ts';
import { openOrganizationDatabase } from '../../../src/db/database.ts';
import { rewrapPage } from '../../../src/directory/rewrap-secrets.ts';
import { purgeHubKeys } from '../../../src/directory/signing-keys.ts';
import { currentPrefix } from '../../../src/directory/stored-secrets.ts';
import { openApp, orgOf } from '../../support/worker/apps.ts';
import { emptyHub } from '../../support/worker/empty-hub.ts';
import { Gateway } from '../../support/worker/gateway.ts';
import type { Json } from '../../support/worker/organization.ts';
import { databaseIn } from '../../support/worker/racing-database.ts';
import { admin, call, testEnv } from '../../support/worker/requests.ts';
import { authenticate, Site, visit } from '../../support/worker/visitor-site.ts';

const NEW_KEY = btoa('the next key of the tests, 32 by');
const BOTH: Partial<Env> = { SECRETS_KEY: NEW_KEY, SECRETS_KEY_PREVIOUS: String(testEnv.SECRETS_KEY) };
const ONLY_NEW: Partial<Env> = { SECRETS_KEY: NEW_KEY };
const ONLY_OLD: Partial<Env> = {};
const OLD_SECRET = `whsec_${btoa('0123456789abcdef0123456789abcdef')}`;

let hub: Gateway;

beforeEach(async () => {
  await emptyHub();
  purgeHubKeys();
  hub = await Gateway.open();
});
afterEach(() => {
  vi.restoreAllMocks();
});
afterAll(purgeHubKeys);

type Part = { rewrapped: number; unreadable: { table: string; id: string }[]; next: string | null };

/** All parts of a rewrapping. */
async function rewrapAll(env: Partial<Env>): Promise<Part[]> {
  const parts: Part[] = [];
  let cursor: string | null = null;
  do {
    const answer = await admin('/secrets/rewrap', { method: 'POST', body: { cursor }, env });
    expect([answer.status, answer.text]).toEqual([200, expect.any(String)]);
    const part = answer.json as Part;
    parts.push(part);
    cursor = part.next;
  } while (cursor !== null);
  return parts;
}

const sumOf = (parts: Part[]) => parts.reduce((sum, { rewrapped }) => sum + rewrapped, 0);

async function storedSecrets(): Promise<string[]> {
  const queries = ['signing_keys', 'apps', 'channels'].map((table) => `SELECT secret FROM ${table}`);
  const sql = [...queries, 'SELECT previous_secret FROM channels WHERE previous_secret IS NOT NULL'].join(
    ' UNION ALL ',
  );
  const { results } = await testEnv.DB.prepare(sql).all<{ secret: string }>();
  return results.map(({ secret }) => secret);
}

async function secretOf(id: string, env: Partial<Env>) {
  const { status, json } = await hub.request('GET', `/${id}/secret`, undefined, { env });
  return status === 200 ? json['secret'] : status;
}

async function setSecret(id: string, secret: string): Promise<void> {
  await testEnv.DB.prepare('UPDATE channels SET secret = ? WHERE id = ?').bind(secret, id).run();
}

describe('wrapping the secrets again by another key', () => {
  it('takes the keys in the webhooks of interfaces along', async () => {
    const path = `/organizations/${hub.organizationId}/rpc`;
    const { json } = await admin(path, { method: 'PATCH', body: { webhook_url: 'https://gateway.example.com/' } });
    await rewrapAll(BOTH);
    const shown = await admin(path, { env: ONLY_NEW });
    expect([shown.status, shown.json['webhook_key']]).toEqual([200, json['webhook_key']]);
  });

  it('takes the answers along that are kept for repeated requests', async () => {
    const keyed = (env: Partial<Env>) => {
      const headers = { 'Idempotency-Key': 'a key' };
      const path = `/organizations/${hub.organizationId}/rooms`;
      return admin(path, { method: 'POST', headers, body: { name: 'Support' }, env });
    };
    const first = await keyed(ONLY_OLD);
    expect(first.status).toBe(201);
    vi.spyOn(console, 'error').mockImplementation(() => {});
    expect((await keyed(ONLY_NEW)).status).toBe(503);
    await rewrapAll(BOTH);
    const again = await keyed(ONLY_NEW);
    expect([again.status, again.json]).toEqual([201, first.json]);
    expect(again.headers.get('Idempotent-Replayed')).toBe('true');
    expect(sumOf(await rewrapAll(BOTH))).toBe(0);
  });

  it('changes none of them, and the key before is no longer needed', async () => {
    const [plain, wrapped, rotated] = [await hub.register(), await hub.register(), await hub.register()];
    await setSecret(plain, OLD_SECRET);
    const before = await secretOf(rotated, ONLY_OLD);
    await hub.request('POST', `/${rotated}/secret/rotate`, {});
    const { app, manager } = await openApp();
    const site = await Site.open();
    const visitor = await authenticate(site.organizationId);
    const secrets = [await secretOf(wrapped, ONLY_OLD), await secretOf(rotated, ONLY_OLD)];

    const parts = await rewrapAll(BOTH);
    // Two keys of the hub, an app, three channels and a previous secret.
    expect([sumOf(parts), parts.flatMap(({ unreadable }) => unreadable)]).toEqual([7, []]);
    const prefix = await currentPrefix(ONLY_NEW);
    for (const stored of await storedSecrets()) expect(stored.slice(0, prefix.length)).toBe(prefix);
    expect(await storedSecrets()).toHaveLength(7);

    expect([await secretOf(wrapped, ONLY_NEW), await secretOf(rotated, ONLY_NEW)]).toEqual(secrets);
    expect(await secretOf(plain, ONLY_NEW)).toBe(OLD_SECRET);
    const sent: { headers: Record<string, string>; body: string }[] = [];
    vi.spyOn(globalThis, 'fetch').mockImplementation(async (_, init) => {
      sent.push({ headers: Object.fromEntries(new Headers(init?.headers)), body: String(init?.body) });
      return new Response('ok');
    });
    await hub.request('POST', `/${rotated}/test`, undefined, { env: ONLY_NEW });
    for (const secret of [String(before), String(secrets[1])]) {
      expect(new Webhook(secret).verify(sent[0]?.body ?? '', sent[0]?.headers ?? {})).toBeTruthy();
    }
    const uncached = { ...ONLY_NEW, AUTH_CACHE_SECONDS: '0' };
    const chats = await visit(visitor.token, 'GET', `/visitors/${visitor.id}/chats`, undefined, { env: uncached });
    const auth = { visitor_secret_id: visitor.secret };
    const again = await visit(null, 'POST', `/orgs/${site.organizationId}/auth`, auth, { env: uncached });
    expect([chats.status, again.json['visitor_id']]).toEqual([200, visitor.id]);
    const form = { grant_type: 'authorization_code', code: 'x', client_id: app.id, client_secret: app.secret };
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const raw = `${new URLSearchParams(form)}`;
    const exchanged = await call('/identity/token', { method: 'POST', raw, headers, env: uncached });
    // The client is known; the code is not.
    expect(exchanged.json).toMatchObject({ error: 'invalid_grant' });

    vi.spyOn(console, 'error').mockImplementation(() => {});
    expect(await secretOf(wrapped, ONLY_OLD)).toBe(503);
    expect((await call(`/api/v5${orgOf(manager)}/apps`, { authorization: `Bearer ${manager.token}` })).status).toBe(
      200,
    );
    expect(sumOf(await rewrapAll(BOTH))).toBe(0);
  });

  it('also wraps what was stored before there was a key', async () => {
    const id = await hub.register();
    await setSecret(id, OLD_SECRET);
    await rewrapAll(ONLY_OLD);
    const prefix = await currentPrefix(testEnv);
    for (const stored of await storedSecrets()) expect(stored.slice(0, prefix.length)).toBe(prefix);
    expect(await secretOf(id, ONLY_OLD)).toBe(OLD_SECRET);
  });

  it('goes on over what it cannot unwrap, and names it', async () => {
    const [lost, found] = [await hub.register(), await hub.register()];
    const foreign = 'v1.0badc0de.c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0';
    await setSecret(lost, foreign);
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    const parts = await rewrapAll(BOTH);
    expect(parts.flatMap(({ unreadable }) => unreadable)).toEqual([{ table: 'channels', id: lost }]);
    expect(log.mock.calls.map(([line]) => JSON.parse(String(line)))).toEqual([
      {
        level: 'error',
        event: 'secret_unreadable',
        table: 'channels',
        id: lost,
        column: 'secret',
        error: expect.stringContaining('was wrapped by the key 0badc0de'),
      },
    ]);
    expect(await secretOf(found, ONLY_NEW)).toEqual(expect.stringMatching(/^whsec_/));
    expect(await storedSecrets()).toContain(foreign);
  });

  it('does not bring back a secret that was rotated meanwhile', async () => {
    const id = await hub.register();
    let rotated: unknown;
    const DB = databaseIn(async () => {
      rotated = (await hub.request('POST', `/${id}/secret/rotate`, { grace_seconds: 0 })).json['secret'];
    });
    const database = openOrganizationDatabase({ ...testEnv, DB } as Env, { database: 'DB' }, noCost());
    const env = { ...testEnv, ...BOTH } as Env;
    const done = await rewrapPage(env, { table: 'channels', database }, '', 10);
    expect(done).toEqual({ rewrapped: 0, unreadable: [], last: id });
    expect(await secretOf(id, ONLY_OLD)).toBe(rotated);
  });

  it('goes page by page, and can be repeated', async () => {
    const ids = [await hub.register(), await hub.register(), await hub.register()].sort();
    const database = openOrganizationDatabase(testEnv, { database: 'DB' }, noCost());
    const env = { ...testEnv, ...BOTH } as Env;
    const page = (after: string) => rewrapPage(env, { table: 'channels', database }, after, 2);
    expect(await page('')).toEqual({ rewrapped: 2, unreadable: [], last: ids[1] });
    expect(await page('')).toEqual({ rewrapped: 0, unreadable: [], last: ids[1] });
    expect(await page(String(ids[1]))).toEqual({ rewrapped: 1, unreadable: [], last: ids[2] });
    expect(await page(String(ids[2]))).toEqual({ rewrapped: 0, unreadable: [], last: null });
  });

  it('refuses a cursor that is none with 400, and is 503 without a key', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    for (const [body, env, status] of [
      [{ cursor: 'x' }, {}, 400],
      [{ cursor: 7 }, {}, 400],
      [{}, { SECRETS_KEY: '' }, 503],
    ] as [Json, Partial<Env>, number][]) {
      expect((await admin('/secrets/rewrap', { method: 'POST', body, env })).status).toBe(status);
    }
  });
});
