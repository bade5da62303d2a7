import { beforeAll, describe, expect, it } from 'vitest';
import { operatorRoutes } from '../../../src/api/operator/routes.ts';
import { directoryOf, fill } from '../../support/worker/directory-setup.ts';
import { expectUntouched } from '../../support/worker/leave-untouched.ts';
import { logAppDelivery } from '../../support/worker/logged-deliveries.ts';
import { ADMIN_TOKEN, admin, call, enroll, type Person } from '../../support/worker/requests.ts';

type Operation = { method: string; path: string };

const document = operatorRoutes.getOpenAPI31Document({ openapi: '3.1.0', info: { title: 'UMI', version: '1' } });

/** Every operation of the admin API, as the OpenAPI document names it. */
const OPERATIONS: Operation[] = Object.entries(document.paths ?? {}).flatMap(([path, operations]) =>
  Object.keys(operations).map((method) => ({ method: method.toUpperCase(), path })),
);
const BELOW_ORGANIZATION = OPERATIONS.filter(({ path }) => path.startsWith('/organizations/{organization_id}/'));

/** A valid body for every operation that has one. */
const BODY = {
  name: 'Stolen',
  first_name: 'Stolen',
  is_online_enabled: false,
  user_id: '0190a000-0000-7000-8000-00000000dead',
  targets: [{ kind: 'all' }],
  room_ids: [],
  scopes: ['settings'],
  terms_url: 'https://app.example.com/terms',
  privacy_url: 'https://app.example.com/privacy',
  endpoint_url: 'https://app.example.com/hook',
  channel_pattern: '/api/v5/orgs/{organization_id}/owned_chats',
  on_added: true,
  app_id: '0190a000-0000-7000-8000-00000000dead',
  webhooks_version: 1,
  status: 'skipped',
  url_pattern: '*',
};

type Names = { [parameter: string]: string };

const addressOf = ({ path }: Operation, names: Names) =>
  `/admin/v1${path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = names[name];
    if (value === undefined) throw new Error(`no ${name} for ${path}`);
    return encodeURIComponent(value);
  })}`;

const bodyFor = ({ method }: Operation) => (method === 'GET' || method === 'DELETE' ? {} : { body: BODY });

let owner: Person;
let stranger: Person;
let names: Names;

beforeAll(async () => {
  owner = await enroll({ scopes: ['settings', 'reports', 'users'] });
  stranger = await enroll();
  const partner = await enroll();
  const { organization_id } = owner;
  const filled = await fill(owner);
  const { team_id, room_id } = filled;
  const root = `/organizations/${organization_id}`;
  const router = await admin(`${root}/routers`, {
    method: 'POST',
    body: { name: 'Day', targets: [{ kind: 'team', id: team_id }], room_ids: [room_id] },
  });
  for (const shared of [`rooms/${room_id}`, `teams/${team_id}`]) {
    await admin(`${root}/${shared}/shares/${partner.organization_id}`, { method: 'PUT' });
  }
  const app = await admin(`${root}/apps`, { method: 'POST', body: BODY });
  const webhook = await admin(`${root}/apps/${app.json['id']}/webhooks`, { method: 'POST', body: BODY });
  const installation = await admin(`${root}/app_installations`, {
    method: 'POST',
    body: { app_id: app.json['id'] },
  });
  expect([app.status, webhook.status, installation.status]).toEqual([201, 201, 201]);
  names = {
    ...filled,
    app_id: String(app.json['id']),
    webhook_id: String(webhook.json['id']),
    installation_id: String(installation.json['id']),
    delivery_id: await logAppDelivery({
      organization_id,
      installation_id: String(installation.json['id']),
      webhook_id: String(webhook.json['id']),
      status: 'exhausted',
    }),
    user_id: owner.user_id,
    token_id: owner.token_id,
    router_id: String(router.json['id']),
    partner_id: partner.organization_id,
    // No chat: the directory has none.
    chat_id: '0190a000-0000-7000-8000-00000000dead',
    member_id: owner.user_id,
  };
});

describe('every operation of the admin API', () => {
  expectUntouched(() => directoryOf(owner));

  it('is in this table', () => {
    expect(OPERATIONS.length).toBeGreaterThan(35);
  });

  it.each(OPERATIONS)('$method $path accepts only the operator’s secret', async (operation) => {
    const refusalOf = async (authorization?: string) => {
      const request = { method: operation.method, ...bodyFor(operation) };
      const answer = await call(
        addressOf(operation, names),
        authorization === undefined ? request : { ...request, authorization },
      );
      expect(answer.json).toEqual({ detail: expect.any(String) });
      return [answer.status, answer.headers.has('WWW-Authenticate')];
    };
    expect({
      'no token': await refusalOf(),
      'a tenant’s token with every scope': await refusalOf(`Bearer ${owner.token}`),
      'another secret': await refusalOf(`Bearer ${ADMIN_TOKEN}x`),
      'a part of the secret': await refusalOf(`Bearer ${ADMIN_TOKEN.slice(0, -1)}`),
      'another scheme': await refusalOf(`Basic ${ADMIN_TOKEN}`),
    }).toEqual({
      'no token': [401, true],
      'a tenant’s token with every scope': [401, true],
      'another secret': [401, true],
      'a part of the secret': [401, true],
      'another scheme': [401, true],
    });
  });

  it.each(OPERATIONS)('$method $path is 404 in a deployment without a secret', async (operation) => {
    const answer = await call(addressOf(operation, names), {
      method: operation.method,
      authorization: `Bearer ${ADMIN_TOKEN}`,
      env: { ADMIN_TOKEN: '' },
      ...bodyFor(operation),
    });
    expect(answer.status).toBe(404);
  });

  it.each(
    BELOW_ORGANIZATION.filter(({ path }) =>
      /\{(user|team|room|router|token|app|webhook|installation|delivery|key)_id\}/.test(path),
    ),
  )('$method $path reaches nothing through the path of another organization', async (operation) => {
    for (const organization_id of [stranger.organization_id, '0190a000-0000-7000-8000-00000000dead', 'nonsense']) {
      const path = addressOf(operation, { ...names, organization_id }).replace('/admin/v1', '');
      const answer = await admin(path, { method: operation.method, ...bodyFor(operation) });
      expect([answer.status, answer.json]).toEqual([404, { detail: expect.any(String) }]);
    }
  });

  it.each(BELOW_ORGANIZATION)('$method $path is 404 for an organization that does not exist', async (operation) => {
    const organization_id = '0190a000-0000-7000-8000-00000000dead';
    const path = addressOf(operation, { ...names, organization_id }).replace('/admin/v1', '');
    expect((await admin(path, { method: operation.method, ...bodyFor(operation) })).status).toBe(404);
  });
});
