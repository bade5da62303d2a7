import { beforeAll, describe, expect, it } from 'vitest';
import { noCost } from '../../../src/db/cost.ts';
import { type DeliveryLog, deliveryLog } from '../../../src/db/database.ts';
import { listDeliveriesOf } from '../../../src/delivery/organization-deliveries.ts';
import { channelReceiver, installationReceiver } from '../../../src/resources/receiver.ts';
import { uuidVersion7 } from '../../../src/resources/uuid.ts';
import { ALL_SCOPES } from '../../support/worker/apps.ts';
import { Gateway, logDelivery } from '../../support/worker/gateway.ts';
import { installedApp } from '../../support/worker/installed-app.ts';
import { ask, enrollAgent, type Json, resultsOf, TIME } from '../../support/worker/organization.ts';
import type { Person } from '../../support/worker/requests.ts';
import { testEnv } from '../../support/worker/requests.ts';

const THREAD = 'a000000000000000000';
let made = 0n;
const deliveryId = (at: number) => {
  made += 1n;
  return uuidVersion7(at, { high12: 1, low62: made });
};

let hub: Gateway;
let manager: Person;
let mail: string;
let chat: string;
let installation: string;
/** From the oldest to the newest, in two channels and an app by turns. */
const ids: string[] = [];

beforeAll(async () => {
  hub = await Gateway.open();
  manager = await enrollAgent(hub.organizationId, {}, ALL_SCOPES);
  mail = await hub.register({ name: 'Mail' });
  chat = await hub.register({ name: 'Chat' });
  installation = (await installedApp(manager, ['/orgs/{organization_id}/owned_chats'])).installation.id;
  const gone = await hub.register({ name: 'Gone' });
  await logDelivery(hub, gone, { id: deliveryId(500), thread: THREAD });
  expect((await ask(manager, 'DELETE', `/orgs/${hub.organizationId}/unified_messaging/${gone}`)).status).toBe(204);
  for (let number = 0; number < 9; number++) {
    const id = deliveryId(1000 + number * 1000);
    ids.push(id);
    const status = number % 2 === 0 ? 'exhausted' : 'delivered';
    if (number % 3 < 2) {
      await logDelivery(hub, number % 3 === 0 ? mail : chat, { id, thread: THREAD, status, created_at: 1000 });
    } else {
      await testEnv.DELIVERY_LOG.prepare(
        `INSERT INTO deliveries (id, version, organization_id, receiver, thread, chat_id, seq, event_type, webhook_id, channel,
           resource_id, status, is_replay, attempt_count, due_at, created_at)
         VALUES (?, 1, ?, ?, ?, 'c2', 7, 'added', 'w', '/api/v5/orgs/o/owned_chats', 'r', ?, 0, 1, 2000, 1000)`,
      )
        .bind(id, hub.organizationId, installationReceiver(installation), THREAD, status)
        .run();
    }
  }
});

const path = (query = '') => `/orgs/${hub.organizationId}/deliveries${query}`;
const list = async (query = ''): Promise<Json[]> => {
  const answer = await ask(manager, 'GET', path(query));
  expect([answer.status, answer.text]).toEqual([200, expect.any(String)]);
  return resultsOf(answer);
};
const listed = async (query: string) => (await list(query)).map(({ id }) => id);
const newestFirst = (keep: (number: number) => boolean) => ids.filter((_, number) => keep(number)).toReversed();

describe('the deliveries of an organization', () => {
  it('are those of all channels and apps, newest first, each with its receiver', async () => {
    expect(await listed('')).toEqual(newestFirst(() => true));
    const [ofApp, ofChat, ofMail] = (await list('')).map(({ receiver }) => receiver);
    expect([ofMail, ofChat]).toEqual([
      { type: 'channel', id: mail, name: 'Mail' },
      { type: 'channel', id: chat, name: 'Chat' },
    ]);
    expect(ofApp).toEqual({ type: 'installation', id: installation, name: expect.any(String) });
    expect((await list(''))[2]).toEqual({
      id: ids[6],
      receiver: { type: 'channel', id: mail, name: 'Mail' },
      event_type: 'message_created',
      thread_id: 'ticket-1',
      webhook_id: null,
      channel: null,
      resource_id: null,
      chat_id: 'c1',
      seq: 7,
      status: 'exhausted',
      skip_reason: null,
      is_replay: false,
      attempt_count: 1,
      next_attempt_at: null,
      last_attempt_at: TIME,
      last_status: 500,
      last_error: null,
      created_at: TIME,
    });
  });

  it('can be chosen by status, receiver, thread, event, chat and time, alone and together', async () => {
    expect(await listed('?status=exhausted')).toEqual(newestFirst((number) => number % 2 === 0));
    expect(await listed('?status=delivered')).toEqual(newestFirst((number) => number % 2 === 1));
    expect(await listed(`?channel_id=${mail}`)).toEqual(newestFirst((number) => number % 3 === 0));
    expect(await listed(`?installation_id=${installation}`)).toEqual(newestFirst((number) => number % 3 === 2));
    expect(await listed(`?channel_id=${mail}&installation_id=${installation}`)).toEqual(
      newestFirst((number) => number % 3 !== 1),
    );
    expect(await listed('?thread_id=ticket-1')).toEqual(newestFirst((number) => number % 3 < 2));
    expect(await listed('?event_type=added')).toEqual(newestFirst((number) => number % 3 === 2));
    expect(await listed(`?status=exhausted&channel_id=${chat}&event_type=message_created`)).toEqual(
      newestFirst((number) => number % 3 === 1 && number % 2 === 0),
    );
    const time = (seconds: number) => new Date(seconds * 1000).toISOString();
    expect(await listed(`?created_at_after=${time(3)}&created_at_before=${time(6)}`)).toEqual(
      newestFirst((number) => number === 3 || number === 4),
    );
    expect(await listed(`?chat_id=${hub.organizationId}`)).toEqual([]);
    expect(await listed(`?channel_id=${hub.organizationId}`)).toEqual([]);
    expect((await ask(manager, 'GET', path('?status=lost'))).status).toBe(400);
    expect((await ask(manager, 'GET', path('?channel_id=x'))).status).toBe(400);
  });

  it('come page by page, in both directions', async () => {
    const first = await ask(manager, 'GET', path('?page_size=4'));
    const second = await ask(manager, 'GET', String(first.json['next']));
    const back = await ask(manager, 'GET', String(second.json['previous']));
    const idsOf = (answer: { json: Json }) => resultsOf(answer).map(({ id }) => id);
    expect([...idsOf(first), ...idsOf(second)]).toEqual(newestFirst(() => true).slice(0, 8));
    expect(idsOf(back)).toEqual(idsOf(first));
  });

  it('are nobody else’s', async () => {
    const other = await Gateway.open();
    const stranger = await enrollAgent(other.organizationId, {}, ALL_SCOPES);
    await other.register();
    expect((await ask(stranger, 'GET', path())).status).toBe(403);
    expect(
      resultsOf(await ask(stranger, 'GET', `/orgs/${other.organizationId}/deliveries?channel_id=${mail}`)),
    ).toEqual([]);
    const agent = await enrollAgent(hub.organizationId);
    expect((await ask(agent, 'GET', path())).status).toBe(403);
  });

  it('are found by keys: no page reads the log', async () => {
    const log = deliveryLog(testEnv as unknown as Env, noCost());
    const steps: string[] = [];
    const explained = {
      ...log,
      async all<Row>(sql: string, ...parameters: unknown[]) {
        const plan = await log.all<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, ...parameters);
        steps.push(...plan.map(({ detail }) => detail));
        return [] as Row[];
      },
    } as DeliveryLog;
    const first = { key: null, direction: 'next' as const, limit: 51 };
    for (const receivers of [[channelReceiver(mail)], [channelReceiver(mail), channelReceiver(chat)]]) {
      for (const filter of [{}, { status: 'exhausted' as const }, { status: 'delivered' as const, chat_id: 'c1' }]) {
        await listDeliveriesOf(explained, hub.organizationId, receivers, filter, first);
      }
    }
    const reads = steps.filter((step) => /\b(deliveries|delivery)\b/.test(step));
    expect(reads.length).toBeGreaterThan(10);
    expect(reads.filter((step) => step.startsWith('SCAN'))).toEqual([]);
    expect(reads.every((step) => /\(receiver=\?( AND (id|status)|\))/.test(step))).toBe(true);
  });
});
