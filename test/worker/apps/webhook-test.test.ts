import { createHmac } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { readAppUserToken } from '../../../src/directory/app-tokens.ts';
import {
  anotherWebhook,
  type CreatedApp,
  createApp,
  enrollManager,
  hubKeys,
  OWNED_CHATS,
  openApp,
  orgOf,
} from '../../support/worker/apps.ts';
import { expectDocumentedWebhook } from '../../support/worker/documented-webhook.ts';
import { ask, type Json } from '../../support/worker/organization.ts';
import { receive } from '../../support/worker/receiver.ts';
import { admin, type Person, testEnv } from '../../support/worker/requests.ts';

let manager: Person;
let app: CreatedApp;
let bot: string | null;

beforeAll(async () => {
  const opened = await openApp();
  ({ manager, app } = opened);
  bot = opened.installation.app_user_id;
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** Path of a new webhook of an app. */
async function subscribe(appId: string, more: Json = {}): Promise<string> {
  const path = `${orgOf(manager)}/apps/${appId}/webhooks`;
  const { json } = await ask(manager, 'POST', path, anotherWebhook(more));
  return `${path}/${json['id']}`;
}

const idOf = (path: string) => path.split('/').at(-1);

describe('the test of a webhook of an app', () => {
  it('sends the envelope with a token of the bot user in the owner’s organization, even while switched off', async () => {
    const got = receive(() => new Response('thank you', { status: 202 }));
    const webhook = await subscribe(app.id, { channel_pattern: OWNED_CHATS, is_enabled: false });
    const answer = await ask(manager, 'POST', `${webhook}/test`);
    expect([answer.status, answer.json]).toEqual([
      200,
      { success: true, status: 202, duration_ms: expect.any(Number), response: 'thank you', error: null },
    ]);
    expect(got.map(({ url, method, redirect }) => [url, method, redirect])).toEqual([
      ['https://receiver.example.com/hook?key=a%20b', 'POST', 'manual'],
    ]);
    const body = JSON.parse(got[0]?.body ?? '') as { app_user_auth: { access_token: string } };
    expectDocumentedWebhook('app_notification', body);
    expect(Object.keys(body)).toEqual(['channel', 'action', 'resource_id', 'resource', 'app_user_auth']);
    expect(body).toEqual({
      channel: '/api/v5/orgs/{organization_id}/owned_chats',
      action: 'test',
      resource_id: idOf(webhook),
      resource: { id: idOf(webhook) },
      app_user_auth: {
        access_token: expect.any(String),
        token_type: 'Bearer',
        expires_in: 300,
        user_id: bot,
        organization_id: manager.organization_id,
      },
    });
    const claims = await readAppUserToken(await hubKeys(), body.app_user_auth.access_token, Date.now());
    expect(claims).toMatchObject({ user_id: bot, organization_id: manager.organization_id, app_id: app.id });
  });

  it('is signed with the bytes of the app’s secret', async () => {
    const got = receive();
    const webhook = await subscribe(app.id);
    await ask(manager, 'POST', `${webhook}/test`);
    const [sent] = got;
    if (sent === undefined) throw new Error('nothing was sent');
    const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signature } = sent.headers;
    const expected = createHmac('sha256', app.secret).update(`${id}.${at}.${sent.body}`).digest('base64');
    expect(signature).toBe(`v1,${expected}`);
    expect(new Webhook(btoa(app.secret)).verify(sent.body, sent.headers)).toEqual(JSON.parse(sent.body));
    const { json } = await ask(manager, 'POST', `${orgOf(manager)}/apps/${app.id}/secret/rotate`);
    await ask(manager, 'POST', `${webhook}/test`);
    const second = got[1] ?? sent;
    expect(() => new Webhook(btoa(app.secret)).verify(second.body, second.headers)).toThrow();
    expect(new Webhook(btoa(String(json['secret']))).verify(second.body, second.headers)).toBeTruthy();
  });

  it('has no authorization when the owner has not installed the app, and is not logged', async () => {
    const got = receive();
    const plain = await createApp(manager, { is_app_user_required: true });
    const webhook = await subscribe(plain.id);
    const before = await testEnv.DB.prepare('SELECT count(*) AS count FROM deliveries').first('count');
    expect((await ask(manager, 'POST', `${webhook}/test`)).json).toMatchObject({ success: true });
    expect(Object.keys(JSON.parse(got[0]?.body ?? '') as object)).not.toContain('app_user_auth');
    expect(await testEnv.DB.prepare('SELECT count(*) AS count FROM deliveries').first('count')).toBe(before);
  });

  it('reports what failed, and hides a token in the receiver’s answer', async () => {
    const webhook = await subscribe(app.id);
    receive(({ body }) => new Response(body, { status: 500 }));
    const { json } = await ask(manager, 'POST', `${webhook}/test`);
    expect(json).toMatchObject({ success: false, status: 500, error: null });
    expect(json['response']).toContain('"access_token":"(access token)"');
    vi.restoreAllMocks();
    receive(() => Promise.reject(new Error('refused')));
    expect((await ask(manager, 'POST', `${webhook}/test`)).json).toMatchObject({
      success: false,
      status: null,
      error: 'connection failed',
    });
  });

  it('is not sent to a URL that the guard refuses', async () => {
    const got = receive();
    const webhook = await subscribe(app.id);
    const point = (url: string) =>
      testEnv.DB.prepare('UPDATE app_webhooks SET endpoint_url = ? WHERE id = ?').bind(url, idOf(webhook)).run();
    for (const url of ['https://hub.example/api', 'https://192.168.0.1/']) {
      await point(url);
      const { json } = await ask(manager, 'POST', `${webhook}/test`);
      expect(json).toMatchObject({ success: false, error: expect.stringMatching(/^url refused: must not point to/) });
    }
    expect(got).toEqual([]);
  });

  it('exists for the operator, and not for a webhook that is deleted or of another app', async () => {
    const got = receive();
    const webhook = await subscribe(app.id);
    const below = webhook.replace('/orgs/', '/organizations/');
    expect((await admin(`${below}/test`, { method: 'POST' })).json).toMatchObject({ success: true });
    const other = await createApp(manager);
    const misplaced = webhook.replace(app.id, other.id);
    await ask(manager, 'DELETE', webhook);
    const stranger = await enrollManager();
    const theirs = webhook.replace(manager.organization_id, stranger.organization_id);
    for (const [person, path] of [
      [manager, webhook],
      [manager, misplaced],
      [stranger, theirs],
    ] as const) {
      const refused = await ask(person, 'POST', `${path}/test`);
      expect([refused.status, refused.json]).toEqual([404, { detail: 'Webhook not found.' }]);
    }
    expect(got.length).toBe(1);
  });
});
