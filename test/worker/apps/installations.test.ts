import { describe, expect, it } from 'vitest';
import { noCost } from '../../../src/db/cost.ts';
import { appUserToken } from '../../../src/directory/app-tokens.ts';
import { insertInstallation } from '../../../src/directory/installations.ts';
import { newUuid } from '../../../src/resources/uuid.ts';
import { userStub } from '../../../src/rpc/user.ts';
import { createApp, enrollManager, hubKeys, install, openApp, orgOf, uninstall } from '../../support/worker/apps.ts';
import { firstDatabase } from '../../support/worker/first-database.ts';
import { ask, resultsOf, TIME, UUID } from '../../support/worker/organization.ts';
import { enroll, testEnv } from '../../support/worker/requests.ts';

describe('installations', () => {
  it('have the scopes that the app requires, and its bot user', async () => {
    const manager = await enrollManager();
    const app = await createApp(manager, {
      name: 'Order bot',
      is_app_user_required: true,
      required_scopes: ['users', 'reports'],
    });
    const installations = `${orgOf(manager)}/app_installations`;
    const made = await ask(manager, 'POST', installations, { app_id: app.id });
    const { secret, terms_url, privacy_url, trigger_url, trigger_types, ...shown } = app.json;
    const organization_id = manager.organization_id;
    const bot = made.json['app_user_id'];
    expect([made.status, made.json]).toEqual([
      201,
      {
        id: UUID,
        app_id: app.id,
        app: { ...shown, installation_count: 1 },
        organization_id,
        organization: { id: organization_id, name: 'Harbour' },
        app_user_id: UUID,
        app_user: {
          id: bot,
          first_name: 'Order bot',
          last_name: '',
          full_name: 'Order bot',
          organization_id,
          avatar_id: null,
          avatar: null,
          is_bot: true,
          is_staff: false,
        },
        allowed_scopes: ['users', 'reports'],
        needs_consent: false,
        webhooks: [],
        created_at: TIME,
        updated_at: TIME,
      },
    ]);
    expect((await ask(manager, 'GET', `${installations}/${made.json['id']}`)).json).toEqual(made.json);
    const { webhooks, ...listed } = made.json;
    expect(resultsOf(await ask(manager, 'GET', installations))).toEqual([listed]);
    const user = await ask(manager, 'GET', `${orgOf(manager)}/users/${bot}`);
    expect(user.json).toMatchObject({ id: bot, is_bot: true, full_name: 'Order bot', email: null });
  });

  it('have no bot user if the app requires none', async () => {
    const manager = await enrollManager();
    const { json } = await install(manager, (await createApp(manager)).id);
    expect(json).toMatchObject({ app_user_id: null, app_user: null, allowed_scopes: [] });
  });

  it('hide the owner’s fields of the app from the organization that installed it', async () => {
    const owner = await enrollManager();
    const app = await createApp(owner, { is_available_to_anyone: true });
    const { json } = await install(await enrollManager(), app.id);
    expect(Object.keys(json['app'] as object)).not.toContain('is_available_to_anyone');
    expect(JSON.stringify(json)).not.toMatch(/secret|umiapp_|trigger/);
    const { installation_count } = (await ask(owner, 'GET', `${orgOf(owner)}/apps/${app.id}`)).json;
    expect(installation_count).toBe(1);
  });

  it('can be read by every user of the organization', async () => {
    const { manager, installation } = await openApp();
    const plain = await enroll({ organization_id: manager.organization_id });
    expect((await ask(plain, 'GET', `${orgOf(manager)}/app_installations/${installation.id}`)).json).toEqual(
      installation.json,
    );
    const { webhooks, ...listed } = installation.json;
    expect(resultsOf(await ask(plain, 'GET', `${orgOf(manager)}/app_installations`))).toEqual([listed]);
  });

  it('are refused for an app that is unknown, hidden, malformed or installed already', async () => {
    const manager = await enrollManager();
    const installations = `${orgOf(manager)}/app_installations`;
    const hidden = await createApp(await enrollManager());
    for (const app_id of ['0190a000-0000-7000-8000-00000000dead', hidden.id]) {
      const refused = await ask(manager, 'POST', installations, { app_id });
      expect([refused.status, refused.json]).toEqual([404, { detail: 'App not found.' }]);
    }
    expect((await ask(manager, 'POST', installations, {})).json).toEqual({ app_id: ['This field is required.'] });
    expect((await ask(manager, 'POST', installations, { app_id: 'x' })).json).toEqual({
      app_id: ['Must be a valid UUID.'],
    });
    const app = await createApp(manager);
    await install(manager, app.id);
    const again = await ask(manager, 'POST', installations, { app_id: app.id });
    expect([again.status, again.json]).toEqual([409, { detail: expect.stringMatching(/installed already/) }]);
  });

  it('give only scopes that the installing user has', async () => {
    const manager = await enrollManager();
    const app = await createApp(manager, { required_scopes: ['settings', 'reports'], is_app_user_required: true });
    const settler = await enroll({ organization_id: manager.organization_id, scopes: ['settings'] });
    const refused = await ask(settler, 'POST', `${orgOf(manager)}/app_installations`, { app_id: app.id });
    expect([refused.status, refused.json]).toEqual([403, { detail: 'The scope "reports" is required.' }]);
    expect(resultsOf(await ask(manager, 'GET', `${orgOf(manager)}/app_installations`))).toEqual([]);
  });

  it('keep their scopes when the app changes', async () => {
    const { manager, app, installation } = await openApp();
    await ask(manager, 'PATCH', `${orgOf(manager)}/apps/${app.id}`, { required_scopes: ['settings', 'users'] });
    const { json } = await ask(manager, 'GET', `${orgOf(manager)}/app_installations/${installation.id}`);
    expect(json['allowed_scopes']).toEqual(['reports']);
  });

  it('are made once by two requests at the same time, with one bot user', async () => {
    const manager = await enrollManager();
    const app = await createApp(manager, { is_app_user_required: true });
    const path = `${orgOf(manager)}/app_installations`;
    const answers = await Promise.all(Array.from({ length: 5 }, () => ask(manager, 'POST', path, { app_id: app.id })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409]);
    expect(resultsOf(await ask(manager, 'GET', path)).length).toBe(1);
    const users = resultsOf(await ask(manager, 'GET', `${orgOf(manager)}/users`));
    expect(users.filter(({ is_bot }) => is_bot).length).toBe(1);
    expect((await ask(manager, 'GET', `/public_apps/${app.id}`)).json['installation_count']).toBe(1);
  });

  it('end with their bot user; the app can be installed again, with another bot user', async () => {
    const { manager, app, installation } = await openApp();
    const path = `${orgOf(manager)}/app_installations/${installation.id}`;
    const answers = await Promise.all([ask(manager, 'DELETE', path), ask(manager, 'DELETE', path)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 404]);
    expect((await ask(manager, 'GET', path)).status).toBe(404);
    expect((await ask(manager, 'GET', `${orgOf(manager)}/users/${installation.app_user_id}`)).status).toBe(404);
    expect((await ask(manager, 'GET', `/public_apps/${app.id}`)).json['installation_count']).toBe(0);
    const again = await install(manager, app.id);
    expect(again.app_user_id).not.toBe(installation.app_user_id);
    expect((await ask(manager, 'GET', `/public_apps/${app.id}`)).json['installation_count']).toBe(1);
    await uninstall(manager, again);
  });

  it('end the presence of their bot user', async () => {
    const { manager, app, installation } = await openApp();
    const user_id = String(installation.app_user_id);
    const { organization_id } = manager;
    const bot = { organization_id, user_id, app_id: app.id, scopes: [] };
    const token = await appUserToken(await hubKeys(), bot, Date.now());
    const client = await ask({ token }, 'POST', `/users/${user_id}/clients`, { presence_expires_in: 3600 });
    expect(client.status).toBe(201);
    const isPresent = async () => (await userStub(testEnv, user_id).presence({ v: 1 })).is_present;
    expect(await isPresent()).toBe(true);
    await uninstall(manager, installation);
    expect(await isPresent()).toBe(false);
  });

  it('are not made when the app has been deleted or now requires scopes that the user has not accepted', async () => {
    const manager = await enrollManager();
    const app = await createApp(manager, { required_scopes: ['reports'] });
    const identity = firstDatabase(noCost());
    const make = (scopes: string[]) => {
      const ids = { id: newUuid(Date.now()), app_user_id: newUuid(Date.now()), app_id: app.id };
      return insertInstallation(identity, manager.organization_id, {
        ...ids,
        scopes,
        webhooks_version: null,
        created_at: Date.now(),
      });
    };
    expect(await make([])).toBe(false);
    expect(await make(['reports', 'settings'])).toBe(false);
    await ask(manager, 'DELETE', `${orgOf(manager)}/apps/${app.id}`);
    expect(await make(['reports'])).toBe(false);
    expect(resultsOf(await ask(manager, 'GET', `${orgOf(manager)}/app_installations`))).toEqual([]);
  });

  it('are listed newest first, page by page', async () => {
    const manager = await enrollManager();
    const ids: string[] = [];
    for (let made = 0; made < 3; made++) ids.unshift((await install(manager, (await createApp(manager)).id)).id);
    const first = await ask(manager, 'GET', `${orgOf(manager)}/app_installations?page_size=2`);
    const second = await ask(manager, 'GET', String(first.json['next']));
    const back = await ask(manager, 'GET', String(second.json['previous']));
    const seen = [first, second, back].map((answer) => resultsOf(answer).map(({ id }) => id));
    expect(seen).toEqual([ids.slice(0, 2), ids.slice(2), ids.slice(0, 2)]);
  });
});
