import { jwtVerify } from 'jose';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { installationReceiver } from '../../../src/resources/receiver.ts';
import {
  anotherWebhook,
  createApp,
  enrollManager,
  type Installation,
  install,
  orgOf,
  TRIGGER_URL,
} from '../../support/worker/apps.ts';
import { deliveryId, logAppDelivery, RecordingHub } from '../../support/worker/logged-deliveries.ts';
import { ask } from '../../support/worker/organization.ts';
import { type Got, receive } from '../../support/worker/receiver.ts';
import { admin, call, type Person, testEnv } from '../../support/worker/requests.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a pending webhook', () => {
  const THREADS = ['a', 'b', 'c', 'd'].map((letter) => letter.padEnd(19, '0')) as [string, string, string, string];
  let hub: RecordingHub;
  let owner: Person;
  let installer: Person;
  let app: string;
  let installations: Installation[];
  let webhooks: string[];

  /**
   * An app with two webhooks, installed in two organizations. Deliveries of the first webhook are pending in thread a
   * (own organization) and b (other organization). In thread c one of the second webhook is before them.
   */
  beforeEach(async () => {
    hub = new RecordingHub();
    owner = await enrollManager();
    installer = await enrollManager();
    const { id } = await createApp(owner, { is_available_to_anyone: true });
    app = `${orgOf(owner)}/apps/${id}`;
    const subscribe = async () => String((await ask(owner, 'POST', `${app}/webhooks`, anotherWebhook())).json['id']);
    webhooks = [await subscribe(), await subscribe()];
    installations = [await install(owner, id), await install(installer, id)];
    const [here, there] = [owner, installer].map(({ organization_id }, place) => ({
      organization_id,
      installation_id: String(installations[place]?.id),
    })) as [{ organization_id: string; installation_id: string }, { organization_id: string; installation_id: string }];
    const first = { webhook_id: String(webhooks[0]) };
    const second = { webhook_id: String(webhooks[1]) };
    await logAppDelivery({ ...here, ...first, thread: THREADS[0] });
    await logAppDelivery({ ...there, ...first, thread: THREADS[1], id: deliveryId(2000) });
    await logAppDelivery({ ...there, ...second, thread: THREADS[2] });
    await logAppDelivery({ ...there, ...first, thread: THREADS[2], id: deliveryId(3000) });
    await logAppDelivery({ ...there, ...first, thread: THREADS[3], status: 'delivered' });
  });

  const drained = () =>
    hub.sent
      .map(({ thread, receiver, track, drain }) => [thread, receiver, track, drain])
      .toSorted((one, other) => String(one[0]).localeCompare(String(other[0])));
  const wakeUpOf = (place: number, thread: string) => [
    thread,
    installationReceiver(String(installations[place]?.id)),
    'lane',
    true,
  ];

  it('is ended when its subscription is switched off, wherever the app is installed', async () => {
    const path = `${app}/webhooks/${webhooks[0]}`;
    await hub.ask(owner, 'PATCH', path, { on_changed: true });
    await hub.ask(owner, 'PATCH', path, { is_enabled: true });
    expect(hub.sent).toEqual([]);
    expect((await hub.ask(owner, 'PATCH', path, { is_enabled: false })).status).toBe(200);
    expect(drained()).toEqual([wakeUpOf(0, THREADS[0]), wakeUpOf(1, THREADS[1])]);
    hub.sent = [];
    await hub.ask(owner, 'PATCH', path, { is_enabled: false });
    expect(hub.sent).toEqual([]);
  });

  it('is ended when its subscription is deleted', async () => {
    expect((await hub.ask(owner, 'DELETE', `${app}/webhooks/${webhooks[0]}`)).status).toBe(204);
    expect(drained()).toEqual([wakeUpOf(0, THREADS[0]), wakeUpOf(1, THREADS[1])]);
  });

  it('is ended when the app is uninstalled, in that organization and for all its subscriptions', async () => {
    const path = `${orgOf(installer)}/app_installations/${installations[1]?.id}`;
    expect((await hub.ask(installer, 'DELETE', path)).status).toBe(204);
    expect(drained()).toEqual([wakeUpOf(1, THREADS[1]), wakeUpOf(1, THREADS[2])]);
  });

  it('is ended everywhere when the app is deleted', async () => {
    expect((await hub.ask(owner, 'DELETE', app)).status).toBe(204);
    expect(drained()).toEqual([wakeUpOf(0, THREADS[0]), wakeUpOf(1, THREADS[1]), wakeUpOf(1, THREADS[2])]);
  });

  it('is left to its lane when the queue cannot be reached, and the change is made anyway', async () => {
    const logged: string[] = [];
    vi.spyOn(console, 'warn').mockImplementation((line: string) => void logged.push(line));
    const sendBatch = () => Promise.reject(new Error('the queue is away'));
    const answer = await call(`/api/v5${app}/webhooks/${webhooks[0]}`, {
      method: 'DELETE',
      authorization: `Bearer ${owner.token}`,
      env: { WEBHOOKS: { sendBatch } } as unknown as Partial<Env>,
    });
    expect(answer.status).toBe(204);
    expect(
      logged.map((line) => JSON.parse(line)).toSorted((a, b) => a.installation_id.localeCompare(b.installation_id)),
    ).toMatchObject(
      installations.map(({ id }) => ({ event: 'app.drain_failed', installation_id: id, error: 'the queue is away' })),
    );
  });
});

describe('the uninstall trigger', () => {
  async function installed(more: Record<string, unknown>) {
    const manager = await enrollManager();
    const app = await createApp(manager, {
      is_app_user_required: true,
      trigger_url: TRIGGER_URL,
      trigger_types: ['install', 'uninstall'],
      ...more,
    });
    return { manager, app, installation: await install(manager, app.id) };
  }

  const pathOf = (manager: Person, { id }: Installation) => `${orgOf(manager)}/app_installations/${id}`;

  async function dataOf(got: Got | undefined, secret: string) {
    const data = new URL(got?.url ?? '').searchParams.get('data') ?? '';
    return (await jwtVerify(data, new TextEncoder().encode(secret), { algorithms: ['HS256'] })).payload;
  }

  it('is one GET by the hub, signed, without a token', async () => {
    const { manager, app, installation } = await installed({});
    const got = receive();
    const path = pathOf(manager, installation);
    const answers = await Promise.all([ask(manager, 'DELETE', path), ask(manager, 'DELETE', path)]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual([204, 404]);
    expect(got.map(({ method, redirect }) => [method, redirect])).toEqual([['GET', 'manual']]);
    expect(got[0]?.url).toMatch(/^https:\/\/apps\.example\.com\/open\?tenant=a%20b&x=1&type=uninstall&data=[^&]+$/);
    expect(await dataOf(got[0], app.secret)).toEqual({
      sub: 'hub.example',
      exp: expect.any(Number),
      org_id: manager.organization_id,
      user_id: manager.user_id,
      app_id: app.id,
      inst_id: installation.id,
      app_user_id: installation.app_user_id,
      app_user_code: null,
      visitor_id: null,
      chat_id: null,
      room_id: null,
      domain_host: null,
      _org_id: expect.any(Number),
      _user_id: expect.any(Number),
    });
  });

  it('names nobody when the operator has uninstalled the app', async () => {
    const { manager, app, installation } = await installed({});
    const got = receive();
    const path = `/organizations/${manager.organization_id}/app_installations/${installation.id}`;
    expect((await admin(path, { method: 'DELETE' })).status).toBe(204);
    expect(await dataOf(got[0], app.secret)).toMatchObject({
      user_id: null,
      _user_id: null,
      inst_id: installation.id,
    });
  });

  it('is not called when the owner deletes the app', async () => {
    const { manager, app } = await installed({});
    const got = receive();
    expect((await ask(manager, 'DELETE', `${orgOf(manager)}/apps/${app.id}`)).status).toBe(204);
    expect(got).toEqual([]);
  });

  it.each([
    ['has no such trigger', { trigger_types: ['install'] }],
    ['has no trigger URL', { trigger_url: null }],
  ])('is not called when the app %s', async (_, more) => {
    const { manager, installation } = await installed(more);
    const got = receive();
    expect((await ask(manager, 'DELETE', pathOf(manager, installation))).status).toBe(204);
    expect(got).toEqual([]);
  });

  it.each([
    ['fails', TRIGGER_URL, { status: 500, error: null }, 1],
    [
      'leads to the hub itself',
      'https://hub.example/',
      { status: null, error: 'url refused: must not point to this service' },
      0,
    ],
  ])('changes nothing when it %s, and is logged without its URL', async (_, url, record, calls) => {
    const { manager, app, installation } = await installed({});
    await testEnv.DB.prepare('UPDATE apps SET trigger_url = ? WHERE id = ?').bind(url, app.id).run();
    const got = receive(() => new Response('no', { status: 500 }));
    const logged: string[] = [];
    vi.spyOn(console, 'warn').mockImplementation((line: string) => void logged.push(line));
    expect((await ask(manager, 'DELETE', pathOf(manager, installation))).status).toBe(204);
    expect(got.length).toBe(calls);
    expect(logged.map((line) => JSON.parse(line))).toEqual([
      {
        level: 'warn',
        event: 'app.uninstall_trigger_failed',
        app_id: app.id,
        installation_id: installation.id,
        ...record,
      },
    ]);
  });
});
