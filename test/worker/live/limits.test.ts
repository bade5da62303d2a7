import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { eventsAfter } from '../../../src/live/hub-store.ts';
import { organizationHub } from '../../../src/rpc/live-hub.ts';
import { testAlarm } from '../../support/worker/alarm.ts';
import { passTime, setClock } from '../../support/worker/clock.ts';
import { LiveClient, said, shakeHands } from '../../support/worker/live-client.ts';
import { message, PublishingThread } from '../../support/worker/publishing-thread.ts';
import { enroll, type Person } from '../../support/worker/requests.ts';

let person: Person;

beforeEach(async () => {
  person = await enroll();
});

afterEach(() => {
  vi.useRealTimers();
});

const hub = () => env.LIVE.getByName(organizationHub(person.organization_id));
const all = () => `/api/v5/orgs/${person.organization_id}/owned_chats/*/messages`;
const chatId = (place: number) => `0190a000-0000-7000-8000-${String(place).padStart(12, '0')}`;
const one = (place: number) => `/api/v5/orgs/${person.organization_id}/owned_chats/${chatId(place)}/messages`;
const range = (count: number) => Array.from({ length: count }, (_, place) => place);

/** A frame counts against the window by the length of its text. */
async function sayAll(thread: PublishingThread, count: number, text: string): Promise<void> {
  for (let fed = 0; fed < count; fed += 500) {
    await thread.publish(range(Math.min(500, count - fed)).map(() => thread.update(text)));
  }
}

describe('ten thousand subscriptions on one socket', () => {
  it('are refused except the first hundred; this socket and others still get notifications', async () => {
    const greedy = await LiveClient.ofUser(person);
    const other = await LiveClient.ofUser(person);
    await other.subscribe([all()]);
    for (const batch of range(10)) {
      const answer = await greedy.subscribe(range(1000).map((place) => one(batch * 1000 + place)));
      const taken = batch === 0 ? 100 : 0;
      expect((answer['channels'] as string[]).length).toBe(taken);
      expect(answer['refused_count']).toBe(1000 - taken);
      expect(answer['refused']).toHaveLength(100);
      expect((answer['refused'] as unknown[])[0]).toEqual({
        channel: one(batch * 1000 + taken),
        detail: 'A socket may subscribe to at most 100 channels.',
      });
    }
    const thread = PublishingThread.ofOrganization(person.organization_id, { chat_id: chatId(5) });
    const id = await thread.say('heard by both');
    for (const client of [greedy, other]) {
      expect(said(await client.next('notifications'))).toEqual([[one(5), 'added', id]]);
    }
    expect(await greedy.subscribe([one(7)])).toMatchObject({ channels: [one(7)], refused: [] });
    for (const client of [greedy, other]) client.close();
  });

  it('in one frame are refused as a whole', async () => {
    const greedy = await LiveClient.ofUser(person);
    greedy.send({ type: 'subscribe', channels: range(10_000).map(one) });
    expect(await greedy.next('error')).toEqual({
      type: 'error',
      detail: 'A frame must have no more than 262144 bytes.',
    });
    expect(await greedy.subscribe([one(1)])).toMatchObject({ channels: [one(1)] });
    greedy.close();
  });
});

describe('invalid frames', () => {
  const nonsense: [string, string | ArrayBuffer][] = [
    ['text that is not JSON', '{'],
    ['JSON that is not an object', '["subscribe"]'],
    ['no type', '{}'],
    ['an unknown type', '{"type":"publish"}'],
    ['channels that are not a list', '{"type":"subscribe","channels":"x"}'],
    ['no channels', '{"type":"subscribe","channels":[]}'],
    ['a channel that is not a text', '{"type":"unsubscribe","channels":[1]}'],
    ['a number that is not numeric', '{"type":"ack","number":"1"}'],
    ['a number with a fraction', '{"type":"subscribe","channels":["x"],"after":1.5}'],
    ['a number that was never sent', '{"type":"ack","number":9007199254740991}'],
    ['bytes', new Uint8Array([1, 2, 3]).buffer],
  ];

  it.each(nonsense)('are answered with an error: %s', async (_, frame) => {
    const client = await LiveClient.ofUser(person);
    if (typeof frame === 'string') client.send(frame);
    else client.sendBytes(frame);
    expect(await client.next('error')).toEqual({ type: 'error', detail: expect.stringMatching(/\.$/) });
    expect(await client.subscribe([all()])).toMatchObject({ channels: [all()] });
    client.close();
  });

  it('close the connection when there are many of them', async () => {
    const client = await LiveClient.ofUser(person);
    for (const _ of range(10)) client.send('{');
    expect(await client.closed).toEqual({ code: 1008, reason: 'too many malformed frames' });
    expect(client.frames.filter(({ type }) => type === 'error')).toHaveLength(10);
  });
});

describe('a socket that does not acknowledge', () => {
  testAlarm(
    'gets a thousand frames and no more, is closed, and gets the rest when it resumes; others get everything',
    async (ring) => {
      const idle = await LiveClient.ofUser(person);
      const diligent = await LiveClient.ofUser(person);
      await idle.subscribe([all()]);
      await diligent.subscribe([all()]);
      const thread = PublishingThread.ofOrganization(person.organization_id);
      const feeding = sayAll(thread, 2500, 'hello');
      for (const place of range(2500)) {
        const { number } = await diligent.next('notifications');
        if (place % 100 === 0) diligent.send({ type: 'ack', number });
      }
      await feeding;
      // Of the thousand, one was the welcome and one the answer to its subscription.
      const got = idle.frames.filter(({ type }) => type === 'notifications');
      expect(got).toHaveLength(998);
      passTime(31_000);
      await ring(hub());
      expect(await idle.closed).toEqual({ code: 4008, reason: 'not acknowledged in time' });
      vi.useRealTimers();
      const back = await LiveClient.ofUser(person);
      await back.subscribe([all()], Number(got.at(-1)?.['number']));
      for (const place of range(1502)) {
        const { number } = await back.next('notifications');
        expect(number).toBe(Number(got.at(-1)?.['number']) + 1 + place);
        if (place % 100 === 99) back.send({ type: 'ack', number });
      }
      for (const client of [diligent, back]) client.close();
    },
  );

  it('continues where it stopped when it acknowledges in time', async () => {
    const client = await LiveClient.ofUser(person);
    await client.subscribe([all()]);
    await sayAll(PublishingThread.ofOrganization(person.organization_id), 1500, 'hello');
    await client.received(1000);
    await evictDurableObject(hub());
    client.send({ type: 'ack', number: client.frames.at(-1)?.['number'] });
    const frames = await client.received(1502);
    const numbers = frames.slice(2).map(({ number }) => Number(number));
    expect(numbers).toEqual(range(1500).map((place) => (numbers[0] ?? 0) + place));
    client.close();
  });

  it('loses nothing when it was at the end of the log when it was paused, and the hub slept', async () => {
    const client = await LiveClient.ofUser(person);
    await client.subscribe([all()]);
    const thread = PublishingThread.ofOrganization(person.organization_id);
    await sayAll(thread, 500, 'hello');
    await sayAll(thread, 498, 'hello');
    await client.received(1000);
    await sayAll(thread, 5, 'hello');
    await evictDurableObject(hub());
    client.send({ type: 'ack', number: client.frames.at(-1)?.['number'] });
    const frames = await client.received(1005);
    const numbers = frames.slice(2).map(({ number }) => Number(number));
    expect(numbers).toEqual(range(1003).map((place) => (numbers[0] ?? 0) + place));
    client.close();
  });

  it('is closed when its client goes on sending frames', async () => {
    const client = await LiveClient.ofUser(person);
    await client.subscribe([all()]);
    const thread = PublishingThread.ofOrganization(person.organization_id);
    await sayAll(thread, 998, 'hello');
    await client.received(1000);
    for (const batch of range(11)) {
      for (const _ of range(10)) client.send({ type: 'unsubscribe', channels: ['nothing'] });
      if (batch < 10) await client.received(1010 + 10 * batch);
    }
    expect(await client.closed).toEqual({ code: 4008, reason: 'not acknowledged in time' });
    expect(client.frames).toHaveLength(1100);
  });

  it('is sent only as much of the log at a time as fits into memory, and gets all of it', async () => {
    const first = await LiveClient.ofUser(person);
    const { number } = await first.subscribe([all()]);
    const thread = PublishingThread.ofOrganization(person.organization_id);
    for (const _ of range(20)) await thread.publish([thread.update('x'.repeat(180_000))]);
    await evictDurableObject(hub(), { webSockets: 'close' });
    await runInDurableObject(hub(), (_, { storage }) => {
      const read = eventsAfter(storage.sql, Number(number), 100).map((event) => event.number - Number(number));
      expect(read).toEqual(range(12).map((place) => place + 1));
    });
    const back = await LiveClient.ofUser(person);
    await back.subscribe([all()], Number(number));
    const frames = await back.received(22);
    expect(frames.slice(2).map((frame) => Number(frame['number']) - Number(number))).toEqual(range(21).slice(1));
    back.close();
  });

  it('is sent at most four million characters', async () => {
    const client = await LiveClient.ofUser(person);
    await client.subscribe([all()]);
    const text = 'x'.repeat(100_000);
    const thread = PublishingThread.ofOrganization(person.organization_id);
    for (const _ of range(60)) await thread.say(text);
    client.send({ type: 'unsubscribe', channels: ['nothing'] });
    const frames = await client.received(43);
    expect(frames.filter(({ type }) => type === 'notifications')).toHaveLength(40);
    client.close();
  });
});

describe('a heartbeat', () => {
  it('is answered without waking the hub', async () => {
    const client = await LiveClient.ofUser(person);
    await evictDurableObject(hub());
    client.send('ping');
    await client.ponged();
    expect(client.pongs).toEqual(['pong']);
    client.close();
  });

  testAlarm('keeps the socket open; without it the socket is closed', async (ring) => {
    const [silent, alive] = [await LiveClient.ofUser(person), await LiveClient.ofUser(person)];
    passTime(140_000);
    await alive.subscribe([all()]);
    await ring(hub());
    passTime(11_000);
    await ring(hub());
    expect(await silent.closed).toEqual({ code: 4408, reason: 'no heartbeat' });
    await PublishingThread.ofOrganization(person.organization_id).say('heard');
    await alive.next('notifications');
    alive.close();
  });

  testAlarm(
    'makes the alarm ring only when the socket may end; without sockets the log is kept for a day',
    async (ring) => {
      setClock(Date.now());
      const alarmIn = () =>
        runInDurableObject(hub(), async (_, { storage }) => Number(await storage.getAlarm()) - Date.now());
      const client = await LiveClient.ofUser(person);
      // A hub that has just woken up asks threads once for what they did not send.
      passTime(41_000);
      await ring(hub());
      expect(await alarmIn()).toBe(109_000);
      passTime(99_000);
      client.send({ type: 'unsubscribe', channels: ['nothing'] });
      await client.next('unsubscribed');
      passTime(10_000);
      await ring(hub());
      expect(await alarmIn()).toBe(140_000);
      client.close();
      await client.closed;
      passTime(140_000);
      await ring(hub());
      expect(await alarmIn()).toBe(24 * 3_600_000 - 140_000);
    },
  );

  testAlarm('by pings alone makes the alarm ring as rarely as by frames', async (ring) => {
    setClock(Date.now());
    const client = await LiveClient.ofUser(person);
    passTime(150_000);
    const pinged = async () => {
      await runInDurableObject(hub(), (_, state) => {
        // The platform keeps the real time of the last ping.
        vi.spyOn(state, 'getWebSocketAutoResponseTimestamp').mockReturnValue(new Date(Date.now() - 7000));
      });
    };
    await pinged();
    await ring(hub(), pinged);
    const alarmAt = await runInDurableObject(hub(), (_, { storage }) => storage.getAlarm());
    vi.restoreAllMocks();
    expect(Number(alarmAt) - Date.now()).toBe(143_000);
    client.close();
  });

  testAlarm('ends with the token, at that moment', async (ring) => {
    setClock(Date.now());
    const short = await enroll({ expires_at: new Date(Date.now() + 20_000).toISOString() });
    const stub = env.LIVE.getByName(organizationHub(short.organization_id));
    const client = await LiveClient.ofUser(short);
    const at = await runInDurableObject(stub, (_, { storage }) => storage.getAlarm());
    expect(Number(at) - Date.now()).toBe(20_000);
    passTime(20_000);
    await ring(stub);
    expect((await client.closed).code).toBe(4401);
  });
});

describe('too many sockets', () => {
  it('of one user are refused; others may connect', async () => {
    const clients = await Promise.all(range(20).map(() => LiveClient.ofUser(person)));
    const headers = { Authorization: `Bearer ${person.token}` };
    const refused = await shakeHands(`/users/${person.user_id}/live`, headers);
    expect([refused.status, await refused.json()]).toEqual([429, { detail: 'Too many live sockets are open.' }]);
    const colleague = await LiveClient.ofUser(await enroll({ organization_id: person.organization_id }));
    clients[0]?.close();
    await clients[0]?.closed;
    const again = await LiveClient.ofUser(person);
    for (const client of [...clients.slice(1), colleague, again]) client.close();
  });
});

describe('an ephemeral update', () => {
  it('is sent at once, without a number, and not repeated', async () => {
    const client = await LiveClient.ofUser(person);
    const { number } = await client.subscribe([all()]);
    const thread = PublishingThread.ofOrganization(person.organization_id);
    const update = thread.update('', { notifications: [message(thread.chatId, 'typed')] });
    await hub().mention({ v: 1, hub: thread.hub, told: update });
    const frame = await client.next('notifications');
    expect([frame['number'], said(frame)]).toEqual([null, [[expect.any(String), 'added', expect.any(String)]]]);
    client.close();
    const back = await LiveClient.ofUser(person);
    await back.subscribe([all()], Number(number));
    const id = await thread.say('logged');
    expect(said(await back.next('notifications'))).toMatchObject([[expect.any(String), 'added', id]]);
    back.close();
  });
});
