import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { installationReceiver } from '../../../src/resources/receiver.ts';
import type { ThreadStub } from '../../../src/rpc/thread.ts';
import {
  type CreatedApp,
  createApp,
  enrollManager,
  type Installation,
  install,
  newWebhook,
  orgOf,
  uninstall,
} from '../../support/worker/apps.ts';
import { deliveryId, logAppDelivery, RecordingHub, THREAD } from '../../support/worker/logged-deliveries.ts';
import { resultsOf, TIME } from '../../support/worker/organization.ts';
import { ADMIN_TOKEN, type Person, testEnv } from '../../support/worker/requests.ts';

type ReplayRequest = Parameters<ThreadStub['replay']>[0];

const OTHER_THREAD = 'b000000000000000000';

const hub = new RecordingHub();
let owner: Person;
let installer: Person;
let app: CreatedApp;
let installation: Installation;
let webhookId: string;
/** Paths of the app, and of its installation in another organization. */
let apps: string;
let log: string;

beforeAll(async () => {
  owner = await enrollManager();
  installer = await enrollManager();
  app = await createApp(owner, { is_available_to_anyone: true, is_app_user_required: true });
  apps = `${orgOf(owner)}/apps/${app.id}`;
  webhookId = String((await hub.ask(owner, 'POST', `${apps}/webhooks`, newWebhook())).json['id']);
  installation = await install(installer, app.id);
  log = `${apps}/installations/${installation.id}`;
});

beforeEach(() => {
  hub.databases = {};
  hub.asked.length = 0;
  hub.thread = {};
});

/** A webhook of an installation in the log; by default of the installation of these tests. */
function logged(more: Partial<Parameters<typeof logAppDelivery>[0]> = {}): Promise<string> {
  const { organization_id } = installer;
  return logAppDelivery({ organization_id, installation_id: installation.id, webhook_id: webhookId, ...more });
}

describe('the installations of an app', () => {
  it('are listed for its owner, newest first, in pages', async () => {
    const own = await install(owner, app.id);
    const all = await hub.ask(owner, 'GET', `${apps}/installations`);
    expect(all.status).toBe(200);
    expect(resultsOf(all).map(({ id }) => id)).toEqual([own.id, installation.id]);
    expect(resultsOf(all)[1]).toEqual({
      id: installation.id,
      organization_id: installer.organization_id,
      organization: { id: installer.organization_id, name: 'Harbour' },
      app_user_id: installation.app_user_id,
      allowed_scopes: [],
      needs_consent: false,
      created_at: TIME,
      updated_at: TIME,
    });
    const first = await hub.ask(owner, 'GET', `${apps}/installations?page_size=1`);
    const second = await hub.call(String(first.json['next']), 'GET', `Bearer ${owner.token}`);
    const back = await hub.call(String(second.json['previous']), 'GET', `Bearer ${owner.token}`);
    const seen = [first, second, back].map((answer) => resultsOf(answer).map(({ id }) => id));
    expect(seen).toEqual([[own.id], [installation.id], [own.id]]);
    await uninstall(owner, own);
    expect(resultsOf(await hub.ask(owner, 'GET', `${apps}/installations`)).length).toBe(1);
  });

  it('are not listed for an organization that has installed it', async () => {
    const answer = await hub.ask(installer, 'GET', `${orgOf(installer)}/apps/${app.id}/installations`);
    expect([answer.status, answer.json]).toEqual([404, { detail: 'App not found.' }]);
  });
});

describe('the log of an installation', () => {
  it('shows the owner each webhook with its subscription, newest first, by status', async () => {
    const pending = await logged({ id: deliveryId(1000) });
    const skipped = await logged({ id: deliveryId(2000), status: 'skipped', skip_reason: 'webhook_deleted' });
    const list = async (query = '') => resultsOf(await hub.ask(owner, 'GET', `${log}/deliveries${query}`));
    expect((await list()).map(({ id }) => id)).toEqual([skipped, pending]);
    expect(await list('?status=pending')).toEqual([
      {
        id: pending,
        webhook_id: webhookId,
        channel: '/api/v5/orgs/o/owned_chats',
        action: 'added',
        resource_id: 'c1',
        chat_id: 'c1',
        seq: 7,
        status: 'pending',
        skip_reason: null,
        is_replay: false,
        attempt_count: 1,
        next_attempt_at: '1970-01-01T00:00:02.000Z',
        last_attempt_at: '1970-01-01T00:00:01.500Z',
        last_status: null,
        last_error: 'timeout',
        created_at: '1970-01-01T00:00:01.000Z',
      },
    ]);
    expect((await list('?status=skipped')).map(({ skip_reason }) => skip_reason)).toEqual(['webhook_deleted']);
    expect((await hub.ask(owner, 'GET', `${log}/deliveries?status=lost`)).status).toBe(400);
    const page = await hub.ask(owner, 'GET', `${log}/deliveries?page_size=1`);
    const next = await hub.call(String(page.json['next']), 'GET', `Bearer ${owner.token}`);
    expect(resultsOf(next).map(({ id }) => id)).toEqual([pending]);
  });

  it('shows the organization that has installed the app when and where, without bodies, answers and queries', async () => {
    const id = await logged({ id: deliveryId(3000) });
    const url = 'https://receiver.example.com/hook?key=s3cret';
    hub.thread.readDelivery = async () => ({
      body: '{"action":"added"}',
      attempts: [
        { at: 1500, duration: 12, status: 500, response: 's3cret', error: null, url },
        { at: 1600, duration: 1, status: null, response: null, error: 'timeout' },
      ],
    });
    const own = `${orgOf(installer)}/app_installations/${installation.id}/deliveries`;
    const list = await hub.ask(installer, 'GET', `${own}?status=pending`);
    const ofOwner = resultsOf(await hub.ask(owner, 'GET', `${log}/deliveries?status=pending`));
    expect([list.status, resultsOf(list)]).toEqual([200, ofOwner]);
    const shown = await hub.ask(installer, 'GET', `${own}/${id}`);
    const row = resultsOf(list).find((each) => each['id'] === id);
    const attempts = [
      {
        at: '1970-01-01T00:00:01.500Z',
        duration_ms: 12,
        status: 500,
        error: null,
        url: 'https://receiver.example.com/hook',
      },
      { at: '1970-01-01T00:00:01.600Z', duration_ms: 1, status: null, error: 'timeout', url: null },
    ];
    expect([shown.status, shown.json]).toEqual([200, { ...row, attempts }]);

    const ofOthers = `${orgOf(owner)}/app_installations/${installation.id}/deliveries`;
    for (const path of [ofOthers, `${ofOthers}/${id}`]) {
      expect((await hub.ask(owner, 'GET', path)).json).toEqual({ detail: 'App installation not found.' });
    }
    const elsewhere = await install(installer, (await createApp(installer)).id);
    const wrong = `${orgOf(installer)}/app_installations/${elsewhere.id}/deliveries`;
    expect(resultsOf(await hub.ask(installer, 'GET', wrong))).toEqual([]);
    expect((await hub.ask(installer, 'GET', `${wrong}/${id}`)).json).toEqual({ detail: 'Delivery not found.' });
    await uninstall(installer, elsewhere);
    expect((await hub.ask(installer, 'GET', wrong)).status).toBe(200);
  });

  it('shows a webhook with its body and the URL of each attempt', async () => {
    const id = await logged();
    const url = 'https://receiver.example.com/hook?key=a%20b';
    hub.thread.readDelivery = async () => ({
      body: '{"action":"added"}',
      attempts: [{ at: 1500, duration: 12, status: 500, response: 'no', error: null, url }],
    });
    const shown = await hub.ask(owner, 'GET', `${log}/deliveries/${id}`);
    expect([shown.status, shown.json]).toMatchObject([200, { id, webhook_id: webhookId, body: '{"action":"added"}' }]);
    expect(shown.json['attempts']).toEqual([
      { at: '1970-01-01T00:00:01.500Z', duration_ms: 12, status: 500, response: 'no', error: null, url },
    ]);
    expect(hub.asked).toEqual([THREAD]);
    hub.thread.readDelivery = async () => null;
    expect((await hub.ask(owner, 'GET', `${log}/deliveries/${id}`)).json).toMatchObject({ body: null, attempts: [] });
  });

  it('has no delivery of another installation or of another organization', async () => {
    const id = await logged();
    const own = await install(owner, app.id);
    const elsewhere = await hub.ask(owner, 'GET', `${apps}/installations/${own.id}/deliveries/${id}`);
    expect([elsewhere.status, elsewhere.json]).toEqual([404, { detail: 'Delivery not found.' }]);
    const misplaced = await logged({ organization_id: owner.organization_id });
    expect((await hub.ask(owner, 'GET', `${log}/deliveries/${misplaced}`)).status).toBe(404);
    const otherApp = await createApp(owner);
    const path = `${orgOf(owner)}/apps/${otherApp.id}/installations/${installation.id}`;
    for (const part of ['deliveries', `deliveries/${id}`, 'ledger']) {
      const answer = await hub.ask(owner, 'GET', `${path}/${part}`);
      expect([answer.status, answer.json]).toEqual([404, { detail: 'App installation not found.' }]);
    }
    await uninstall(owner, own);
  });

  it('is closed to the organization that has installed the app', async () => {
    const id = await logged();
    for (const part of ['deliveries', `deliveries/${id}`, 'ledger']) {
      const path = `${orgOf(installer)}/apps/${app.id}/installations/${installation.id}/${part}`;
      expect((await hub.ask(installer, 'GET', path)).status).toBe(404);
      expect((await hub.ask(installer, 'GET', path.replace(orgOf(installer), orgOf(owner)))).status).toBe(403);
    }
  });

  it('is open to the operator of the hub', async () => {
    const id = await logged();
    const path = `/admin/v1/organizations/${owner.organization_id}/apps/${app.id}/installations/${installation.id}/deliveries`;
    const answer = await hub.call(path, 'GET', `Bearer ${ADMIN_TOKEN}`);
    expect(resultsOf(answer).map((row) => row['id'])).toContain(id);
    hub.thread.readDelivery = async () => ({ body: '{"action":"added"}', attempts: [] });
    const shown = await hub.call(`${path}/${id}`, 'GET', `Bearer ${ADMIN_TOKEN}`);
    expect([shown.status, shown.json]).toMatchObject([200, { id, body: '{"action":"added"}' }]);
  });
});

describe('a replay', () => {
  it('sends a webhook again', async () => {
    const id = await logged({ status: 'exhausted' });
    const requests: ReplayRequest[] = [];
    hub.thread.replay = async (request) => {
      requests.push(request);
      return { replayed: 1 };
    };
    const answer = await hub.ask(owner, 'POST', `${log}/deliveries/${id}/replay`);
    expect([answer.status, answer.json]).toEqual([202, { replayed: 1 }]);
    const receiver = installationReceiver(installation.id);
    expect(requests).toEqual([{ v: 1, receiver, filter: { delivery_id: id } }]);
    expect(hub.asked).toEqual([THREAD]);
    expect((await hub.ask(owner, 'POST', `${log}/deliveries/${deliveryId(1)}/replay`)).status).toBe(404);
  });

  it('sends the webhooks of a status again, in the threads of this installation', async () => {
    const other = await install(owner, app.id);
    const { organization_id } = owner;
    await logged({ organization_id, installation_id: other.id, status: 'delivered', thread: THREAD });
    await logged({ status: 'delivered', thread: OTHER_THREAD });
    hub.thread.replay = async () => ({ replayed: 3 });
    const answer = await hub.ask(owner, 'POST', `${log}/replay`, { status: 'delivered' });
    expect([answer.status, answer.json]).toEqual([202, { lanes: 1, replayed: 3, is_complete: true, cursor: null }]);
    expect(hub.asked).toEqual([OTHER_THREAD]);
    expect((await hub.ask(owner, 'POST', `${log}/replay`, {})).status).toBe(400);
    await uninstall(owner, other);
  });
});

describe('the ledger of an installation', () => {
  it('sums its lanes, with a count for each reason of skipping', async () => {
    const add = (receiver: string, thread: string, counts: number[]) =>
      testEnv.DB.prepare(
        `INSERT INTO lanes (receiver, thread, version, organization_id, accepted, delivered, pending, exhausted,
           skipped_disabled, skipped_channel_deleted, skipped_webhook_deleted, skipped_uninstalled)
         VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?, 0, ?, ?)`,
      )
        .bind(receiver, thread, installer.organization_id, ...counts)
        .run();
    const receiver = installationReceiver(installation.id);
    await add(receiver, THREAD, [21, 6, 5, 4, 3, 2, 1]);
    await add(receiver, OTHER_THREAD, [210, 60, 50, 40, 30, 20, 10]);
    await add(installationReceiver('somebody'), THREAD, [7, 7, 0, 0, 0, 0, 0]);
    expect((await hub.ask(owner, 'GET', `${log}/ledger`)).json).toEqual({
      accepted: 231,
      delivered: 66,
      pending: 55,
      exhausted: 44,
      skipped: { disabled: 33, webhook_deleted: 22, uninstalled: 11, purged: 0 },
    });
  });
});

describe('the log of an installation that has ended', () => {
  it('stays readable without bodies, and its webhooks cannot be replayed', async () => {
    const brief = await enrollManager();
    const ended = await install(brief, app.id);
    const { organization_id } = brief;
    const id = await logged({
      organization_id,
      installation_id: ended.id,
      status: 'skipped',
      skip_reason: 'uninstalled',
    });
    const path = `${apps}/installations/${ended.id}`;
    const attempt = { at: 1500, duration: 12, status: 500, response: 'no', error: null };
    hub.thread.readDelivery = async () => ({ body: '{"action":"added"}', attempts: [attempt] });
    expect((await hub.ask(owner, 'GET', `${path}/deliveries/${id}`)).json['body']).toBe('{"action":"added"}');
    await uninstall(brief, ended);
    const shown = await hub.ask(owner, 'GET', `${path}/deliveries/${id}`);
    expect(shown.json).toMatchObject({
      body: null,
      skip_reason: 'uninstalled',
      attempts: [{ status: 500, url: null }],
    });
    expect(resultsOf(await hub.ask(owner, 'GET', `${path}/deliveries`)).length).toBe(1);
    expect((await hub.ask(owner, 'GET', `${path}/ledger`)).status).toBe(200);
    for (const [part, body] of [[`deliveries/${id}/replay`], ['replay', { status: 'skipped' }]] as const) {
      const refused = await hub.ask(owner, 'POST', `${path}/${part}`, body);
      expect([refused.status, refused.json]).toEqual([404, { detail: 'App installation not found.' }]);
    }
  });
});

describe('the log of an organization in another database', () => {
  /** The first database without the delivery log. */
  const withoutLogs = {
    prepare(sql: string) {
      if (/\b(deliveries|lanes)\b/.test(sql)) throw new Error('the log is in another database');
      return testEnv.DB.prepare(sql);
    },
    batch: (statements: D1PreparedStatement[]) => testEnv.DB.batch(statements),
  };

  it('is read, summed and drained there, for an owner in the first database', async () => {
    const far = await enrollManager();
    const { organization_id } = far;
    const there = await install(far, app.id);
    await testEnv.DB.prepare("UPDATE organizations SET database = 'DB2' WHERE id = ?").bind(organization_id).run();
    const id = await logged({ organization_id, installation_id: there.id });
    hub.databases = { DB: withoutLogs, DB2: testEnv.DB };
    hub.thread.readDelivery = async () => null;
    const path = `${apps}/installations/${there.id}`;
    expect(resultsOf(await hub.ask(owner, 'GET', `${path}/deliveries`)).map((row) => row['id'])).toEqual([id]);
    expect((await hub.ask(owner, 'GET', `${path}/deliveries/${id}`)).status).toBe(200);
    expect((await hub.ask(owner, 'GET', `${path}/ledger`)).status).toBe(200);

    const drained = { thread: THREAD, receiver: installationReceiver(there.id), drain: true };
    for (const [who, method, changed, body] of [
      [owner, 'PATCH', `${apps}/webhooks/${webhookId}`, { is_enabled: false }],
      [far, 'DELETE', `${orgOf(far)}/app_installations/${there.id}`, undefined],
    ] as const) {
      hub.sent = [];
      expect((await hub.ask(who, method, changed, body)).status).toBeLessThan(300);
      expect(hub.sent).toContainEqual(expect.objectContaining(drained));
    }
  });
});
