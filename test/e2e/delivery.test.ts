import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { answer, type Behaviour, failureRate, type ReceivedRequest } from '../../scripts/webhook-receiver.ts';
import { eventually } from '../support/eventually.ts';
import { openHub, type TestHub } from '../support/local/hub.ts';
import type { Channel } from '../support/local/hub-client.ts';

let hub: TestHub;
/** How the receiver answers, by the path of a channel's URL. Each test has its own path. */
const behaviours = new Map<string, Behaviour>();

beforeAll(async () => {
  hub = await openHub({
    behaviour: (request) => (behaviours.get(request.path) ?? (() => answer(200)))(request),
  });
});
afterAll(() => hub.stop());

async function channelAt(path: string, behaviour: Behaviour, fields: Record<string, unknown> = {}): Promise<Channel> {
  behaviours.set(path, behaviour);
  return hub.client.registerChannel(`${hub.receiver.url}${path}`, fields);
}

/** Opens a thread with a visitor's message; the agent joins. Answers the chat's id. */
async function openThread(channel: Channel, thread: string): Promise<string> {
  const receipt = await hub.client.sendMessage(channel.id, thread, 'question', `${thread}-question`);
  await hub.client.joinChat(hub.demo.agent, receipt.chat_id);
  return receipt.chat_id;
}

const at = (path: string) => hub.receiver.requests.filter((request) => request.path === path);
const textOf = (request: ReceivedRequest) => JSON.parse(request.body).message.message as string;
const threadOf = (request: ReceivedRequest) => JSON.parse(request.body).thread_id as string;

async function deliveriesOf(channel: Channel) {
  const { results } = await hub.client.channelPage(channel.id, 'deliveries');
  return results;
}

/** The newest delivery of a channel once it is finished. D1's log follows a report a moment later. */
const endedDelivery = (channel: Channel) =>
  eventually(async () => {
    const [newest] = await deliveriesOf(channel);
    expect(['delivered', 'exhausted']).toContain(newest?.status);
    return newest;
  });

describe('a receiver that fails', () => {
  test('30 % of the time gets every reply of every thread once and in order, and the ledger balances', async () => {
    const fails = failureRate(0.3, 7);
    const statuses: number[] = [];
    const channel = await channelAt(
      '/flaky',
      (request) => {
        const reply = fails(request);
        if (reply.kind === 'answer') statuses.push(reply.status);
        return reply;
      },
      { max_retry_count: 20 },
    );
    const threads = ['flaky-a', 'flaky-b', 'flaky-c'];
    const wanted = Array.from({ length: 5 }, (_, index) => `reply ${index + 1}`);
    await Promise.all(
      threads.map(async (thread) => {
        const chat = await openThread(channel, thread);
        for (const text of wanted) await hub.client.reply(hub.demo.agent, chat, text);
      }),
    );
    await hub.receiver.waitUntil(() => statuses.filter((status) => status === 200).length === 15, 60_000);
    const requests = at('/flaky');
    const accepted = requests.filter((_, index) => statuses[index] === 200);
    for (const thread of threads) {
      expect(accepted.filter((request) => threadOf(request) === thread).map(textOf)).toEqual(wanted);
    }
    expect(statuses).toContain(500);
    // A repeat has the id of the webhook that it repeats.
    for (const request of requests) {
      const same = requests.filter((other) => other.body === request.body).map((other) => other.headers['webhook-id']);
      expect(new Set(same).size).toBe(1);
    }
    await eventually(async () => expect(await hub.client.ledger(channel.id)).toMatchObject({ delivered: 15 }));
    expect(await hub.client.ledger(channel.id)).toEqual({
      accepted: 15,
      delivered: 15,
      pending: 0,
      exhausted: 0,
      skipped: { disabled: 0, channel_deleted: 0, purged: 0 },
    });
  });

  test('and sends Retry-After gets no attempt before that time', async () => {
    const seen = { count: 0 };
    const channel = await channelAt('/busy', () => {
      seen.count += 1;
      return seen.count === 1 ? answer(503, { 'retry-after': '4' }, 'busy') : answer(200);
    });
    const chat = await openThread(channel, 'busy');
    await hub.client.reply(hub.demo.agent, chat, 'reply');
    await hub.receiver.waitUntil(() => seen.count === 2);
    const delivery = await endedDelivery(channel);
    const detail = await hub.client.request('GET', `${hub.client.channelPath(channel.id)}/deliveries/${delivery?.id}`);
    const { attempts } = detail.body as { attempts: { at: string; status: number; response: string }[] };
    expect(attempts.map(({ status, response }) => [status, response])).toEqual([
      [503, 'busy'],
      [200, ''],
    ]);
    const [first, second] = attempts.map((attempt) => Date.parse(attempt.at));
    expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(4000);
  });

  test('by a redirect is not followed', async () => {
    const channel = await channelAt('/moved', () => answer(302, { location: `${hub.receiver.url}/elsewhere` }), {
      max_retry_count: 0,
    });
    const chat = await openThread(channel, 'moved');
    await hub.client.reply(hub.demo.agent, chat, 'reply');
    const delivery = await endedDelivery(channel);
    expect(delivery).toMatchObject({ status: 'exhausted', attempt_count: 1 });
    expect(at('/elsewhere')).toEqual([]);
  });

  test('by never ending its answer counts as delivered after 16 KB of a 2xx, but not when it drips', async () => {
    const endless = await channelAt('/endless', () => ({ kind: 'endless' }));
    const drip = await channelAt('/drip', () => ({ kind: 'drip', interval: 1000 }), { max_retry_count: 0 });
    await hub.client.reply(hub.demo.agent, await openThread(endless, 'endless'), 'reply');
    await hub.client.reply(hub.demo.agent, await openThread(drip, 'drip'), 'reply');
    const taken = await endedDelivery(endless);
    expect(taken).toMatchObject({ status: 'delivered', attempt_count: 1 });
    const dripped = await endedDelivery(drip);
    expect(dripped).toMatchObject({ status: 'exhausted', attempt_count: 1 });
  });

  test.each(['gzip', 'br'])('to decompress its 2xx as %s has the webhook all the same', async (coding) => {
    const labelled = { 'content-encoding': coding };
    const channel = await channelAt(
      `/${coding}`,
      ({ body }) => answer(200, labelled, body.includes('empty') ? '' : 'plain'),
      {
        max_retry_count: 0,
      },
    );
    const chat = await openThread(channel, coding);
    await hub.client.reply(hub.demo.agent, chat, 'empty');
    expect(await endedDelivery(channel)).toMatchObject({ status: 'delivered', attempt_count: 1 });
    const result = await hub.client.request('POST', `${hub.client.channelPath(channel.id)}/test`);
    expect(result).toMatchObject({ status: 200, body: { success: true, status: 200, response: 'plain', error: null } });
  });

  test('by hanging in one thread delays no other', async () => {
    const order: string[] = [];
    const channel = await channelAt('/hang', (request) => {
      order.push(threadOf(request));
      return threadOf(request) === 'slow' ? { kind: 'hang' } : answer(200);
    });
    const slow = await openThread(channel, 'slow');
    const quick = await openThread(channel, 'quick');
    await hub.client.reply(hub.demo.agent, slow, 'reply');
    await hub.receiver.waitUntil(() => order.includes('slow'));
    for (const text of ['one', 'two', 'three']) await hub.client.reply(hub.demo.agent, quick, text);
    await hub.receiver.waitUntil(() => order.filter((thread) => thread === 'quick').length === 3);
    // The slow thread's one attempt was still hanging when all attempts of the other thread had ended.
    expect(order.filter((thread) => thread === 'slow')).toHaveLength(1);
  });
});

describe('the operator of a channel', () => {
  test('switches its webhook off and on, and replays what was skipped', async () => {
    const channel = await channelAt('/switch', () => answer(200));
    const chat = await openThread(channel, 'switch');
    const path = hub.client.channelPath(channel.id);
    await hub.client.request('PATCH', path, { is_webhook_enabled: false });
    await hub.client.reply(hub.demo.agent, chat, 'meanwhile');
    await eventually(async () => {
      const ledger = await hub.client.ledger(channel.id);
      expect(ledger).toMatchObject({ accepted: 1, delivered: 0, pending: 0, skipped: { disabled: 1 } });
    });
    expect(at('/switch')).toEqual([]);
    await hub.client.request('PATCH', path, { is_webhook_enabled: true });
    const replayed = await hub.client.request('POST', `${path}/replay`, { status: 'skipped' });
    expect(replayed).toMatchObject({ status: 202, body: { lanes: 1, replayed: 1, is_complete: true } });
    const request = await hub.receiver.waitFor(({ path: where }) => where === '/switch');
    expect(textOf(request)).toBe('meanwhile');
  });

  test('rotates the secret: both secrets sign during the grace, only the new one afterwards', async () => {
    const channel = await channelAt('/rotate', () => answer(200));
    const path = hub.client.channelPath(channel.id);
    const chat = await openThread(channel, 'rotate');
    const before = (await hub.client.request('GET', `${path}/secret`)).body as { secret: string };
    const rotated = await hub.client.request('POST', `${path}/secret/rotate`, { grace_seconds: 600 });
    const { secret } = rotated.body as { secret: string };
    expect(secret).not.toBe(before.secret);
    await hub.client.reply(hub.demo.agent, chat, 'both');
    const both = await hub.receiver.waitFor((request) => request.path === '/rotate' && textOf(request) === 'both');
    for (const key of [secret, before.secret]) new Webhook(key).verify(both.body, both.headers);
    await hub.client.request('POST', `${path}/secret/rotate`, { grace_seconds: 0 });
    await hub.client.reply(hub.demo.agent, chat, 'new');
    const fresh = await hub.receiver.waitFor((request) => request.path === '/rotate' && textOf(request) === 'new');
    const newest = (await hub.client.request('GET', `${path}/secret`)).body as { secret: string };
    new Webhook(newest.secret).verify(fresh.body, fresh.headers);
    expect(() => new Webhook(secret).verify(fresh.body, fresh.headers)).toThrow();
  });

  test('sends a test event and reads the receiver’s answer', async () => {
    const channel = await channelAt('/test', () => answer(418, {}, 'teapot'));
    const result = await hub.client.request('POST', `${hub.client.channelPath(channel.id)}/test`);
    expect(result).toMatchObject({ status: 200, body: { success: false, status: 418, response: 'teapot' } });
    expect(await hub.client.ledger(channel.id)).toMatchObject({ accepted: 0 });
  });

  test('fills a gap from /events with the bodies of the webhooks', async () => {
    const channel = await channelAt('/gap', () => answer(200));
    const chat = await openThread(channel, 'gap');
    for (const text of ['one', 'two', 'three']) await hub.client.reply(hub.demo.agent, chat, text);
    await hub.receiver.waitUntil(() => at('/gap').length === 3);
    const bodies = at('/gap').map((request) => JSON.parse(request.body));
    const all = await hub.client.channelPage(channel.id, 'events?thread_id=gap');
    expect(all).toEqual({ next: null, previous: null, results: bodies });
    const rest = await hub.client.channelPage(channel.id, `events?thread_id=gap&after=${bodies[0].seq}&page_size=1`);
    expect(rest.results).toEqual([bodies[1]]);
    const last = await hub.client.request('GET', rest.next ?? '');
    expect(last.body).toEqual({ next: null, previous: null, results: [bodies[2]] });
  });
});
