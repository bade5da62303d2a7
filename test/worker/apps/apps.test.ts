import { beforeAll, describe, expect, it } from 'vitest';
import { createApp, enrollManager, install, newApp, orgOf } from '../../support/worker/apps.ts';
import { ask, type Json, resultsOf, TIME, UUID } from '../../support/worker/organization.ts';
import type { Person } from '../../support/worker/requests.ts';

let manager: Person;
let apps: string;

beforeAll(async () => {
  manager = await enrollManager();
  apps = `${orgOf(manager)}/apps`;
});

const FULL = {
  name: 'Order bot',
  description: 'Answers\nquestions',
  terms_url: 'https://apps.example.com/terms',
  privacy_url: 'https://apps.example.com/privacy',
  icon_url: 'https://apps.example.com/icon.png',
  trigger_url: 'https://apps.example.com/open',
  trigger_types: ['install', 'chat_open'],
  is_app_user_required: true,
  required_scopes: ['settings', 'reports'],
  is_available_to_anyone: false,
};

function shown(fields: Json): Json {
  const { icon_url, ...rest } = fields;
  return {
    ...rest,
    id: UUID,
    owned_by_organization_id: manager.organization_id,
    owned_by_organization: { id: manager.organization_id, name: 'Harbour' },
    icon_asset_id: icon_url === null ? null : UUID,
    icon_asset: icon_url === null ? null : { id: UUID, url: icon_url },
    installation_count: 0,
    webhooks_version: 1,
    created_at: TIME,
    updated_at: TIME,
  };
}

const DEFAULTS = {
  description: '',
  icon_url: null,
  trigger_url: null,
  trigger_types: [],
  is_app_user_required: false,
  required_scopes: [],
  is_available_to_anyone: false,
};

describe('apps of an organization', () => {
  it('are created with a secret that is shown once', async () => {
    const created = await ask(manager, 'POST', apps, FULL);
    expect(created.status).toBe(201);
    const { secret, ...app } = created.json;
    expect(secret).toMatch(/^umiapp_[\w-]{43}$/);
    expect(app).toEqual(shown(FULL));
    expect((app['icon_asset'] as Json)['id']).toBe(app['icon_asset_id']);
    const one = await ask(manager, 'GET', `${apps}/${app['id']}`);
    expect([one.status, one.json]).toEqual([200, app]);
    expect(resultsOf(await ask(manager, 'GET', apps)).find(({ id }) => id === app['id'])).toEqual(app);
  });

  it('get defaults for missing fields', async () => {
    const body = newApp();
    const { secret, ...app } = (await ask(manager, 'POST', apps, body)).json;
    expect(typeof secret).toBe('string');
    expect(app).toEqual(shown({ ...DEFAULTS, ...body }));
  });

  it('are listed newest first, page by page, in both directions', async () => {
    const person = await enrollManager();
    const ids: string[] = [];
    for (let made = 0; made < 3; made++) ids.unshift((await createApp(person)).id);
    const first = await ask(person, 'GET', `${orgOf(person)}/apps?page_size=2`);
    const second = await ask(person, 'GET', String(first.json['next']));
    const back = await ask(person, 'GET', String(second.json['previous']));
    const idsOf = (answer: { json: Json }) => resultsOf(answer).map(({ id }) => id);
    expect([idsOf(first), idsOf(second), idsOf(back)]).toEqual([ids.slice(0, 2), ids.slice(2), ids.slice(0, 2)]);
    const oldest = await ask(person, 'GET', `${orgOf(person)}/apps?ordering=created_at`);
    expect(idsOf(oldest)).toEqual(ids.toReversed());
  });

  it('change by PATCH only in the given fields, and by PUT in all, with defaults for missing ones', async () => {
    const { id } = (await ask(manager, 'POST', apps, FULL)).json;
    const before = (await ask(manager, 'GET', `${apps}/${id}`)).json;
    const patched = await ask(manager, 'PATCH', `${apps}/${id}`, {
      name: 'Other',
      required_scopes: ['users', 'users'],
    });
    expect(patched.status).toBe(200);
    expect(patched.json).toEqual({ ...before, name: 'Other', required_scopes: ['users'], updated_at: TIME });
    const icon = { icon_url: 'https://apps.example.com/new.png' };
    const repainted = await ask(manager, 'PATCH', `${apps}/${id}`, icon);
    expect(repainted.json['icon_asset_id']).not.toBe(before['icon_asset_id']);
    expect(repainted.json['icon_asset']).toEqual({ id: repainted.json['icon_asset_id'], url: icon.icon_url });

    const body = newApp();
    const put = await ask(manager, 'PUT', `${apps}/${id}`, body);
    expect([put.status, put.json]).toEqual([
      200,
      { ...shown({ ...DEFAULTS, ...body }), id, created_at: before['created_at'] },
    ]);
    expect((await ask(manager, 'GET', `${apps}/${id}`)).json).toEqual(put.json);
    expect((await ask(manager, 'PUT', `${apps}/${id}`, { name: 'x' })).json).toEqual({
      terms_url: ['This field is required.'],
      privacy_url: ['This field is required.'],
    });
  });

  it('show a new secret on rotation, once', async () => {
    const app = await createApp(manager);
    const rotated = await ask(manager, 'POST', `${apps}/${app.id}/secret/rotate`);
    expect([rotated.status, rotated.json]).toEqual([200, { secret: expect.stringMatching(/^umiapp_/) }]);
    expect(rotated.json['secret']).not.toBe(app.secret);
    const texts = [await ask(manager, 'GET', apps), await ask(manager, 'GET', `${apps}/${app.id}`)].map(
      ({ text }) => text,
    );
    expect(texts.join()).not.toMatch(/secret|umiapp_/);
  });

  it('are gone after DELETE, with their installations and bot users', async () => {
    const app = await createApp(manager, { is_app_user_required: true, is_available_to_anyone: true });
    const partner = await enrollManager();
    const installation = await install(partner, app.id);
    const own = await install(manager, app.id);
    expect((await ask(manager, 'DELETE', `${apps}/${app.id}`)).status).toBe(204);
    expect((await ask(manager, 'GET', `${apps}/${app.id}`)).status).toBe(404);
    expect((await ask(manager, 'DELETE', `${apps}/${app.id}`)).status).toBe(404);
    expect((await ask(partner, 'GET', `${orgOf(partner)}/app_installations/${installation.id}`)).status).toBe(404);
    expect((await ask(partner, 'GET', `${orgOf(partner)}/users/${installation.app_user_id}`)).status).toBe(404);
    expect((await ask(manager, 'GET', `${orgOf(manager)}/users/${own.app_user_id}`)).status).toBe(404);
    expect((await ask(partner, 'GET', `/public_apps/${app.id}`)).status).toBe(404);
    const again = await ask(partner, 'POST', `${orgOf(partner)}/app_installations`, { app_id: app.id });
    expect(again.status).toBe(404);
  });

  it.each<[string, Json, Json]>([
    ['no name', { name: undefined }, { name: ['This field is required.'] }],
    ['a blank name', { name: '  ' }, { name: ['This field may not be blank.'] }],
    ['a long name', { name: 'x'.repeat(76) }, { name: ['Ensure this field has no more than 75 characters.'] }],
    ['no terms', { terms_url: undefined }, { terms_url: ['This field is required.'] }],
    ['no privacy policy', { privacy_url: null }, { privacy_url: expect.any(Array) }],
    ['terms that are a script', { terms_url: 'javascript:alert(1)' }, { terms_url: ['Enter a valid URL.'] }],
    ['terms with a line break', { terms_url: 'https://apps.example.com/\n' }, { terms_url: ['Enter a valid URL.'] }],
    ['an invalid icon', { icon_url: 'data:image/png;base64,x' }, { icon_url: ['Enter a valid URL.'] }],
    [
      'a trigger URL to the hub',
      { trigger_url: 'https://hub.example/x' },
      { trigger_url: ['The URL must not point to this service.'] },
    ],
    [
      'a trigger URL to a private address',
      { trigger_url: 'https://10.0.0.1/' },
      { trigger_url: [expect.stringMatching(/private/)] },
    ],
    [
      'a trigger URL without TLS',
      { trigger_url: 'http://apps.example.com/' },
      { trigger_url: ['The URL must use https.'] },
    ],
    ['an unknown trigger', { trigger_types: ['install', 'explode'] }, { trigger_types: expect.anything() }],
    ['triggers that are not a list', { trigger_types: 'install' }, { trigger_types: expect.anything() }],
    ['an unknown scope', { required_scopes: ['root'] }, { required_scopes: expect.anything() }],
    ['an invalid flag', { is_app_user_required: 'yes' }, { is_app_user_required: expect.anything() }],
  ])('are refused with %s, at POST and PATCH', async (_, change, fields) => {
    const refused = await ask(manager, 'POST', apps, newApp(change));
    expect([refused.status, refused.json]).toEqual([400, fields]);
    if (Object.values(change).includes(undefined)) return;
    const { id } = await createApp(manager);
    const before = (await ask(manager, 'GET', `${apps}/${id}`)).json;
    const patched = await ask(manager, 'PATCH', `${apps}/${id}`, change);
    expect([patched.status, patched.json]).toEqual([400, fields]);
    expect((await ask(manager, 'GET', `${apps}/${id}`)).json).toEqual(before);
  });

  it('may have a name of 75 characters, not counted in UTF-16 units', async () => {
    expect((await createApp(manager, { name: '🙂'.repeat(75) })).json['name']).toBe('🙂'.repeat(75));
  });
});

describe('public apps', () => {
  const KEYS = [
    'id',
    'name',
    'description',
    'owned_by_organization_id',
    'owned_by_organization',
    'icon_asset_id',
    'icon_asset',
    'is_app_user_required',
    'required_scopes',
    'installation_count',
    'webhooks_version',
    'created_at',
    'updated_at',
  ];

  it('are the organization’s own ones and those available to anyone, newest first, each once', async () => {
    const stranger = await enrollManager();
    const mine = [await createApp(manager), await createApp(manager, { is_available_to_anyone: true })];
    const hidden = await createApp(stranger);
    const open = await createApp(stranger, { is_available_to_anyone: true });
    const listed = resultsOf(await ask(manager, 'GET', '/public_apps?page_size=200'));
    const ids = listed.map(({ id }) => id);
    expect(ids.slice(0, 3)).toEqual([open.id, mine[1]?.id, mine[0]?.id]);
    expect(ids).not.toContain(hidden.id);
    expect(new Set(ids).size).toBe(ids.length);
    const times = listed.map(({ created_at }) => String(created_at));
    expect(times).toEqual(times.toSorted().toReversed());

    expect(Object.keys(listed[0] ?? {}).sort()).toEqual(KEYS.toSorted());
    expect(Object.keys(listed[1] ?? {}).sort()).toEqual([...KEYS, 'is_available_to_anyone'].sort());
    expect(listed[0]).toMatchObject({ owned_by_organization: { id: stranger.organization_id, name: 'Harbour' } });
    expect((await ask(manager, 'GET', `/public_apps/${open.id}`)).json).toEqual({ ...listed[0], webhooks: [] });
    expect((await ask(manager, 'GET', `/public_apps/${hidden.id}`)).status).toBe(404);
    expect((await ask(manager, 'GET', `${apps}/${open.id}`)).status).toBe(404);
  });

  it('have pages without gaps and repeats', async () => {
    const person = await enrollManager();
    for (let made = 0; made < 3; made++) {
      await createApp(person, { is_available_to_anyone: made === 1 });
      await createApp(manager, { is_available_to_anyone: true });
    }
    const all = resultsOf(await ask(person, 'GET', '/public_apps?page_size=200')).map(({ id }) => id);
    const seen: unknown[] = [];
    let next: string | null = '/public_apps?page_size=2';
    let last = next;
    while (next !== null) {
      const page = await ask(person, 'GET', next);
      seen.push(...resultsOf(page).map(({ id }) => id));
      last = next;
      next = page.json['next'] as string | null;
    }
    expect(seen).toEqual(all);
    const { previous } = (await ask(person, 'GET', last)).json;
    const before = resultsOf(await ask(person, 'GET', String(previous))).map(({ id }) => id);
    const end = resultsOf(await ask(person, 'GET', last)).length;
    expect(before).toEqual(all.slice(all.length - end - 2, all.length - end));
  });

  it('refuse a cursor of another ordering', async () => {
    const { next } = (await ask(manager, 'GET', '/public_apps?page_size=1')).json;
    const url = `${next}&ordering=created_at`;
    expect([(await ask(manager, 'GET', url)).json]).toEqual([{ cursor: ['Invalid cursor.'] }]);
    expect((await ask(manager, 'GET', '/public_apps?ordering=name')).status).toBe(400);
  });
});
