import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { noCost } from '../../../src/db/cost.ts';
import { openIdentityDatabase } from '../../../src/db/database.ts';
import { exchangeCode } from '../../../src/directory/app-user-codes.ts';
import { MAX_LASTING_TOKENS } from '../../../src/directory/lasting-tokens.ts';
import { tokenDigest } from '../../../src/directory/tokens.ts';
import { newUuid } from '../../../src/resources/uuid.ts';
import {
  type CreatedApp,
  codeIn,
  type Installation,
  lastingToken,
  openApp,
  orgOf,
  trigger,
} from '../../support/worker/apps.ts';
import { passTime, setClock } from '../../support/worker/clock.ts';
import { ask, resultsOf, TIME, UUID } from '../../support/worker/organization.ts';
import { admin, call, type Person, testEnv } from '../../support/worker/requests.ts';

const DAY = 86_400_000;
const CACHED = { AUTH_CACHE_SECONDS: '3600' };

let manager: Person;
let app: CreatedApp;
let installation: Installation;

beforeEach(async () => {
  ({ manager, app, installation } = await openApp());
});
afterEach(() => {
  vi.useRealTimers();
});

/** A new lasting token, also when the user's own token has no rights: the app has another code at each trigger. */
async function exchange(): Promise<string> {
  return lastingToken(app, codeIn((await trigger(manager, installation, 'type=setup')).parameters));
}

const statusOf = async (token: string, more: Partial<Env> = { AUTH_CACHE_SECONDS: '0' }) =>
  (await call('/api/v5/users/me', { authorization: `Token ${token}`, env: more })).status;

const tokensPath = () => `${orgOf(manager)}/app_installations/${installation.id}/tokens`;
const listed = async () => resultsOf(await ask(manager, 'GET', tokensPath()));

const expiryOf = async (token: string) =>
  (await env.DB.prepare('SELECT expires_at FROM tokens WHERE digest = ?')
    .bind(tokenDigest(token))
    .first('expires_at')) as number | null;

async function rotate(): Promise<string> {
  const rotated = await ask(manager, 'POST', `${orgOf(manager)}/apps/${app.id}/secret/rotate`);
  expect(rotated.status).toBe(200);
  return String(rotated.json['secret']);
}

describe('a lasting token of an app’s bot user', () => {
  it('ends when it is not used for 90 days', async () => {
    setClock(Date.now());
    const token = await exchange();
    passTime(90 * DAY - 1);
    expect(await statusOf(token)).toBe(200);
    passTime(90 * DAY);
    expect([await statusOf(token), await listed()]).toEqual([401, []]);
  });

  it('is renewed by its use, with one write a day at most', async () => {
    const now = Date.now();
    setClock(now);
    const token = await exchange();
    const expiries: (number | null)[] = [];
    for (const hours of [1, 22, 1.5, 1, 20, 4]) {
      passTime(hours * 3_600_000);
      const answers = await Promise.all([statusOf(token), statusOf(token), statusOf(token, CACHED)]);
      expect(answers).toEqual([200, 200, 200]);
      expiries.push(await expiryOf(token));
    }
    const after = (hours: number) => now + 90 * DAY + hours * 3_600_000;
    expect(expiries).toEqual([0, 0, 24.5, 24.5, 24.5, 49.5].map(after));
    expect(resultsOf(await ask(manager, 'GET', tokensPath()))).toMatchObject([
      { expires_at: new Date(after(49.5)).toISOString() },
    ]);
  });

  it('ends with the secret of its app', async () => {
    const token = await exchange();
    expect([await statusOf(token, CACHED), (await listed()).length]).toEqual([200, 1]);
    const path = `/organizations/${manager.organization_id}/users/${installation.app_user_id}/tokens`;
    expect(resultsOf(await admin(path)).length).toBe(1);
    const secret = await rotate();
    expect([await statusOf(token, CACHED), await statusOf(token), await listed()]).toEqual([401, 401, []]);
    expect(resultsOf(await admin(path))).toEqual([]);
    const { parameters } = await trigger(manager, installation, 'type=setup');
    const next = await lastingToken({ ...app, secret }, codeIn(parameters));
    expect([await statusOf(next), (await listed()).length]).toEqual([200, 1]);
  });

  it('is not made when the secret changes during the exchange', async () => {
    const now = Date.now();
    const code = {
      id: crypto.randomUUID(),
      app_id: app.id,
      installation_id: installation.id,
      expires_at: now + 30_000,
    };
    const token = () => ({ digest: crypto.randomUUID(), id: newUuid(now), label: '', created_at: now });
    const identity = openIdentityDatabase(testEnv, noCost());
    const entry = {
      id: newUuid(now),
      organization_id: null,
      actor_type: 'user' as const,
      actor_id: '',
      token_id: null,
      app_id: app.id,
      action: 'exchangeAppUserCode',
      target_type: null,
      target_id: null,
      details: '{}',
      status: null,
      address: null,
      request_id: '',
    };
    await rotate();
    expect(await exchangeCode(identity, { ...code, secret_version: 1 }, token(), entry)).toBeNull();
    const another = { ...code, id: crypto.randomUUID(), secret_version: 2 };
    expect(await exchangeCode(identity, another, token(), entry)).toMatchObject({ user_id: installation.app_user_id });
  });

  it('has the scopes that the installation has now', async () => {
    const token = await exchange();
    const history = `/api/v5${orgOf(manager)}/messages`;
    const status = async () =>
      (await call(history, { authorization: `Token ${token}`, env: { AUTH_CACHE_SECONDS: '0' } })).status;
    expect(await status()).toBe(200);
    await env.DB.prepare("UPDATE app_installations SET allowed_scopes = '[]' WHERE id = ?").bind(installation.id).run();
    await admin(`/organizations/${manager.organization_id}`, { method: 'PATCH', body: { private_chat_history: true } });
    expect(await status()).toBe(403);
  });

  it('is listed at its installation, and can be revoked there', async () => {
    const [kept, revoked] = [await exchange(), await exchange()];
    const rows = await listed();
    const shown = { id: UUID, app_id: app.id, installation_id: installation.id, user_id: installation.app_user_id };
    expect(rows).toEqual([1, 2].map(() => ({ ...shown, expires_at: TIME, created_at: TIME })));
    expect(await statusOf(revoked, CACHED)).toBe(200);
    const one = `${tokensPath()}/${rows[1]?.['id']}`;
    expect((await ask(manager, 'DELETE', one)).status).toBe(204);
    expect((await ask(manager, 'DELETE', one)).status).toBe(204);
    expect([await statusOf(revoked, CACHED), await statusOf(kept, CACHED)]).toEqual([401, 200]);
    expect((await listed()).map(({ id }) => id)).toEqual([rows[0]?.['id']]);
    const { token_id } = manager;
    const foreign = await ask(manager, 'DELETE', `${tokensPath()}/${token_id}`);
    expect([foreign.status, foreign.json]).toEqual([404, { detail: 'Token not found.' }]);
  });

  it('is one of 100 of its installation: the oldest that was never renewed ends first', async () => {
    const now = Date.now();
    setClock(now);
    const inUse = await exchange();
    passTime(2 * DAY);
    const unused = await exchange();
    expect(await statusOf(inUse)).toBe(200);
    passTime(1000);
    await env.DB.prepare(
      `WITH RECURSIVE more (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM more WHERE number < ?)
       INSERT INTO tokens (digest, id, organization_id, user_id, scopes, expires_at, installation_id, secret_version, created_at)
       SELECT digest || number, id || number, organization_id, user_id, scopes, expires_at + 1, installation_id,
         secret_version, created_at + 1
       FROM tokens, more WHERE digest = ?`,
    )
      .bind(MAX_LASTING_TOKENS - 2, tokenDigest(unused))
      .run();
    const count = () =>
      env.DB.prepare('SELECT count(*) AS count FROM tokens WHERE installation_id = ?')
        .bind(installation.id)
        .first('count');
    expect([await statusOf(unused), await count()]).toEqual([200, MAX_LASTING_TOKENS]);
    const newest = await exchange();
    expect(await Promise.all([inUse, unused, newest].map((token) => statusOf(token)))).toEqual([200, 401, 200]);
    expect(await count()).toBe(MAX_LASTING_TOKENS);
    // All of them renewed: the newest stays nevertheless.
    await env.DB.prepare('UPDATE tokens SET expires_at = expires_at + 1 WHERE installation_id = ?')
      .bind(installation.id)
      .run();
    expect([await statusOf(await exchange()), await count()]).toEqual([200, MAX_LASTING_TOKENS]);
  });

  it('leaves no row when it has ended and another is made', async () => {
    await exchange();
    const secret = await rotate();
    const { parameters } = await trigger(manager, installation, 'type=setup');
    await lastingToken({ ...app, secret }, codeIn(parameters));
    const rows = await env.DB.prepare('SELECT id FROM tokens WHERE installation_id = ?').bind(installation.id).all();
    expect(rows.results.length).toBe(1);
  });
});
