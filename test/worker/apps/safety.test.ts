import { beforeAll, describe, expect, it } from 'vitest';
import { appsRoutes } from '../../../src/api/apps/routes.ts';
import { type Callers, enrollCallers, expectSafe, LONG_AGO } from '../../support/worker/access-checks.ts';
import {
  ALL_SCOPES,
  APP_REFUSED,
  appCredentials,
  codeIn,
  install,
  lastingToken,
  newApp,
  newWebhook,
  openApp,
  orgOf,
  trigger,
} from '../../support/worker/apps.ts';
import { logAppDelivery } from '../../support/worker/logged-deliveries.ts';
import { ask, resultsOf } from '../../support/worker/organization.ts';
import { admin, call, enroll, type Person } from '../../support/worker/requests.ts';

const document = appsRoutes.getOpenAPI31Document({ openapi: '3.1.0', info: { title: 'UMI', version: '1' } });
const routes = Object.entries(document.paths ?? {}).flatMap(([path, operations]) =>
  Object.keys(operations).map((method) => [method.toUpperCase(), path] as const),
);
const organizationRoutes = routes.filter(([, path]) => path.startsWith('/orgs/'));
const otherRoutes = routes.filter(([, path]) => !path.startsWith('/orgs/'));

type Names = { [parameter: string]: string };

let callers: Callers;
let expired: Person;
/** The resources of the owner's organization and of another one. */
let own: Names;
let foreign: Names;
let stranger: Person;

beforeAll(async () => {
  callers = await enrollCallers(ALL_SCOPES);
  const { organization_id } = callers.owner;
  expired = await enroll({ organization_id, scopes: ALL_SCOPES, expires_at: LONG_AGO });
  own = await fill(callers.owner);
  const other = await openApp();
  stranger = other.manager;
  foreign = await fill(stranger);
});

/** An app of the person's organization with a webhook, installed. */
async function fill(person: Person): Promise<Names> {
  const root = orgOf(person);
  const app = await ask(person, 'POST', `${root}/apps`, newApp(TRIGGERED));
  const webhook = await ask(person, 'POST', `${root}/apps/${app.json['id']}/webhooks`, newWebhook());
  const { id, secret } = app.json as { id: string; secret: string };
  const installation = await install(person, id);
  await lastingToken({ id, secret }, codeIn((await trigger(person, installation, 'type=manual_nav')).parameters));
  const [token] = resultsOf(await ask(person, 'GET', `${root}/app_installations/${installation.id}/tokens`));
  return {
    organization_id: person.organization_id,
    app_id: id,
    webhook_id: String(webhook.json['id']),
    installation_id: installation.id,
    token_id: String(token?.['id']),
    delivery_id: await logAppDelivery({
      organization_id: person.organization_id,
      installation_id: installation.id,
      webhook_id: String(webhook.json['id']),
      status: 'exhausted',
    }),
  };
}

const TRIGGERED = {
  trigger_url: 'https://apps.example.com/',
  trigger_types: ['manual_nav'],
  is_app_user_required: true,
};

/** A valid request to a route, so that a refusal has another reason. */
function requestTo(method: string, path: string, names: Names): { path: string; body?: unknown } {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => names[name] ?? `no ${name}`);
  const url = `/api/v5${filled}${path.endsWith('/trigger') ? '?type=manual_nav' : ''}`;
  if (path.endsWith('/installations/{installation_id}/replay')) return { path: url, body: { status: 'exhausted' } };
  if (method === 'GET' || method === 'DELETE' || /\/(rotate|test|replay)$/.test(path)) return { path: url };
  if (path.endsWith('/consent')) return { path: url, body: { webhooks_version: 2 } };
  if (path.endsWith('/app_installations')) return { path: url, body: { app_id: names['app_id'] } };
  return { path: url, body: path.includes('/webhooks') ? newWebhook() : newApp(TRIGGERED) };
}

/** The routes that every user of the organization may use. */
const isOpen = (method: string, path: string) =>
  path.endsWith('/trigger') || (method === 'GET' && path.includes('/app_installations'));

/** Everything that the registry has of an organization, as the operator sees it. */
async function registryOf(names: Names): Promise<string[]> {
  const root = `/organizations/${names['organization_id']}`;
  const installations = `${root}/app_installations`;
  const tokens = `${installations}/${names['installation_id']}/tokens`;
  const paths = [`${root}/apps`, `${root}/apps/${names['app_id']}/webhooks`, installations, tokens];
  return Promise.all(paths.map(async (path) => (await admin(path)).text));
}

describe('every route of the registry', () => {
  it('is in this table', () => {
    expect(organizationRoutes.length).toBe(30);
    expect(otherRoutes.map(([method, path]) => `${method} ${path}`)).toEqual([
      'GET /public_apps',
      'GET /public_apps/{app_id}',
    ]);
  });

  it.each(organizationRoutes)('%s %s refuses callers without the right, and changes nothing', async (method, path) => {
    const before = await registryOf(own);
    const { body } = requestTo(method, path, own);
    const pathOf = (organization_id: string) => requestTo(method, path, { ...own, organization_id }).path;
    const needsScope = !isOpen(method, path);
    await expectSafe(
      { method, path: pathOf, unknown: 403, needsScope, ...(body === undefined ? {} : { body }) },
      callers,
    );
    const late = await ask(expired, method, requestTo(method, path, own).path.replace('/api/v5', ''), body);
    expect([late.status, late.headers.has('WWW-Authenticate')]).toEqual([401, true]);
    expect(await registryOf(own)).toEqual(before);
  });

  it.each(organizationRoutes.filter(([, path]) => /(app|webhook|installation|delivery|token)_id/.test(path)))(
    '%s %s gives no access to another organization',
    async (method, path) => {
      const before = await registryOf(foreign);
      const names = { ...foreign, organization_id: callers.owner.organization_id };
      const { path: url, body } = requestTo(method, path, names);
      const answer = await ask(callers.owner, method, url.replace('/api/v5', ''), body);
      expect([answer.status, answer.json]).toEqual([404, { detail: expect.stringMatching(/not found\.$/) }]);
      expect(await registryOf(foreign)).toEqual(before);
    },
  );

  it('refuses the credentials of an app, except to read what is installed, and changes nothing', async () => {
    const credentials = await appCredentials(callers.owner, ALL_SCOPES);
    const before = await registryOf(own);
    for (const [name, authorization] of credentials) {
      const answers = new Map<string, unknown>();
      for (const [method, path] of organizationRoutes) {
        const { path: url, body } = requestTo(method, path, own);
        const answer = await call(url, { method, authorization, ...(body === undefined ? {} : { body }) });
        answers.set(`${method} ${path}`, answer.status === 403 ? [403, answer.json] : answer.status);
      }
      const isReading = ([method, path]: readonly [string, string]) =>
        method === 'GET' && /\/app_installations(\/\{installation_id\})?$/.test(path);
      expect([name, answers]).toEqual([
        name,
        new Map(organizationRoutes.map((route) => [route.join(' '), isReading(route) ? 200 : APP_REFUSED])),
      ]);
    }
    expect(await registryOf(own)).toEqual(before);
  });

  it.each(otherRoutes)('%s %s refuses callers without the right', async (method, path) => {
    const url = requestTo(method, path, own).path;
    const statusFor = async (authorization?: string) => {
      const env = { AUTH_CACHE_SECONDS: '0' };
      return (await call(url, { method, env, ...(authorization === undefined ? {} : { authorization }) })).status;
    };
    const { owner, foreigner, powerless, revoked } = callers;
    const of = ({ token }: Person) => statusFor(`Bearer ${token}`);
    expect({
      'no token': await statusFor(),
      'unknown token': await statusFor('Bearer umi_unknown'),
      'revoked token': await statusFor(`Bearer ${revoked}`),
      'expired token': await of(expired),
      'missing scope': await of(powerless),
      'own organization': await of(owner),
      'foreign organization': await of(foreigner),
    }).toEqual({
      'no token': 401,
      'unknown token': 401,
      'revoked token': 401,
      'expired token': 401,
      'missing scope': 403,
      'own organization': 200,
      'foreign organization': path.endsWith('}') ? 404 : 200,
    });
  });

  it('is closed to an organization without a subscription', async () => {
    const unpaid = await enroll({ scopes: ALL_SCOPES });
    const body = { has_active_subscription: false };
    await admin(`/organizations/${unpaid.organization_id}`, { method: 'PATCH', body });
    for (const [method, path] of routes) {
      const names = { ...own, organization_id: unpaid.organization_id };
      const request = requestTo(method, path, names);
      expect((await ask(unpaid, method, request.path.replace('/api/v5', ''), request.body)).status).toBe(403);
    }
  });

  it('ignores another organization in the body', async () => {
    const body = newApp({
      organization_id: stranger.organization_id,
      id: foreign['app_id'],
      secret: 'x',
      installation_count: 9,
    });
    const made = await ask(callers.owner, 'POST', `${orgOf(callers.owner)}/apps`, body);
    expect(made.json).toMatchObject({ owned_by_organization_id: callers.owner.organization_id, installation_count: 0 });
    expect(made.json['id']).not.toBe(foreign['app_id']);
    expect(made.json['secret']).not.toBe('x');
  });
});
