import { decodeJwt } from 'jose';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { appUserCode, appUserToken } from '../../../src/directory/app-tokens.ts';
import { APP_TRIGGERS } from '../../../src/resources/app.ts';
import {
  type CreatedApp,
  hubKeys,
  type Installation,
  keysOf,
  openApp,
  orgOf,
  trigger,
  uninstall,
} from '../../support/worker/apps.ts';
import { setClock } from '../../support/worker/clock.ts';
import { ask } from '../../support/worker/organization.ts';
import { type Answer, brokenDatabase, call, type Person } from '../../support/worker/requests.ts';

type Form = { [field: string]: string };

let manager: Person;
let app: CreatedApp;
let installation: Installation;

beforeAll(async () => {
  ({ manager, app, installation } = await openApp({ trigger_types: APP_TRIGGERS }));
});
afterEach(() => {
  vi.useRealTimers();
});

function post(raw: string, env: Partial<Env> = {}): Promise<Answer> {
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
  return call('/identity/token', { method: 'POST', raw, headers, env });
}

/** A code of the install trigger. */
async function newCode(person = manager, where = installation): Promise<string> {
  const { parameters } = await trigger(person, where, 'type=install');
  return String(decodeJwt(parameters.get('data') ?? '')['app_user_code']);
}

const formOf = (code: string, change: Form = {}): Form => ({
  grant_type: 'authorization_code',
  code,
  client_id: app.id,
  client_secret: app.secret,
  ...change,
});

const exchange = (code: string, change: Form = {}) => post(`${new URLSearchParams(formOf(code, change))}`);

const refusal = (error: string) => [400, { error, error_description: expect.any(String) }];

describe('POST /identity/token', () => {
  it('exchanges a code for a lasting token of the bot user', async () => {
    const answer = await exchange(await newCode());
    expect([answer.status, answer.json]).toEqual([
      200,
      {
        access_token: expect.stringMatching(/^umi_/),
        token_type: 'Token',
        user_id: installation.app_user_id,
        organization_id: manager.organization_id,
        app_id: app.id,
      },
    ]);
    expect(answer.headers.get('Cache-Control')).toBe('no-store');
    const token = String(answer.json['access_token']);
    const me = await call('/api/v5/users/me', { authorization: `Token ${token}` });
    expect([me.status, me.json]).toEqual([200, expect.objectContaining({ id: installation.app_user_id })]);
    expect((await ask({ token }, 'GET', `${orgOf(manager)}/unified_messaging`)).status).toBe(403);
  });

  it.each(APP_TRIGGERS.filter((type) => type !== 'uninstall'))('accepts the code of the trigger %s', async (type) => {
    const { parameters } = await trigger(manager, installation, `type=${type}`);
    const code = String(decodeJwt(parameters.get('data') ?? '')['app_user_code']);
    const answer = await exchange(code);
    expect([answer.status, answer.json]).toEqual([200, expect.objectContaining({ user_id: installation.app_user_id })]);
  });

  it('accepts a code once, even in two requests at the same time', async () => {
    const code = await newCode();
    const answers = await Promise.all(Array.from({ length: 4 }, () => exchange(code)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400, 400]);
    const late = await exchange(code);
    expect([late.status, late.json]).toEqual(refusal('invalid_grant'));
  });

  it('accepts a code for 30 seconds', async () => {
    const code = await newCode();
    const other = await newCode();
    const exp = Number(decodeJwt(code).exp) * 1000;
    setClock(exp - 1);
    expect((await exchange(code)).status).toBe(200);
    vi.setSystemTime(Number(decodeJwt(other).exp) * 1000);
    expect((await exchange(other)).json).toMatchObject({ error: 'invalid_grant' });
    // The record of the used code is deleted by now. The code is refused because it has expired.
    vi.setSystemTime(exp + 60_000);
    const fresh = await newCode();
    expect((await exchange(fresh)).status).toBe(200);
    expect((await exchange(code)).json).toMatchObject({ error: 'invalid_grant' });
  });

  it('gives tokens that become invalid with the installation', async () => {
    const one = await openApp();
    const change = { client_id: one.app.id, client_secret: one.app.secret };
    const code = await newCode(one.manager, one.installation);
    const late = await newCode(one.manager, one.installation);
    const token = String((await exchange(code, change)).json['access_token']);
    const cached = { authorization: `Token ${token}`, env: { AUTH_CACHE_SECONDS: '3600' } };
    expect((await call('/api/v5/users/me', cached)).status).toBe(200);
    await uninstall(one.manager, one.installation);
    expect((await call('/api/v5/users/me', cached)).status).toBe(401);
    const refused = await exchange(late, change);
    expect([refused.status, refused.json]).toEqual(refusal('invalid_grant'));
  });

  it('refuses other clients than the app, without using up the code', async () => {
    const other = await openApp();
    const code = await newCode();
    const refused = [
      [await exchange(code, { client_secret: other.app.secret }), 'invalid_client'],
      [await exchange(code, { client_secret: `${app.secret}x` }), 'invalid_client'],
      [await exchange(code, { client_id: 'x' }), 'invalid_client'],
      [await exchange(code, { client_id: '0190a000-0000-7000-8000-00000000dead' }), 'invalid_client'],
      [await exchange(code, { client_id: other.app.id, client_secret: other.app.secret }), 'invalid_grant'],
      [await exchange(code, { grant_type: 'password' }), 'unsupported_grant_type'],
    ] as const;
    for (const [answer, error] of refused) expect([answer.status, answer.json]).toEqual(refusal(error));
    expect((await exchange(code)).status).toBe(200);
  });

  it.each(['grant_type', 'code', 'client_id', 'client_secret'])(
    'refuses a form without %s, or with two',
    async (field) => {
      const form = new URLSearchParams(formOf(await newCode()));
      const doubled = new URLSearchParams([...form, [field, 'x']]);
      form.delete(field);
      for (const body of [form, doubled]) {
        const answer = await post(`${body}`);
        expect([answer.status, answer.json]).toEqual(refusal('invalid_request'));
      }
    },
  );

  it('refuses a body that is not a form, and an endless one', async () => {
    for (const body of ['', '{"grant_type":"authorization_code"}', '\0', '%', `code=${'x'.repeat(100_000)}`]) {
      const answer = await post(body);
      expect([answer.status, answer.json]).toEqual(refusal('invalid_request'));
    }
  });

  it('refuses forged codes and other tokens', async () => {
    const keys = await hubKeys();
    const names = { app_id: app.id, installation_id: installation.id };
    const user = {
      organization_id: manager.organization_id,
      user_id: String(installation.app_user_id),
      app_id: app.id,
    };
    const { parameters } = await trigger(manager, installation, 'type=install');
    for (const code of [
      'x',
      await appUserCode(await keysOf(new Uint8Array(32)), names, Date.now()),
      await appUserCode(await keysOf(Uint8Array.from(new TextEncoder().encode(app.secret))), names, Date.now()),
      await appUserCode(keys, names, Date.now() - 31_000),
      await appUserToken(keys, { ...user, scopes: [] }, Date.now()),
      parameters.get('token') ?? '',
      parameters.get('data') ?? '',
      await appUserCode(keys, { ...names, installation_id: app.id }, Date.now()),
    ]) {
      const answer = await exchange(code);
      expect([answer.status, answer.json]).toEqual(refusal('invalid_grant'));
    }
  });

  it('is in the reference, with the fields of its form', async () => {
    const { paths, components } = (await call('/openapi.json')).json as {
      paths: { [path: string]: { post?: { requestBody?: unknown } } };
      components: { schemas: { [name: string]: unknown } };
    };
    expect(paths['/identity/token']?.post?.requestBody).toMatchObject({
      content: {
        'application/x-www-form-urlencoded': { schema: { $ref: '#/components/schemas/ExchangeAppUserCode' } },
      },
    });
    expect(components.schemas['ExchangeAppUserCode']).toMatchObject({
      properties: { grant_type: {}, code: {}, client_id: {}, client_secret: {} },
    });
  });

  it('answers 405 to other methods and 503 while D1 is away', async () => {
    const got = await call('/identity/token');
    expect([got.status, got.headers.get('Allow')]).toEqual([405, 'POST']);
    const form = `${new URLSearchParams(formOf(await newCode()))}`;
    const away = await post(form, { DB: brokenDatabase });
    expect([away.status, Object.keys(away.json)]).toEqual([503, ['detail']]);
    expect((await post(form)).status).toBe(200);
  });
});
