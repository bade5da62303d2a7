import { decodeJwt, type JWTHeaderParameters, SignJWT } from 'jose';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { appUserCode, appUserToken, triggerToken } from '../../../src/directory/app-tokens.ts';
import {
  type CreatedApp,
  hubKeys,
  type Installation,
  keyBytes,
  openApp,
  orgOf,
  trigger,
  uninstall,
} from '../../support/worker/apps.ts';
import { passTime, setClock } from '../../support/worker/clock.ts';
import { SIGNING_KEY_ID } from '../../support/worker/empty-hub.ts';
import { ask, type Json } from '../../support/worker/organization.ts';
import { admin, call, enroll, type Person } from '../../support/worker/requests.ts';

type Opened = { manager: Person; app: CreatedApp; installation: Installation };

const NO_CACHE = { AUTH_CACHE_SECONDS: '0' };
const asks = (authorization: string, path = '/api/v5/users/me', env = NO_CACHE) => call(path, { authorization, env });
const bearer = (token: string, env = NO_CACHE) => asks(`Bearer ${token}`, '/api/v5/users/me', env);

/** The token that a webhook of the installation carries. */
async function tokenOf({ manager, app, installation }: Opened, change: Json = {}, now = Date.now()): Promise<string> {
  const user = {
    organization_id: manager.organization_id,
    user_id: String(installation.app_user_id),
    app_id: app.id,
    scopes: ['reports'],
    ...change,
  };
  return appUserToken(await hubKeys(), user, now);
}

let opened: Opened;

beforeAll(async () => {
  opened = await openApp();
});
afterEach(() => {
  vi.useRealTimers();
});

const OPENED = { opener_token_id: '0190a000-0000-7000-8000-00000000dead', perms: [], hub: 'hub.example' };

describe('the token of an app’s bot user', () => {
  it('has the documented claims and lives for 300 seconds', async () => {
    const { manager, app, installation } = opened;
    const now = Date.now();
    const claims = decodeJwt(await tokenOf(opened, {}, now));
    expect(claims).toEqual({
      organization_id: manager.organization_id,
      scopes: ['reports'],
      version: 1,
      jti: expect.any(String),
      aud: ['user'],
      exp: Math.floor(now / 1000) + 300,
      user_id: installation.app_user_id,
      iss: 'umi',
      iat: Math.floor(now / 1000),
      app_id: app.id,
    });
  });

  it('acts as the bot user, as Bearer and as Token, with the scopes of the installation', async () => {
    const token = await tokenOf(opened);
    for (const scheme of ['Bearer', 'Token', 'bearer']) {
      const me = await asks(`${scheme} ${token}`);
      expect([me.status, me.json]).toEqual([
        200,
        expect.objectContaining({ id: opened.installation.app_user_id, is_bot: true }),
      ]);
    }
    const client = await ask({ token }, 'POST', `/users/${opened.installation.app_user_id}/clients`, {
      presence_expires_in: 60,
    });
    expect(client.status).toBe(201);
  });

  it('has the scopes of the installation, not those of its claims', async () => {
    const token = await tokenOf(opened, { scopes: ['settings', 'users', 'reports'] });
    const refused = await ask({ token }, 'GET', `${orgOf(opened.manager)}/unified_messaging`);
    expect([refused.status, refused.json]).toEqual([403, { detail: 'The scope "settings" is required.' }]);
  });

  it('expires, even when it is cached', async () => {
    const now = Date.now();
    const token = await tokenOf(opened, {}, now);
    const cached = { AUTH_CACHE_SECONDS: '3600' };
    setClock(now);
    expect((await bearer(token, cached)).status).toBe(200);
    vi.setSystemTime(now + 298_000);
    expect([(await bearer(token)).status, (await bearer(token, cached)).status]).toEqual([200, 200]);
    vi.setSystemTime(now + 300_000);
    expect([(await bearer(token)).status, (await bearer(token, cached)).status]).toEqual([401, 401]);
  });

  it('becomes invalid with the installation, at once in the isolate that ends it', async () => {
    const one = await openApp();
    const token = await tokenOf(one);
    const cached = { AUTH_CACHE_SECONDS: '3600' };
    expect((await bearer(token, cached)).status).toBe(200);
    await uninstall(one.manager, one.installation);
    expect([(await bearer(token, cached)).status, (await bearer(token)).status]).toEqual([401, 401]);
  });

  it('becomes invalid with its user, and with its app', async () => {
    const one = await openApp();
    const token = await tokenOf(one);
    expect((await bearer(token)).status).toBe(200);
    const path = `/organizations/${one.manager.organization_id}/users/${one.installation.app_user_id}`;
    expect((await admin(path, { method: 'DELETE' })).status).toBe(204);
    expect((await bearer(token)).status).toBe(401);

    const other = await openApp();
    const otherToken = await tokenOf(other);
    expect((await bearer(otherToken)).status).toBe(200);
    await ask(other.manager, 'DELETE', `${orgOf(other.manager)}/apps/${other.app.id}`);
    expect((await bearer(otherToken)).status).toBe(401);
  });

  it('is refused when it names another user, organization or app than the installation', async () => {
    const other = await openApp();
    const colleague = await enroll({ organization_id: opened.manager.organization_id });
    for (const change of [
      { user_id: colleague.user_id },
      { user_id: opened.manager.user_id },
      { user_id: other.installation.app_user_id },
      { organization_id: other.manager.organization_id },
      { app_id: other.app.id },
    ]) {
      expect([change, (await bearer(await tokenOf(opened, change))).status]).toEqual([change, 401]);
    }
  });

  it('gives no access to another organization', async () => {
    const token = await tokenOf(opened);
    const other = await openApp();
    expect((await ask({ token }, 'GET', `${orgOf(other.manager)}/users`)).status).toBe(403);
    expect((await ask({ token }, 'GET', `/users/${other.installation.app_user_id}/chats`)).status).toBe(403);
  });
});

/** The claims of a valid token, to be signed in invalid ways. */
function goodClaims({ manager, app, installation }: Opened): Json {
  const now = Math.floor(Date.now() / 1000);
  return {
    organization_id: manager.organization_id,
    scopes: ['reports'],
    version: 1,
    user_id: installation.app_user_id,
    app_id: app.id,
    jti: crypto.randomUUID(),
    aud: ['user'],
    iss: 'umi',
    iat: now,
    exp: now + 300,
  };
}

function base64url(value: unknown): string {
  return btoa(JSON.stringify(value)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

const kid = SIGNING_KEY_ID;
const sign = (claims: Json, key: Uint8Array, header: JWTHeaderParameters = { alg: 'HS256', kid }) =>
  new SignJWT(claims).setProtectedHeader(header).sign(key);

describe('a forged token', () => {
  it('is none if it is signed correctly: the claims and the key of these tests make a valid one', async () => {
    expect((await bearer(await sign(goodClaims(opened), await keyBytes('user')))).status).toBe(200);
  });

  it.each<[string, (claims: Json, key: Uint8Array) => string | Promise<string>]>([
    ['with alg none', (claims) => `${base64url({ alg: 'none' })}.${base64url(claims)}.`],
    ['with alg none and a signature', (claims) => `${base64url({ alg: 'none' })}.${base64url(claims)}.AAAA`],
    ['of another key', (claims) => sign(claims, new Uint8Array(32))],
    ['of the key of another kind of token', async (claims) => sign(claims, await keyBytes('visitor'))],
    ['that names no key', (claims, key) => sign(claims, key, { alg: 'HS256' })],
    ['that names an unknown key', (claims, key) => sign(claims, key, { alg: 'HS256', kid: 'another' })],
    ['that names the key of visitors', (claims, key) => sign(claims, key, { alg: 'HS256', kid: 'visitors' })],
    ['that lives longer than five minutes', (claims, key) => sign({ ...claims, exp: Number(claims['exp']) + 60 }, key)],
    ['of the app’s own secret', (claims) => sign(claims, new TextEncoder().encode(opened.app.secret))],
    ['of another algorithm', (claims, key) => sign(claims, new Uint8Array([...key, ...key]), { alg: 'HS512', kid })],
    ['that is expired', (claims, key) => sign({ ...claims, exp: Math.floor(Date.now() / 1000) - 1 }, key)],
    ['without an expiry', ({ exp, ...claims }, key) => sign(claims, key)],
    ['that is not valid yet', (claims, key) => sign({ ...claims, nbf: Math.floor(Date.now() / 1000) + 60 }, key)],
    ['for triggers', (claims, key) => sign({ ...claims, aud: ['trigger'] }, key)],
    ['for visitors', (claims, key) => sign({ ...claims, aud: 'visitor' }, key)],
    ['without an audience', ({ aud, ...claims }, key) => sign(claims, key)],
    ['of another issuer', (claims, key) => sign({ ...claims, iss: 'service.giosg.com' }, key)],
    ['without a user', ({ user_id, ...claims }, key) => sign(claims, key)],
    ['with a user that is not a text', (claims, key) => sign({ ...claims, user_id: { $ne: '' } }, key)],
    [
      'with other claims than were signed',
      async (claims, key) => {
        const [header, , signature] = (await sign(claims, key)).split('.');
        return `${header}.${base64url({ ...claims, user_id: opened.manager.user_id })}.${signature}`;
      },
    ],
    ['that is too long', async (claims, key) => sign({ ...claims, padding: 'x'.repeat(5000) }, key)],
    ['that is not a JWT', () => 'a.b.c'],
    ['of dots', () => '..'],
  ])('%s is refused with 401 and a challenge', async (_, forge) => {
    const answer = await bearer(await forge(goodClaims(opened), await keyBytes('user')));
    expect([answer.status, answer.json]).toEqual([401, { detail: 'Invalid token.' }]);
    expect(answer.headers.has('WWW-Authenticate')).toBe(true);
  });

  it('is none that is a code or the token of a trigger', async () => {
    const { manager, app, installation } = opened;
    const names = { app_id: app.id, installation_id: installation.id };
    const keys = await hubKeys();
    expect((await bearer(await appUserCode(keys, names, Date.now()))).status).toBe(401);
    const who = {
      ...names,
      organization_id: manager.organization_id,
      user_id: manager.user_id,
      ...OPENED,
    };
    expect((await bearer(await triggerToken(keys, who, Date.now()))).status).toBe(401);
  });
});

describe('GIOSGAPP credentials', () => {
  const triggerOf = async (person: Person, { installation }: Opened) =>
    (await trigger(person, installation, 'type=manual_nav')).parameters.get('token') ?? '';

  it('act as the user who opened the app, with the scopes that their token and the installation both have', async () => {
    const agent = await enroll({ organization_id: opened.manager.organization_id });
    const header = `GIOSGAPP ${await triggerOf(agent, opened)} ${opened.app.secret}`;
    expect((await asks(header)).json).toMatchObject({ id: agent.user_id });
    expect((await asks(header.replace('GIOSGAPP', 'giosgapp'))).status).toBe(200);
    // The manager has the scope, but the installation does not.
    const managers = `GIOSGAPP ${await triggerOf(opened.manager, opened)} ${opened.app.secret}`;
    expect((await asks(managers)).json).toMatchObject({ id: opened.manager.user_id });
    expect((await asks(managers, `/api/v5${orgOf(opened.manager)}/unified_messaging`)).status).toBe(403);
    const other = await openApp();
    expect((await asks(managers, `/api/v5${orgOf(other.manager)}/users`)).status).toBe(403);
  });

  it('open to a user nothing that they cannot open themselves', async () => {
    const one = await openApp({ required_scopes: ['settings', 'reports'] });
    const { organization_id } = one.manager;
    const path = `/api/v5/orgs/${organization_id}/unified_messaging`;
    const statusFor = async (scopes: string[]) => {
      const person = await enroll({ organization_id, scopes });
      const { parameters } = await trigger(person, one.installation, 'type=manual_nav');
      const token = parameters.get('token') ?? '';
      return [(await asks(`GIOSGAPP ${token} ${one.app.secret}`, path)).status, decodeJwt(token)['perms']];
    };
    expect(await statusFor([])).toEqual([403, []]);
    expect(await statusFor(['users', 'reports'])).toEqual([403, ['reports']]);
    expect(await statusFor(['users', 'settings'])).toEqual([200, ['settings']]);
  });

  it('end with the token with which the user opened the app', async () => {
    const { organization_id } = opened.manager;
    const cached = { AUTH_CACHE_SECONDS: '3600' };
    const me = '/api/v5/users/me';
    const agent = await enroll({ organization_id });
    const header = `GIOSGAPP ${await triggerOf(agent, opened)} ${opened.app.secret}`;
    expect((await asks(header, me, cached)).status).toBe(200);
    const path = `/organizations/${organization_id}/users/${agent.user_id}/tokens/${agent.token_id}`;
    expect((await admin(path, { method: 'DELETE' })).status).toBe(204);
    expect([(await asks(header, me, cached)).status, (await asks(header)).status]).toEqual([401, 401]);

    const now = Date.now();
    setClock(now);
    const brief = await enroll({ organization_id, expires_at: new Date(now + 60_000).toISOString() });
    const briefly = `GIOSGAPP ${await triggerOf(brief, opened)} ${opened.app.secret}`;
    passTime(59_000);
    expect((await asks(briefly, me, cached)).status).toBe(200);
    passTime(1_000);
    expect([(await asks(briefly, me, cached)).status, (await asks(briefly)).status]).toEqual([401, 401]);
  });

  it('are refused with the token of another user as its opener', async () => {
    const { manager, app, installation } = opened;
    const { organization_id, user_id } = await enroll({ organization_id: manager.organization_id });
    const stranger = await enroll({ scopes: ['reports'] });
    const names = { organization_id, user_id, app_id: app.id, installation_id: installation.id };
    const statusWith = async (opener_token_id: string) => {
      const trigger = { ...names, ...OPENED, opener_token_id };
      return (await asks(`GIOSGAPP ${await triggerToken(await hubKeys(), trigger, Date.now())} ${app.secret}`)).status;
    };
    expect(await statusWith(manager.token_id)).toBe(401);
    expect(await statusWith(stranger.token_id)).toBe(401);
    expect(await statusWith(OPENED.opener_token_id)).toBe(401);
  });

  it('are refused when token and secret belong to different apps', async () => {
    const { app } = opened;
    const other = await openApp();
    const token = await triggerOf(opened.manager, opened);
    for (const header of [
      `GIOSGAPP ${token} ${other.app.secret}`,
      `GIOSGAPP ${token} ${app.secret}x`,
      `GIOSGAPP ${token}`,
      `GIOSGAPP ${token} ${app.secret} more`,
      `GIOSGAPP ${app.secret} ${token}`,
      'GIOSGAPP',
      `GIOSGAPP ${await tokenOf(opened)} ${app.secret}`,
      `GIOSGAPP ${await triggerOf(other.manager, other)} ${app.secret}`,
      `Bearer ${token}`,
      `Bearer ${app.secret}`,
      `Bearer ${token} ${app.secret}`,
    ]) {
      const answer = await asks(header);
      expect([header, answer.status, answer.headers.has('WWW-Authenticate')]).toEqual([header, 401, true]);
    }
  });

  it('are refused with a token of the same claims that has another type', async () => {
    const { app } = opened;
    const token = await triggerOf(opened.manager, opened);
    const claims = decodeJwt(token);
    const key = await keyBytes('trigger');
    const statusOf = async (header: { alg: string; typ?: string }, more: Json = {}) => {
      const forged = await sign({ ...claims, ...more }, key, { ...header, kid });
      return (await asks(`GIOSGAPP ${forged} ${app.secret}`)).status;
    };
    const [alg, full] = ['HS256', { iss: 'umi', aud: ['trigger'] }];
    expect(await statusOf({ alg, typ: 'trigger+jwt' })).toBe(200);
    expect(await statusOf({ alg })).toBe(401);
    expect(await statusOf({ alg, typ: 'JWT' })).toBe(401);
    expect(await statusOf({ alg, typ: 'JWT' }, full)).toBe(401);
    expect(await statusOf({ alg, typ: 'JWT' }, { ...full, aud: ['user'] })).toBe(401);
  });

  it('are refused for an installation of another organization', async () => {
    const { app, installation } = opened;
    const stranger = await enroll();
    const now = Date.now();
    for (const organization_id of [stranger.organization_id, opened.manager.organization_id]) {
      const opener = { ...OPENED, opener_token_id: stranger.token_id, user_id: stranger.user_id };
      const names = { ...opener, organization_id, app_id: app.id, installation_id: installation.id };
      const token = await triggerToken(await hubKeys(), names, now);
      expect((await asks(`GIOSGAPP ${token} ${app.secret}`)).status).toBe(401);
    }
  });

  it('become invalid after ten minutes, and with the old secret, the installation and the user', async () => {
    const one = await openApp();
    const agent = await enroll({ organization_id: one.manager.organization_id });
    const token = await triggerOf(agent, one);
    const header = (secret: string) => `GIOSGAPP ${token} ${secret}`;
    const cached = { AUTH_CACHE_SECONDS: '3600' };
    const me = '/api/v5/users/me';
    expect((await asks(header(one.app.secret), me, cached)).status).toBe(200);
    const rotated = await ask(one.manager, 'POST', `${orgOf(one.manager)}/apps/${one.app.id}/secret/rotate`);
    const secret = String(rotated.json['secret']);
    expect((await asks(header(one.app.secret), me, cached)).status).toBe(401);
    expect((await asks(header(secret), me, cached)).status).toBe(200);

    passTime(601_000);
    expect((await asks(header(secret), me, cached)).status).toBe(401);
    vi.useRealTimers();

    expect((await asks(header(secret), me, cached)).status).toBe(200);
    await uninstall(one.manager, one.installation);
    expect((await asks(header(secret), me, cached)).status).toBe(401);

    const gone = await enroll({ organization_id: opened.manager.organization_id });
    const goneHeader = `GIOSGAPP ${await triggerOf(gone, opened)} ${opened.app.secret}`;
    expect((await asks(goneHeader)).status).toBe(200);
    await admin(`/organizations/${gone.organization_id}/users/${gone.user_id}`, { method: 'DELETE' });
    expect((await asks(goneHeader)).status).toBe(401);
  });

  it('open no app, so that they cannot be renewed', async () => {
    const header = `GIOSGAPP ${await triggerOf(opened.manager, opened)} ${opened.app.secret}`;
    const path = `/api/v5${orgOf(opened.manager)}/app_installations/${opened.installation.id}/trigger?type=manual_nav`;
    expect((await asks(header, path)).status).toBe(403);
    expect((await asks(`Bearer ${await tokenOf(opened)}`, path)).status).toBe(403);
  });
});
