import { Webhook } from 'standardwebhooks';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { newApp, openApp, orgOf, trigger } from '../../support/worker/apps.ts';
import { Gateway } from '../../support/worker/gateway.ts';
import { ask, type Json } from '../../support/worker/organization.ts';
import { databaseIn } from '../../support/worker/racing-database.ts';
import { admin, call, testEnv } from '../../support/worker/requests.ts';

const WITHOUT_KEY = { SECRETS_KEY: '' };
const OTHER_KEY = { SECRETS_KEY: btoa('another key of the tests, 32 byt') };

let hub: Gateway;
beforeAll(async () => {
  hub = await Gateway.open();
});
afterEach(() => {
  vi.restoreAllMocks();
});

async function rowOf(table: 'channels' | 'apps', id: string): Promise<Json> {
  return (await testEnv.DB.prepare(`SELECT * FROM ${table} WHERE id = ?`).bind(id).first<Json>()) ?? {};
}

async function secretOf(channelId: string, env: Partial<Env> = {}) {
  return await hub.request('GET', `/${channelId}/secret`, undefined, { env });
}

/** The requests to receivers, which all answer 200. */
function receive(): { headers: Record<string, string>; body: string }[] {
  const sent: { headers: Record<string, string>; body: string }[] = [];
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (_, init) => {
    sent.push({ headers: Object.fromEntries(new Headers(init?.headers)), body: String(init?.body) });
    return new Response('ok');
  });
  return sent;
}

describe('the secrets in D1', () => {
  it('are wrapped: those of a channel, before and after a rotation', async () => {
    const id = await hub.register();
    const { secret } = (await secretOf(id)).json;
    expect(secret).toEqual(expect.stringMatching(/^whsec_/));
    expect(await rowOf('channels', id)).toMatchObject({
      secret: expect.stringMatching(/^v1\./),
      previous_secret: null,
    });
    const rotated = await hub.request('POST', `/${id}/secret/rotate`, {});
    const row = await rowOf('channels', id);
    expect(row).toMatchObject({
      secret: expect.stringMatching(/^v1\./),
      previous_secret: expect.stringMatching(/^v1\./),
    });
    for (const text of [String(secret), String(rotated.json['secret'])])
      expect(JSON.stringify(row)).not.toContain(text);
  });

  it('are wrapped: that of an app, before and after a rotation', async () => {
    const { manager, app } = await openApp();
    expect(await rowOf('apps', app.id)).toMatchObject({ secret: expect.stringMatching(/^v1\./) });
    const rotated = await ask(manager, 'POST', `${orgOf(manager)}/apps/${app.id}/secret/rotate`);
    expect(rotated.json['secret']).toEqual(expect.stringMatching(/^umiapp_/));
    expect(await rowOf('apps', app.id)).toMatchObject({ secret: expect.stringMatching(/^v1\./) });
  });

  it('work in their own row only', async () => {
    const [mine, other] = [await hub.register(), await hub.register()];
    await testEnv.DB.prepare('UPDATE channels SET secret = (SELECT secret FROM channels WHERE id = ?) WHERE id = ?')
      .bind(other, mine)
      .run();
    const answer = await secretOf(mine);
    expect([answer.status, answer.json]).toEqual([500, { detail: 'Internal server error.' }]);
  });

  it('are read as they are when they come from before there was a key, and wrapped by a rotation', async () => {
    const id = await hub.register();
    const old = `whsec_${btoa('0123456789abcdef0123456789abcdef')}`;
    await testEnv.DB.prepare('UPDATE channels SET secret = ? WHERE id = ?').bind(old, id).run();
    expect((await secretOf(id)).json['secret']).toBe(old);
    const rotated = await hub.request('POST', `/${id}/secret/rotate`, {});
    expect(rotated.status).toBe(200);
    const sent = receive();
    await hub.request('POST', `/${id}/test`);
    for (const secret of [old, String(rotated.json['secret'])]) {
      expect(new Webhook(secret).verify(sent[0]?.body ?? '', sent[0]?.headers ?? {})).toBeTruthy();
    }
    expect(await rowOf('channels', id)).toMatchObject({ previous_secret: expect.stringMatching(/^v1\./) });
  });

  it('are not rotated twice at once: the later of two calls would drop a secret that no receiver has seen', async () => {
    const id = await hub.register();
    const before = String((await secretOf(id)).json['secret']);
    let first = '';
    const rotateFirst = async () => {
      first = String((await hub.request('POST', `/${id}/secret/rotate`, {})).json['secret']);
    };
    const second = await hub.request('POST', `/${id}/secret/rotate`, {}, { env: { DB: databaseIn(rotateFirst) } });
    expect([second.status, second.json]).toEqual([
      409,
      { detail: 'The secret was changed by another call: read it before you rotate it again.' },
    ]);
    const sent = receive();
    await hub.request('POST', `/${id}/test`);
    for (const secret of [before, first]) {
      expect(new Webhook(secret).verify(sent[0]?.body ?? '', sent[0]?.headers ?? {})).toBeTruthy();
    }
  });
});

describe('a Worker that lacks the key', () => {
  it.each([
    ['no key', WITHOUT_KEY, 'SECRETS_KEY is not set'],
    ['another key', OTHER_KEY, 'was wrapped by the key'],
    ['a malformed key', { SECRETS_KEY: 'x' }, 'SECRETS_KEY is not the base64 of 32 bytes'],
  ])('with %s answers 503 and says why in its log only', async (_, env, reason) => {
    const id = await hub.register();
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    const before = await rowOf('channels', id);
    for (const answer of [
      await secretOf(id, env),
      await hub.request('POST', `/${id}/secret/rotate`, {}, { env }),
      await hub.request('POST', `/${id}/test`, undefined, { env }),
    ]) {
      expect([answer.status, answer.json]).toEqual([
        503,
        { detail: 'Service temporarily unavailable, try again later.' },
      ]);
    }
    expect(await rowOf('channels', id)).toEqual(before);
    expect(log.mock.calls.map(String).every((line) => line.includes(reason))).toBe(true);
    expect(log).toHaveBeenCalledTimes(3);
  });

  it('makes no channel and no app', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const { manager } = await openApp();
    const count = async () =>
      await testEnv.DB.prepare('SELECT (SELECT count(*) FROM apps) + (SELECT count(*) FROM channels) AS n').first('n');
    const before = await count();
    const made = await call(`/api/v5${orgOf(manager)}/apps`, {
      method: 'POST',
      authorization: `Bearer ${manager.token}`,
      body: newApp(),
      env: WITHOUT_KEY,
    });
    expect([made.status, (await hub.request('POST', '', hub.fields(), { env: WITHOUT_KEY })).status]).toEqual([
      503, 503,
    ]);
    expect(await count()).toBe(before);
  });

  it('lets no app in, and opens none', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const { manager, app, installation } = await openApp();
    const opened = await trigger(manager, installation, 'type=setup');
    const path = `/api/v5${orgOf(manager)}/owned_chats`;
    const authorization = `GIOSGAPP ${opened.parameters.get('token')} ${app.secret}`;
    expect((await call(path, { authorization, env: OTHER_KEY })).status).toBe(503);
    expect((await call(path, { authorization })).status).toBe(200);
    const again = `/api/v5${orgOf(manager)}/app_installations/${installation.id}/trigger?type=setup`;
    expect((await call(again, { authorization: `Bearer ${manager.token}`, env: OTHER_KEY })).status).toBe(503);
  });

  it('is unhealthy', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    expect((await call('/healthz', { env: WITHOUT_KEY })).status).toBe(503);
    expect(log.mock.calls.map(String)).toEqual([
      JSON.stringify({ level: 'error', event: 'unhealthy', error: 'SECRETS_KEY is not set' }),
    ]);
    expect((await call('/healthz', { env: { SECRETS_KEY_PREVIOUS: 'x' } })).status).toBe(503);
    // The hub's keys are those of the tests until a rotation wraps them.
    expect((await call('/healthz', { env: OTHER_KEY })).status).toBe(200);
    expect((await admin('/secrets/rewrap', { method: 'POST', body: {} })).json['rewrapped']).toBe(2);
    log.mockClear();
    expect((await call('/healthz', { env: OTHER_KEY })).status).toBe(503);
    expect(JSON.parse(String(log.mock.calls[0]))).toEqual({
      level: 'error',
      event: 'unhealthy',
      error: expect.stringMatching(/^a secret in signing_keys was wrapped by the key \w{8}, and the Worker has \w{8}$/),
    });
    const both = { ...OTHER_KEY, SECRETS_KEY_PREVIOUS: String(testEnv.SECRETS_KEY) };
    expect((await call('/healthz', { env: both })).status).toBe(200);
    expect((await call('/healthz')).status).toBe(200);
  });
});
