import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { AppUserAuth } from '../../../src/delivery/app-user-auth.ts';
import { consumerDeps } from '../../../src/delivery/consumer-deps.ts';
import { secretOfText } from '../../../src/delivery/signature.ts';
import { readAppUserToken } from '../../../src/directory/app-tokens.ts';
import { installationReceiver } from '../../../src/resources/receiver.ts';
import {
  type CreatedApp,
  createApp,
  enrollManager,
  hubKeys,
  type Installation,
  install,
  newWebhook,
  openApp,
  orgOf,
  uninstall,
} from '../../support/worker/apps.ts';
import { ask } from '../../support/worker/organization.ts';
import { admin, brokenDatabase, type Person, testEnv } from '../../support/worker/requests.ts';

const deps = consumerDeps({ ...testEnv, PUBLIC_ORIGIN: 'https://api.example.org' });

let manager: Person;
let app: CreatedApp;
let installation: Installation;
let webhook: string;
let head: Parameters<typeof deps.endpoint>[0];

beforeEach(async () => {
  ({ manager, app, installation } = await openApp());
  const webhooks = `${orgOf(manager)}/apps/${app.id}/webhooks`;
  const { id } = (await ask(manager, 'POST', webhooks, newWebhook())).json;
  webhook = `${webhooks}/${id}`;
  const receiver = installationReceiver(installation.id);
  head = { organization_id: manager.organization_id, receiver, webhook_id: String(id) };
});

/** The endpoint's authorization of the bot user. */
async function authOf(): Promise<AppUserAuth | undefined> {
  const endpoint = await deps.endpoint(head);
  return endpoint.kind === 'open' ? endpoint.app_user_auth : undefined;
}

describe('an attempt', () => {
  it('has the time limits of its kind of receiver', async () => {
    vi.spyOn(globalThis, 'fetch').mockImplementation(
      (_, init) =>
        new Promise((_resolve, reject) => {
          init?.signal?.addEventListener('abort', () => reject(new Error('aborted')));
        }),
    );
    const destination = { url: 'https://receiver.example.com/', secrets: [], own_origins: [] };
    const times = { deadline: 20, lease: 20_000, last_start: 15_000 };
    const { attempt } = await deps.attempt(destination, { id: 'd1', body: '{}' }, times);
    expect(attempt.error).toBe('timeout');
    vi.restoreAllMocks();
  });
});

describe('the endpoint of an installation', () => {
  it('is that of the webhook, signed with the app’s secret, read again for each attempt', async () => {
    const open = {
      kind: 'open',
      destination: {
        url: 'https://receiver.example.com/hook?key=a%20b',
        secrets: [secretOfText(app.secret)],
        own_origins: ['https://api.example.org', 'https://hub.example'],
      },
      max_retry_count: 3,
    };
    expect(await deps.endpoint(head)).toMatchObject(open);
    const url = 'https://elsewhere.example.com/?k=%2F';
    await ask(manager, 'PATCH', webhook, { endpoint_url: url, is_enabled: false });
    expect(await deps.endpoint(head)).toEqual({ kind: 'disabled' });
    await ask(manager, 'PATCH', webhook, { is_enabled: true });
    const { secret } = (await ask(manager, 'POST', `${orgOf(manager)}/apps/${app.id}/secret/rotate`)).json;
    expect(await deps.endpoint(head)).toMatchObject({
      destination: { url, secrets: [secretOfText(String(secret))] },
    });
  });

  it('makes a token of the bot user for each attempt, which works for 300 s', async () => {
    const [first, second] = [await authOf(), await authOf()];
    expect(first).toEqual({
      access_token: expect.any(String),
      token_type: 'Bearer',
      expires_in: 300,
      user_id: installation.app_user_id,
      organization_id: manager.organization_id,
    });
    expect(second?.access_token).not.toBe(first?.access_token);
    const token = String(first?.access_token);
    const me = await ask({ token }, 'GET', `/users/${installation.app_user_id}/chats`);
    expect(me.status).toBe(200);
    expect(await readAppUserToken(await hubKeys(), token, Date.now() + 290_000)).not.toBeNull();
    expect(await readAppUserToken(await hubKeys(), token, Date.now() + 301_000)).toBeNull();
  });

  it('has no authorization for a bot user who is deleted or never existed', async () => {
    const { organization_id } = manager;
    const path = `/organizations/${organization_id}/users/${installation.app_user_id}`;
    expect((await admin(path, { method: 'DELETE' })).status).toBe(204);
    const endpoint = await deps.endpoint(head);
    expect([endpoint.kind, Object.keys(endpoint)]).toEqual(['open', ['kind', 'destination', 'max_retry_count']]);
    const plain = await createApp(manager);
    const webhooks = `${orgOf(manager)}/apps/${plain.id}/webhooks`;
    const { id } = (await ask(manager, 'POST', webhooks, newWebhook())).json;
    const receiver = installationReceiver((await install(manager, plain.id)).id);
    const other = await deps.endpoint({ organization_id, receiver, webhook_id: String(id) });
    expect(Object.keys(other)).toEqual(['kind', 'destination', 'max_retry_count']);
  });

  it('ends with its webhook, its app, or the installation', async () => {
    await uninstall(manager, installation);
    expect(await deps.endpoint(head)).toEqual({ kind: 'uninstalled' });
    await ask(manager, 'DELETE', webhook);
    expect(await deps.endpoint(head)).toEqual({ kind: 'webhook_deleted' });
    const other = await openApp();
    const { id } = (
      await ask(other.manager, 'POST', `${orgOf(other.manager)}/apps/${other.app.id}/webhooks`, newWebhook())
    ).json;
    const receiver = installationReceiver(other.installation.id);
    const theirs = { organization_id: other.manager.organization_id, receiver, webhook_id: String(id) };
    expect((await deps.endpoint(theirs)).kind).toBe('open');
    await ask(other.manager, 'DELETE', `${orgOf(other.manager)}/apps/${other.app.id}`);
    expect(await deps.endpoint(theirs)).toEqual({ kind: 'webhook_deleted' });
  });

  it('is not that of another organization or of another app’s webhook', async () => {
    const other = await openApp();
    const { id } = (
      await ask(other.manager, 'POST', `${orgOf(other.manager)}/apps/${other.app.id}/webhooks`, newWebhook())
    ).json;
    const foreign = { ...head, organization_id: other.manager.organization_id };
    expect(await deps.endpoint(foreign)).toEqual({ kind: 'uninstalled' });
    expect(await deps.endpoint({ ...head, webhook_id: String(id) })).toEqual({ kind: 'webhook_deleted' });
    expect(await deps.endpoint({ ...head, webhook_id: null })).toEqual({ kind: 'webhook_deleted' });
    const unknown = { ...head, receiver: installationReceiver('i1') };
    expect(await deps.endpoint(unknown)).toEqual({ kind: 'uninstalled' });
  });

  it('is that of the organization that has installed another organization’s app', async () => {
    const owner = await enrollManager();
    const shared = await createApp(owner, { is_available_to_anyone: true, is_app_user_required: true });
    const { id } = (await ask(owner, 'POST', `${orgOf(owner)}/apps/${shared.id}/webhooks`, newWebhook())).json;
    const here = await install(manager, shared.id);
    const receiver = installationReceiver(here.id);
    const { organization_id } = manager;
    expect(await deps.endpoint({ organization_id, receiver, webhook_id: String(id) })).toMatchObject({
      kind: 'open',
      app_user_auth: { user_id: here.app_user_id, organization_id },
    });
  });

  it('is unknown while D1 is away', async () => {
    const broken = consumerDeps({ ...testEnv, DB: brokenDatabase });
    await expect(broken.endpoint(head)).rejects.toThrow();
  });
});
