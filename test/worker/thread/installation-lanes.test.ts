import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { consumerDeps } from '../../../src/delivery/consumer-deps.ts';
import { type DeliveryDeps, deliverLane } from '../../../src/delivery/deliver-lane.ts';
import type { FaultStep } from '../../../src/platform/faults.ts';
import { installationReceiver } from '../../../src/resources/receiver.ts';
import { newUuid } from '../../../src/resources/uuid.ts';
import type { LaneWakeUp } from '../../../src/rpc/lane.ts';
import { makeTable } from '../../../src/thread/store/schema.ts';
import { type Installation, newWebhook, OWNED_CHATS, openApp, orgOf, uninstall } from '../../support/worker/apps.ts';
import { passTime } from '../../support/worker/clock.ts';
import { ask } from '../../support/worker/organization.ts';
import { receive as receiveWebhooks } from '../../support/worker/receiver.ts';
import { type Person, testEnv } from '../../support/worker/requests.ts';
import {
  type Channel,
  newChannel,
  objectOf,
  receive,
  receiveCommand,
  stubOf,
  visitorMessage,
} from '../../support/worker/threads.ts';

/** The endpoints of the webhook of chats and of the webhook of their messages. */
const URL_A = 'https://a.example.com/chats?key=a%20b';
const URL_B = 'https://b.example.com/messages';

let manager: Person;
let installation: Installation;
let webhooks: string;
let ofChats: string;
let channel: Channel;
let queue: { wakeUp: LaneWakeUp; delay: number }[];
/** Ids of the deliveries of the chat and of its first message. */
let chatDelivery: string;
let messageDelivery: string;

/** A thread with two webhooks for one installation: its chat, to URL A, and the first message, to URL B. */
beforeEach(async () => {
  queue = [];
  const opened = await openApp();
  ({ manager, installation } = opened);
  webhooks = `${orgOf(manager)}/apps/${opened.app.id}/webhooks`;
  const subscribe = async (endpoint_url: string, channel_pattern: string) =>
    String((await ask(manager, 'POST', webhooks, newWebhook({ endpoint_url, channel_pattern }))).json['id']);
  ofChats = await subscribe(URL_A, OWNED_CHATS);
  const ofMessages = await subscribe(URL_B, `${OWNED_CHATS}/*/messages`);
  channel = newChannel();
  await receive(receiveCommand(channel, 't', [visitorMessage('Hello')]));
  chatDelivery = newUuid(Date.now());
  messageDelivery = newUuid(Date.now());
  await acceptForInstallation([
    { id: chatDelivery, webhook_id: ofChats, seq: 1, prev_seq: null },
    { id: messageDelivery, webhook_id: ofMessages, seq: 4, prev_seq: 1 },
  ]);
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

type Row = { id: string; webhook_id: string; seq: number; prev_seq: number | null };

/** Puts a lane of the installation and its deliveries into the thread's object, as a commit does. */
async function acceptForInstallation(rows: Row[]): Promise<void> {
  const receiver = installationReceiver(installation.id);
  await runInDurableObject(objectOf(channel), (_, { storage }) => {
    const { sql } = storage;
    makeTable(sql, 'lanes');
    sql.exec(
      'INSERT INTO lanes (receiver, version, accepted, last_seq, organization_id) VALUES (?, 1, ?, ?, ?)',
      receiver,
      rows.length,
      rows.at(-1)?.seq ?? null,
      manager.organization_id,
    );
    for (const [place, { id, webhook_id, seq, prev_seq }] of rows.entries()) {
      const resource = { id: `resource-${seq}` };
      const body = {
        channel: '/api/v5/orgs/o/owned_chats',
        action: 'added',
        resource_id: resource.id,
        resource,
        seq,
        prev_seq,
      };
      sql.exec(
        `INSERT INTO deliveries (id, version, receiver, seq, ordinal, chat_id, event_type, webhook_id, channel, resource_id,
           body, status, due_at, created_at)
         VALUES (?1, ?2, ?3, ?4, 0, 'c1', 'added', ?5, ?6, ?7, ?8, 'pending', ?9, ?9)`,
        id,
        place + 2,
        receiver,
        seq,
        webhook_id,
        body.channel,
        resource.id,
        JSON.stringify(body),
        Date.now(),
      );
    }
  });
  // The object has read its tables before.
  await evictDurableObject(objectOf(channel));
}

/** The consumer of a deployed Worker, with the queue played by the test. */
function deps(): DeliveryDeps {
  const send = async (wakeUp: LaneWakeUp, delay: number) => void queue.push({ wakeUp, delay });
  return { ...consumerDeps(testEnv), send, log: () => {} };
}

function wakeUp(more: Partial<LaneWakeUp> = {}): LaneWakeUp {
  const receiver = installationReceiver(installation.id);
  return { v: 1, thread: String(objectOf(channel).name), receiver, track: 'lane', drain: false, ...more };
}

/** Plays a wake-up and everything that follows from it. Time passes as the delays require. */
async function play(more: Partial<LaneWakeUp> = {}): Promise<void> {
  queue.push({ wakeUp: wakeUp(more), delay: 0 });
  for (let played = 0; queue.length > 0; played++) {
    if (played > 50) throw new Error('the wake-ups do not come to an end');
    const next = queue.shift();
    if (next === undefined) return;
    if (next.delay > 0) passTime(next.delay * 1000);
    await deliverLane(deps(), next.wakeUp);
  }
}

const kept = async (id: string) => {
  const delivery = await stubOf(channel, 't').readDelivery({ v: 1, delivery_id: id });
  if (delivery === null) throw new Error('the thread does not have this delivery');
  return delivery;
};

const statuses = () =>
  runInDurableObject(objectOf(channel), (_, { storage }) =>
    storage.sql
      .exec<{ status: string; skip_reason: string | null }>('SELECT status, skip_reason FROM deliveries ORDER BY seq')
      .toArray()
      .map(({ status, skip_reason }) => skip_reason ?? status),
  );

describe('a lane of an installation', () => {
  test('sends a chat’s first message to URL B only after URL A has answered its `added`', async () => {
    const answers = [500, 503];
    const got = receiveWebhooks(() => new Response('', { status: answers.shift() ?? 200 }));
    await play();
    expect(got.map(({ url }) => url)).toEqual([URL_A, URL_A, URL_A, URL_B]);
    expect(got.map(({ headers }) => headers['webhook-id'])).toEqual([
      chatDelivery,
      chatDelivery,
      chatDelivery,
      messageDelivery,
    ]);
    expect(await statuses()).toEqual(['delivered', 'delivered']);
    const shown = (await kept(chatDelivery)).attempts.map(({ url, status }) => [url, status]);
    expect(shown).toEqual([
      [URL_A, 500],
      [URL_A, 503],
      [URL_A, 200],
    ]);
    expect((await kept(messageDelivery)).attempts.map(({ url }) => url)).toEqual([URL_B]);
  });

  test('continues with URL B when URL A has had all its attempts', async () => {
    const got = receiveWebhooks(({ url }) => new Response('', { status: url === URL_A ? 500 : 200 }));
    await play();
    expect(got.map(({ url }) => url)).toEqual([URL_A, URL_A, URL_A, URL_A, URL_B]);
    expect(await statuses()).toEqual(['exhausted', 'delivered']);
  });

  test('makes the authorization again at each attempt and stores none of it', async () => {
    const answers = [500];
    const got = receiveWebhooks(({ body }) => new Response(body, { status: answers.shift() ?? 200 }));
    await play();
    const bodies = got.map(({ body }) => JSON.parse(body) as { app_user_auth: { access_token: string } });
    const keys = ['channel', 'action', 'resource_id', 'resource', 'app_user_auth', 'seq', 'prev_seq'];
    expect(bodies.map((body) => Object.keys(body))).toEqual([keys, keys, keys]);
    expect(bodies).toMatchObject([
      { seq: 1, prev_seq: null },
      { seq: 1, prev_seq: null },
      { seq: 4, prev_seq: 1 },
    ]);
    const tokens = bodies.map(({ app_user_auth }) => app_user_auth.access_token);
    expect(new Set(tokens).size).toBe(3);
    const signatures = tokens.map((token) => String(token.split('.')[2]));
    const stored = await runInDurableObject(objectOf(channel), (_, { storage }) =>
      JSON.stringify([
        storage.sql.exec('SELECT * FROM deliveries').toArray(),
        storage.sql.exec('SELECT * FROM attempts').toArray(),
      ]),
    );
    expect(stored).toContain('(access token)');
    for (const signature of signatures) expect(stored).not.toContain(signature);
    expect(JSON.parse((await kept(chatDelivery)).body ?? '')).not.toHaveProperty('app_user_auth');
  });

  test('ends the deliveries of a webhook that was switched off, and continues with the other', async () => {
    const got = receiveWebhooks(() => new Response('', { status: 500 }));
    await deliverLane(deps(), wakeUp());
    queue.length = 0;
    await ask(manager, 'PATCH', `${webhooks}/${ofChats}`, { is_enabled: false });
    vi.restoreAllMocks();
    const later = receiveWebhooks();
    await play({ drain: true });
    expect([got.map(({ url }) => url), later.map(({ url }) => url)]).toEqual([[URL_A], [URL_B]]);
    expect(await statuses()).toEqual(['disabled', 'delivered']);
  });

  test('sends nothing more when the app is uninstalled', async () => {
    const got = receiveWebhooks(() => new Response('', { status: 500 }));
    await deliverLane(deps(), wakeUp());
    queue.length = 0;
    await uninstall(manager, installation);
    await play({ drain: true });
    expect(got.length).toBe(1);
    expect(await statuses()).toEqual(['uninstalled', 'uninstalled']);
  });

  test.each<FaultStep>(['after claim', 'after the receiver answered', 'after report'])(
    'keeps the order across URLs and repeats one delivery at most when the consumer is lost %s',
    async (step) => {
      const got = receiveWebhooks();
      const fault = (at: FaultStep) => {
        if (at === step) throw new Error('the consumer is gone');
      };
      await expect(deliverLane({ ...deps(), fault }, wakeUp())).rejects.toThrow('the consumer is gone');
      passTime(60_000);
      await play();
      const ids = got.map(({ headers }) => headers['webhook-id']);
      const repeated = step === 'after the receiver answered' ? [chatDelivery] : [];
      expect(ids).toEqual([chatDelivery, ...repeated, messageDelivery]);
      expect(await statuses()).toEqual(['delivered', 'delivered']);
    },
  );
});
