import { beforeAll, describe, expect, it } from 'vitest';
import { newUuid } from '../../../src/resources/uuid.ts';
import { anotherWebhook, createApp, enrollManager, newWebhook, OWNED_CHATS, orgOf } from '../../support/worker/apps.ts';
import { ask, type Json, resultsOf, TIME, UUID } from '../../support/worker/organization.ts';
import type { Person } from '../../support/worker/requests.ts';

let manager: Person;
let appId: string;
let webhooks: string;

beforeAll(async () => {
  manager = await enrollManager();
  appId = (await createApp(manager)).id;
  webhooks = `${orgOf(manager)}/apps/${appId}/webhooks`;
});

const USER_CHATS = '/api/v5/users/{user_id}/routed_chats';

describe('webhooks of an app', () => {
  it('are created, read, changed and deleted, and keep the query of their URL', async () => {
    const created = await ask(manager, 'POST', webhooks, newWebhook());
    const webhook = { on_changed: false, on_removed: false, is_enabled: true, id: UUID, app_id: appId };
    expect([created.status, created.json]).toEqual([
      201,
      { ...newWebhook(), ...webhook, created_at: TIME, updated_at: TIME },
    ]);
    const one = `${webhooks}/${created.json['id']}`;
    expect((await ask(manager, 'GET', one)).json).toEqual(created.json);
    expect(resultsOf(await ask(manager, 'GET', webhooks))).toEqual([created.json]);

    const pattern = `${OWNED_CHATS}/*/messages`;
    const patched = await ask(manager, 'PATCH', one, { channel_pattern: pattern, on_removed: true, is_enabled: false });
    const changes = { channel_pattern: pattern, on_removed: true, is_enabled: false, updated_at: TIME };
    expect([patched.status, patched.json]).toEqual([200, { ...created.json, ...changes }]);
    const body = newWebhook({ on_added: false, on_changed: true });
    const put = await ask(manager, 'PUT', one, body);
    expect([put.status, put.json]).toEqual([200, { ...created.json, ...body, updated_at: TIME }]);

    expect((await ask(manager, 'DELETE', one)).status).toBe(204);
    for (const [method, change] of [['GET'], ['PATCH', {}], ['PUT', newWebhook()], ['DELETE']] as const) {
      expect((await ask(manager, method, one, change)).status).toBe(404);
    }
    expect(resultsOf(await ask(manager, 'GET', webhooks))).toEqual([]);
  });

  it.each<[string, Json, Json]>([
    ['nothing subscribed', { on_added: false }, { non_field_errors: [expect.stringMatching(/At least one/)] }],
    ['no endpoint', { endpoint_url: undefined }, { endpoint_url: ['This field is required.'] }],
    [
      'an endpoint of the hub',
      { endpoint_url: 'https://hub.example/x' },
      { endpoint_url: [expect.stringMatching(/this service/)] },
    ],
    [
      'an endpoint that is private',
      { endpoint_url: 'https://192.168.0.1/' },
      { endpoint_url: [expect.stringMatching(/private/)] },
    ],
    [
      'an endpoint with credentials',
      { endpoint_url: 'https://a:b@receiver.example.com/' },
      { endpoint_url: [expect.stringMatching(/credentials/)] },
    ],
    ['another scheme', { endpoint_url: 'ftp://receiver.example.com/' }, { endpoint_url: ['The URL must use https.'] }],
    ['no pattern', { channel_pattern: undefined }, { channel_pattern: ['This field is required.'] }],
    [
      'an unknown collection',
      { channel_pattern: '/api/v5/orgs/{organization_id}/tokens' },
      { channel_pattern: [expect.any(String)] },
    ],
    [
      'a trailing slash',
      { channel_pattern: `${OWNED_CHATS}/` },
      { channel_pattern: [expect.stringMatching(/trailing slash/)] },
    ],
    [
      '{user_id} without a bot user',
      { channel_pattern: USER_CHATS },
      { channel_pattern: [expect.stringMatching(/bot user/)] },
    ],
    [
      'a long pattern',
      { channel_pattern: `${OWNED_CHATS}${'/*'.repeat(200)}` },
      { channel_pattern: [expect.stringMatching(/256/)] },
    ],
    ['an invalid flag', { on_added: 1 }, { on_added: expect.anything() }],
  ])('are refused with %s, and not changed to it', async (_, change, fields) => {
    const refused = await ask(manager, 'POST', webhooks, newWebhook(change));
    expect([refused.status, refused.json]).toEqual([400, fields]);
    if (Object.values(change).includes(undefined)) return;
    const webhook = await ask(manager, 'POST', webhooks, newWebhook());
    const one = `${webhooks}/${webhook.json['id']}`;
    const patched = await ask(manager, 'PATCH', one, change);
    expect([patched.status, patched.json]).toEqual([400, fields]);
    expect((await ask(manager, 'GET', one)).json).toEqual(webhook.json);
    await ask(manager, 'DELETE', one);
  });

  it('name only the placeholders and their own organization', async () => {
    const foreign = await enrollManager();
    const patterns = [
      `/api/v5/orgs/${foreign.organization_id}/owned_chats`,
      `/api/v5/users/${foreign.user_id}/chats`,
      `/api/v5/users/${manager.user_id}/chats`,
      '/api/v5/orgs/*/owned_chats',
    ];
    for (const channel_pattern of patterns) {
      const refused = await ask(manager, 'POST', webhooks, newWebhook({ channel_pattern }));
      expect([refused.status, Object.keys(refused.json)]).toEqual([400, ['channel_pattern']]);
    }
    const own = `/api/v5/orgs/${manager.organization_id}/owned_chats`;
    const made = await ask(manager, 'POST', webhooks, newWebhook({ channel_pattern: own }));
    expect(made.status).toBe(201);
    expect((await ask(manager, 'DELETE', `${webhooks}/${made.json['id']}`)).status).toBe(204);
  });

  it('may name the bot user if the app has one', async () => {
    const app = await createApp(manager, { is_app_user_required: true });
    const body = newWebhook({ channel_pattern: USER_CHATS });
    expect((await ask(manager, 'POST', `${orgOf(manager)}/apps/${app.id}/webhooks`, body)).status).toBe(201);
  });

  it('keep one of two flags when both are switched off at the same time', async () => {
    const created = await ask(manager, 'POST', webhooks, newWebhook({ on_changed: true }));
    const one = `${webhooks}/${created.json['id']}`;
    const answers = await Promise.all([
      ask(manager, 'PATCH', one, { on_added: false }),
      ask(manager, 'PATCH', one, { on_changed: false }),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400]);
    const { on_added, on_changed } = (await ask(manager, 'GET', one)).json;
    expect([on_added, on_changed].filter(Boolean)).toEqual([true]);
  });

  it('have different patterns, even when two are created at the same time', async () => {
    const app = await createApp(manager);
    const path = `${orgOf(manager)}/apps/${app.id}/webhooks`;
    const same = anotherWebhook();
    const taken = [400, { channel_pattern: ['The app has a webhook with this pattern already.'] }];
    const answers = await Promise.all([ask(manager, 'POST', path, same), ask(manager, 'POST', path, same)]);
    const [made, refused] = answers.toSorted((one, other) => one.status - other.status);
    expect([made?.status, [refused?.status, refused?.json]]).toEqual([201, taken]);
    const other = (await ask(manager, 'POST', path, anotherWebhook())).json['id'];
    const { channel_pattern } = same;
    const changed = await ask(manager, 'PATCH', `${path}/${other}`, { channel_pattern });
    expect([changed.status, changed.json]).toEqual(taken);
    expect((await ask(manager, 'PATCH', `${path}/${made?.json['id']}`, { channel_pattern })).status).toBe(200);
    expect((await ask(manager, 'DELETE', `${path}/${made?.json['id']}`)).status).toBe(204);
    expect((await ask(manager, 'PATCH', `${path}/${other}`, { channel_pattern })).status).toBe(200);
  });

  it('have different patterns, however their ids are written', async () => {
    const app = await createApp(manager, { required_scopes: ['reports'] });
    const path = `${orgOf(manager)}/apps/${app.id}/webhooks`;
    const room = newUuid(Date.now());
    const of = (organization: string, id: string) => `/api/v5/orgs/${organization}/rooms/${id}/chats`;
    const { organization_id } = manager;
    const write = (method: string, url: string, channel_pattern: string) =>
      ask(manager, method, url, newWebhook({ channel_pattern }));
    expect((await write('POST', path, of('{organization_id}', room))).status).toBe(201);
    const other = await write('POST', path, of(organization_id.toUpperCase(), '*'));
    expect(other.status).toBe(201);
    const one = `${path}/${other.json['id']}`;
    for (const organization of ['{organization_id}', organization_id, organization_id.toUpperCase()]) {
      for (const same of [room, room.toUpperCase()]) {
        const answers = [
          await write('POST', path, of(organization, same)),
          await write('PATCH', one, of(organization, same)),
        ];
        const taken = { channel_pattern: ['The app has a webhook with this pattern already.'] };
        expect(answers.map(({ status, json }) => [status, json])).toEqual([
          [400, taken],
          [400, taken],
        ]);
      }
    }
    expect((await write('PATCH', one, of('{organization_id}', '*'))).status).toBe(200);
  });

  it('are at most 50, even when many are created at the same time', async () => {
    const app = await createApp(manager);
    const path = `${orgOf(manager)}/apps/${app.id}/webhooks`;
    const answers = await Promise.all(Array.from({ length: 54 }, () => ask(manager, 'POST', path, anotherWebhook())));
    const refused = answers.filter(({ status }) => status !== 201);
    expect(refused.map(({ status, json }) => [status, json])).toEqual(
      Array.from({ length: 4 }, () => [409, { detail: 'The quota "webhooks" is reached: at most 50.' }]),
    );
    const all = resultsOf(await ask(manager, 'GET', `${path}?page_size=200`));
    expect(all.length).toBe(50);
    expect((await ask(manager, 'DELETE', `${path}/${all[0]?.['id']}`)).status).toBe(204);
    expect((await ask(manager, 'POST', path, anotherWebhook())).status).toBe(201);
  });

  it('belong only to their app', async () => {
    const other = await createApp(manager);
    const { id } = (await ask(manager, 'POST', webhooks, anotherWebhook())).json;
    for (const [method, body] of [['GET'], ['PATCH', {}], ['PUT', newWebhook()], ['DELETE']] as const) {
      expect((await ask(manager, method, `${orgOf(manager)}/apps/${other.id}/webhooks/${id}`, body)).status).toBe(404);
    }
    expect((await ask(manager, 'GET', `${webhooks}/${id}`)).status).toBe(200);
  });

  it('refuses patterns that need other scopes or a bot user, and changes of the app that patterns forbid', async () => {
    const manager = await enrollManager();
    const app = await createApp(manager);
    const path = `${orgOf(manager)}/apps/${app.id}`;
    const rooms = newWebhook({ channel_pattern: '/api/v5/orgs/{organization_id}/rooms/*/chats' });
    const user = newWebhook({ channel_pattern: '/api/v5/users/{user_id}/chats' });
    for (const webhook of [rooms, user]) {
      const refused = await ask(manager, 'POST', `${path}/webhooks`, webhook);
      expect([refused.status, refused.json]).toEqual([400, { channel_pattern: [expect.any(String)] }]);
    }
    await ask(manager, 'PATCH', path, { required_scopes: ['reports'], is_app_user_required: true });
    for (const webhook of [rooms, user]) {
      expect((await ask(manager, 'POST', `${path}/webhooks`, webhook)).status).toBe(201);
    }
    const lost = await ask(manager, 'PATCH', path, { required_scopes: ['users'], is_app_user_required: false });
    expect([lost.status, lost.json]).toEqual([
      400,
      { required_scopes: [expect.stringContaining('reports')], is_app_user_required: [expect.stringContaining('bot')] },
    ]);
    expect((await ask(manager, 'PATCH', path, { description: 'as before' })).status).toBe(200);
  });
});
