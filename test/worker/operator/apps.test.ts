import { beforeAll, describe, expect, it } from 'vitest';
import { operatorAppsRoutes } from '../../../src/api/apps/routes.ts';
import { enrollManager, newApp, newWebhook, orgOf } from '../../support/worker/apps.ts';
import { ask, type Json, resultsOf } from '../../support/worker/organization.ts';
import { admin, call, enroll, type Person } from '../../support/worker/requests.ts';

let manager: Person;
let root: string;

beforeAll(async () => {
  manager = await enrollManager();
  root = `/organizations/${manager.organization_id}`;
});

const post = (path: string, body: Json = {}) => admin(path, { method: 'POST', body });

describe('the operator’s API for apps', () => {
  it('creates apps, webhooks and installations that the organization then sees', async () => {
    const app = await post(
      `${root}/apps`,
      newApp({ is_app_user_required: true, required_scopes: ['settings', 'users'] }),
    );
    expect([app.status, app.json]).toEqual([
      201,
      expect.objectContaining({ secret: expect.stringMatching(/^umiapp_/) }),
    ]);
    const { secret, ...shown } = app.json;
    const one = `${root}/apps/${app.json['id']}`;
    expect((await admin(one)).json).toEqual(shown);
    expect((await ask(manager, 'GET', `${orgOf(manager)}/apps/${app.json['id']}`)).json).toEqual(shown);

    const webhook = await post(`${one}/webhooks`, newWebhook());
    expect(webhook.status).toBe(201);
    expect(resultsOf(await admin(`${one}/webhooks`))).toEqual([webhook.json]);
    const changed = await admin(`${one}/webhooks/${webhook.json['id']}`, {
      method: 'PATCH',
      body: { is_enabled: false },
    });
    expect(changed.json).toMatchObject({ is_enabled: false });

    const installation = await post(`${root}/app_installations`, { app_id: app.json['id'] });
    expect([installation.status, installation.json]).toEqual([
      201,
      expect.objectContaining({ allowed_scopes: ['settings', 'users'], app_user_id: expect.any(String) }),
    ]);
    expect((await post(`${root}/app_installations`, { app_id: app.json['id'] })).status).toBe(409);
    const path = `/app_installations/${installation.json['id']}`;
    expect((await ask(manager, 'GET', `${orgOf(manager)}${path}`)).json).toEqual(installation.json);
    const { webhooks, ...listed } = installation.json;
    expect(resultsOf(await admin(`${root}/app_installations`))).toEqual([listed]);

    expect((await post(`${one}/secret/rotate`)).json['secret']).not.toBe(secret);
    expect((await admin(`${root}${path}`, { method: 'DELETE' })).status).toBe(204);
    expect((await admin(`${root}${path}`)).status).toBe(404);
    expect((await admin(one, { method: 'DELETE' })).status).toBe(204);
    expect((await admin(one)).status).toBe(404);
  });

  it('refuses the same input as the organization’s own API', async () => {
    expect((await post(`${root}/apps`, { name: 'x' })).status).toBe(400);
    const app = await post(`${root}/apps`, newApp());
    const webhooks = `${root}/apps/${app.json['id']}/webhooks`;
    const bad = newWebhook({ channel_pattern: '/api/v5/users/{user_id}/chats' });
    expect(Object.keys((await post(webhooks, bad)).json)).toEqual(['channel_pattern']);
    const foreign = await enroll();
    const elsewhere = `/organizations/${foreign.organization_id}/apps/${app.json['id']}`;
    expect((await admin(elsewhere)).status).toBe(404);
    expect((await admin(elsewhere, { method: 'DELETE' })).status).toBe(404);
    expect((await post(`${elsewhere}/webhooks`, newWebhook())).status).toBe(404);
  });

  it('is only for the operator, and only for existing organizations', async () => {
    const document = operatorAppsRoutes.getOpenAPI31Document({
      openapi: '3.1.0',
      info: { title: 'UMI', version: '1' },
    });
    const id = '0190a000-0000-7000-8000-00000000dead';
    let seen = 0;
    for (const [path, operations] of Object.entries(document.paths ?? {})) {
      for (const method of Object.keys(operations).map((name) => name.toUpperCase())) {
        seen += 1;
        const url = path.replaceAll(/\{\w+\}/g, id);
        const body =
          method === 'GET' || method === 'DELETE'
            ? {}
            : { body: path.includes('webhooks') ? newWebhook() : newApp({ status: 'skipped' }) };
        expect((await admin(url, { method, ...body })).status).toBe(404);
        const own = path.replace('{organization_id}', manager.organization_id).replaceAll(/\{\w+\}/g, id);
        for (const authorization of [undefined, `Bearer ${manager.token}`]) {
          const request = { method, ...body, ...(authorization === undefined ? {} : { authorization }) };
          expect([method, path, (await call(`/admin/v1${own}`, request)).status]).toEqual([method, path, 401]);
        }
      }
    }
    expect(seen).toBe(29);
  });
});
