import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { LiveHub } from '../../../src/index.ts';
import { organizationHub } from '../../../src/rpc/live-hub.ts';
import { testAlarm } from '../../support/worker/alarm.ts';
import { passTime, setClock } from '../../support/worker/clock.ts';
import { type Frame, LiveClient, said } from '../../support/worker/live-client.ts';
import { PublishingThread } from '../../support/worker/publishing-thread.ts';
import { enroll, type Person } from '../../support/worker/requests.ts';

const A_DAY = 24 * 3_600_000;

afterEach(() => {
  vi.useRealTimers();
});

const messagesOf = ({ organization_id }: Person) => [`/api/v5/orgs/${organization_id}/owned_chats/*/messages`];
const hubOf = ({ organization_id }: Person) => env.LIVE.getByName(organizationHub(organization_id));
const numberOf = (frame: Frame | undefined) => Number(frame?.['number']);
const idOf = (frame: Frame) => (said(frame) as [string, string, string][])[0]?.[2];

function range(count: number): number[] {
  return Array.from({ length: count }, (_, place) => place);
}

describe('a client that reconnects', () => {
  it('gets what it has missed, in order, and then new events', async () => {
    const person = await enroll();
    const thread = PublishingThread.ofOrganization(person.organization_id);
    const first = await LiveClient.ofUser(person);
    await first.subscribe(messagesOf(person));
    await thread.say('before');
    const seen = await first.next('notifications');
    first.close();
    await first.closed;
    const missed = [await thread.say('one'), await thread.say('two')];
    const second = await LiveClient.ofUser(person);
    expect(await second.subscribe(messagesOf(person), numberOf(seen))).toMatchObject({ number: numberOf(seen) });
    const later = await thread.say('three');
    const frames = [1, 2, 3].map(() => second.next('notifications'));
    expect((await Promise.all(frames)).map(idOf)).toEqual([...missed, later]);
    second.close();
  });

  it('loses nothing and repeats nothing, wherever it is interrupted', async () => {
    const person = await enroll();
    const threads = range(4).map(() => PublishingThread.ofOrganization(person.organization_id));
    const start = await LiveClient.ofUser(person);
    const { number } = await start.subscribe(messagesOf(person));
    start.close();
    const said: string[] = [];
    const feeding = (async () => {
      for (const place of range(240)) said.push((await threads[place % 4]?.say(`message ${place}`)) ?? '');
    })();
    const heard: (string | undefined)[] = [];
    let after = Number(number);
    while (heard.length < 240) {
      const client = await LiveClient.ofUser(person);
      await client.subscribe(messagesOf(person), after);
      const taken = Math.min(heard.length + 7 + (heard.length % 13), 240) - heard.length;
      for (const _ of range(taken)) {
        const frame = await client.next('notifications');
        expect(numberOf(frame)).toBeGreaterThan(after);
        after = numberOf(frame);
        heard.push(idOf(frame));
      }
      client.close();
    }
    await feeding;
    expect(heard).toEqual(said);
  });

  it('gets what its rights and topics allow now', async () => {
    const person = await enroll();
    const [one, two] = range(2).map(() => PublishingThread.ofOrganization(person.organization_id));
    const first = await LiveClient.ofUser(person);
    const { number } = await first.subscribe(messagesOf(person));
    await one?.say('no more wanted');
    const wanted = await two?.say('wanted');
    first.close();
    const second = await LiveClient.ofUser(person);
    const channel = `/api/v5/orgs/${person.organization_id}/owned_chats/${two?.chatId}/messages`;
    await second.subscribe([channel], Number(number));
    expect(said(await second.next('notifications'))).toEqual([[channel, 'added', wanted]]);
    second.close();
  });

  it('is told when its number is too old, or from a deleted log', async () => {
    const person = await enroll();
    const thread = PublishingThread.ofOrganization(person.organization_id);
    const first = await LiveClient.ofUser(person);
    const { number } = await first.subscribe(messagesOf(person));
    for (const after of [Number(number) - 1, 0, Number(number) + 5]) {
      const client = await LiveClient.ofUser(person);
      expect(await client.subscribe(messagesOf(person), after)).toMatchObject({ channels: messagesOf(person), number });
      expect(await client.next('reset')).toEqual({ type: 'reset', number });
      client.close();
      await client.closed;
    }
    const id = await thread.say('and it goes on');
    expect(idOf(await first.next('notifications'))).toBe(id);
    first.close();
  });

  testAlarm('is told so after a day; after a day without sockets the numbers are higher', async (ring) => {
    const person = await enroll();
    const thread = PublishingThread.ofOrganization(person.organization_id);
    const first = await LiveClient.ofUser(person);
    const { number } = await first.subscribe(messagesOf(person));
    await thread.say('old');
    await first.next('notifications');
    first.close();
    await first.closed;
    passTime(A_DAY + 60_000);
    expect(await ring(hubOf(person))).toBe(true);
    await runInDurableObject(hubOf(person), async (_, { storage }) => {
      expect(storage.sql.exec(`SELECT name FROM sqlite_master WHERE name = 'events'`).toArray()).toEqual([]);
    });
    await thread.say('heard by nobody');
    const renewed = await enroll({ organization_id: person.organization_id });
    const second = await LiveClient.ofUser(renewed);
    const again = await second.subscribe(messagesOf(person), Number(number) + 1);
    expect(Number(again['number'])).toBeGreaterThan(Number(number) + 1);
    expect(await second.next('reset')).toEqual({ type: 'reset', number: again['number'] });
    second.close();
  });

  testAlarm('finds a hub that deletes its log at the next attempt when the storage failed at first', async (ring) => {
    const person = await enroll();
    const first = await LiveClient.ofUser(person);
    first.close();
    await first.closed;
    passTime(A_DAY + 60_000);
    const errors = vi.spyOn(console, 'error').mockImplementation(() => {});
    let asked = 0;
    const breakStorage = async () => {
      await runInDurableObject(hubOf(person), (_, { storage }) => {
        const deleteAll = storage.deleteAll.bind(storage);
        vi.spyOn(storage, 'deleteAll').mockImplementation(async () => {
          asked += 1;
          if (asked === 1) throw new Error('the storage is away');
          await deleteAll();
        });
      });
    };
    await breakStorage();
    await ring(hubOf(person), breakStorage);
    expect([asked, errors.mock.calls.length]).toEqual([1, 1]);
    expect(await ring(hubOf(person), breakStorage)).toBe(true);
    expect(asked).toBe(2);
    vi.restoreAllMocks();
    await runInDurableObject(hubOf(person), (_, { storage: { sql } }) => {
      expect(sql.exec(`SELECT name FROM sqlite_master WHERE name = 'events'`).toArray()).toEqual([]);
    });
    const again = await LiveClient.ofUser(await enroll({ organization_id: person.organization_id }));
    again.close();
  });

  it('may send `after` only in its first subscription', async () => {
    const person = await enroll();
    const client = await LiveClient.ofUser(person);
    const { number } = await client.subscribe(messagesOf(person));
    client.send({ type: 'subscribe', channels: [`/api/v5/users/${person.user_id}/chats`], after: number });
    expect(await client.next('error')).toEqual({ type: 'error', detail: expect.stringContaining('"after"') });
    client.close();
  });
});

describe('a hub that has slept', () => {
  it('keeps its sockets, their topics and its numbers', async () => {
    const person = await enroll();
    const thread = PublishingThread.ofOrganization(person.organization_id);
    const client = await LiveClient.ofUser(person);
    await client.subscribe(messagesOf(person));
    await thread.say('one');
    const before = numberOf(await client.next('notifications'));
    await evictDurableObject(hubOf(person));
    const id = await thread.say('two');
    const frame = await client.next('notifications');
    expect([numberOf(frame), idOf(frame)]).toEqual([before + 1, id]);
    await evictDurableObject(hubOf(person));
    client.send({ type: 'unsubscribe', channels: messagesOf(person) });
    await client.next('unsubscribed');
    client.close();
  });

  it('sets its alarm again when the platform has dropped it', async () => {
    const person = await enroll();
    const client = await LiveClient.ofUser(person);
    await runInDurableObject(hubOf(person), (_, { storage }) => storage.deleteAlarm());
    await evictDurableObject(hubOf(person));
    await PublishingThread.ofOrganization(person.organization_id).say('hello');
    await runInDurableObject(hubOf(person), async (_, { storage }) => {
      expect(await storage.getAlarm()).not.toBe(null);
    });
    client.close();
  });

  it.each([1000, 1005, 1006, 1015])(
    'forgets a socket that was closed with %i, whether it can be answered or not',
    async (code) => {
      const person = await enroll();
      const client = await LiveClient.ofUser(person);
      await client.subscribe(messagesOf(person));
      await runInDurableObject(hubOf(person), async (hub, state) => {
        const [wire] = state.getWebSockets();
        if (wire === undefined) throw new Error('it has a socket');
        const answers: (number | undefined)[] = [];
        // The platform's socket throws for a connection that no longer exists.
        vi.spyOn(wire, 'close').mockImplementation((answer) => {
          if (code === 1006 || code === 1015) throw new TypeError('there is nobody to answer');
          answers.push(answer);
        });
        await (hub as LiveHub).webSocketClose(wire, code);
        expect(answers).toEqual(code === 1006 || code === 1015 ? [] : [1000]);
        expect(state.storage.sql.exec('SELECT count(*) AS count FROM sockets').one()).toEqual({ count: 0 });
        expect(state.storage.sql.exec('SELECT left_at IS NULL AS is_used FROM hub').one()).toEqual({ is_used: 0 });
      });
      vi.restoreAllMocks();
    },
  );

  testAlarm('forgets the sockets that it lost in a crash, and their clients resume', async (ring) => {
    const person = await enroll();
    const thread = PublishingThread.ofOrganization(person.organization_id);
    const client = await LiveClient.ofUser(person);
    const { number } = await client.subscribe(messagesOf(person));
    await evictDurableObject(hubOf(person), { webSockets: 'close' });
    await client.closed;
    passTime(60_000);
    await ring(hubOf(person));
    await runInDurableObject(hubOf(person), async (_, { storage }) => {
      const { left_at } = storage.sql.exec<{ left_at: number | null }>('SELECT left_at FROM hub').one();
      expect(await storage.getAlarm()).toBe((left_at ?? 0) + A_DAY);
    });
    const id = await thread.say('after the crash');
    const second = await LiveClient.ofUser(person);
    await second.subscribe(messagesOf(person), Number(number));
    expect(idOf(await second.next('notifications'))).toBe(id);
    await runInDurableObject(hubOf(person), async (_, { storage }) => {
      expect(storage.sql.exec('SELECT count(*) AS count FROM sockets').one()).toEqual({ count: 1 });
      expect(storage.sql.exec('SELECT count(*) AS count FROM subscriptions').one()).toEqual({ count: 1 });
    });
    second.close();
  });
});

describe('what threads publish', () => {
  it('is sent once, however often it arrives', async () => {
    const person = await enroll();
    const thread = PublishingThread.ofOrganization(person.organization_id);
    const client = await LiveClient.ofUser(person);
    await client.subscribe(messagesOf(person));
    const [one, two, three] = range(3).map((place) => thread.update(`message ${place}`));
    if (one === undefined || two === undefined || three === undefined) throw new Error('three were made');
    await thread.publish([one, two]);
    await thread.publish([one, two]);
    await evictDurableObject(hubOf(person));
    await Promise.all([thread.publish([one, two, three]), thread.publish([two, three])]);
    const marker = await PublishingThread.ofOrganization(person.organization_id).say('last');
    const frames = await client.received(6);
    const ids = [one, two, three].map(({ notifications }) => notifications[0]?.resource_id);
    expect(frames.slice(2).map(idOf)).toEqual([...ids, marker]);
    client.close();
  });

  it('gets the next number when it arrives late, and is left out when it is a day old', async () => {
    const person = await enroll();
    const [early, late] = range(2).map(() => PublishingThread.ofOrganization(person.organization_id));
    const client = await LiveClient.ofUser(person);
    await client.subscribe(messagesOf(person));
    passTime(2 * 3_600_000);
    const delayed = late?.update('delayed', { at: Date.now() - 3_600_000 });
    const stale = late?.update('stale', { at: Date.now() - A_DAY });
    if (delayed === undefined || stale === undefined) throw new Error('both were made');
    const first = await early?.say('first');
    await late?.publish([delayed, stale]);
    const marker = await early?.say('last');
    const frames = [1, 2, 3].map(() => client.next('notifications'));
    const ids = (await Promise.all(frames)).map(idOf);
    expect(ids).toEqual([first, delayed.notifications[0]?.resource_id, marker]);
    client.close();
  });

  it('is kept for 10,000 events', async () => {
    const person = await enroll();
    const thread = PublishingThread.ofOrganization(person.organization_id);
    const client = await LiveClient.ofUser(person);
    const number = Number((await client.subscribe([`/api/v5/users/${person.user_id}/chats`]))['number']);
    for (const _ of range(11)) await thread.publish(range(1000).map((place) => thread.update(`message ${place}`)));
    const late = await LiveClient.ofUser(person);
    await late.subscribe(messagesOf(person), number + 999);
    await late.next('reset');
    const intime = await LiveClient.ofUser(person);
    await intime.subscribe(messagesOf(person), number + 1000);
    expect(numberOf(await intime.next('notifications'))).toBe(number + 1001);
    await runInDurableObject(hubOf(person), async (_, { storage }) => {
      expect(storage.sql.exec('SELECT count(*) AS count FROM events').one()).toEqual({ count: 10_000 });
    });
    for (const each of [client, late, intime]) each.close();
  });

  testAlarm('is kept for a day, except its last number, and is not sent again afterwards', async (ring) => {
    const person = await enroll();
    const thread = PublishingThread.ofOrganization(person.organization_id);
    const client = await LiveClient.ofUser(person);
    const number = Number((await client.subscribe(messagesOf(person)))['number']);
    const entries = range(3).map((place) => thread.update(`message ${place}`));
    await thread.publish(entries);
    for (const _ of entries) await client.next('notifications');
    passTime(A_DAY + 1);
    client.send({ type: 'ack', number: number + 3 });
    await client.subscribe([`/api/v5/users/${person.user_id}/chats`]);
    await ring(hubOf(person));
    await runInDurableObject(hubOf(person), async (_, { storage }) => {
      expect(storage.sql.exec('SELECT number FROM events').toArray()).toEqual([{ number: number + 3 }]);
      expect(storage.sql.exec('SELECT thread FROM threads').toArray()).toEqual([]);
    });
    await thread.publish(entries);
    const back = await LiveClient.ofUser(person);
    await back.subscribe(messagesOf(person), number + 1);
    await back.next('reset');
    const id = await thread.say('new');
    const frame = await back.next('notifications');
    expect([numberOf(frame), idOf(frame)]).toEqual([number + 4, id]);
    for (const each of [client, back]) each.close();
  });

  testAlarm('is deleted from the oldest on, without a gap, even if the clock was set back meanwhile', async (ring) => {
    const person = await enroll();
    const thread = PublishingThread.ofOrganization(person.organization_id);
    const client = await LiveClient.ofUser(person);
    const number = Number((await client.subscribe(messagesOf(person)))['number']);
    const at = Date.now();
    for (const minutes of [0, 10, 5, 10]) {
      setClock(at + minutes * 60_000);
      await thread.say('hello');
      await client.next('notifications');
    }
    setClock(at + A_DAY + 7 * 60_000);
    client.send({ type: 'ack', number: number + 4 });
    await client.subscribe([`/api/v5/users/${person.user_id}/chats`]);
    await ring(hubOf(person));
    await runInDurableObject(hubOf(person), async (_, { storage }) => {
      const rows = storage.sql.exec<{ number: number }>('SELECT number FROM events').toArray();
      expect(rows.map((row) => row.number - number)).toEqual([2, 3, 4]);
    });
    client.close();
  });

  it('is not stored by a hub that never had a socket', async () => {
    const person = await enroll();
    await PublishingThread.ofOrganization(person.organization_id).say('to nobody');
    await runInDurableObject(hubOf(person), async (_, { storage }) => {
      expect(storage.sql.exec('SELECT name FROM sqlite_master').toArray()).toEqual([]);
      expect(await storage.getAlarm()).toBe(null);
    });
  });

  it('stays with the thread when it is of a newer version', async () => {
    const person = await enroll();
    const client = await LiveClient.ofUser(person);
    const thread = PublishingThread.ofOrganization(person.organization_id);
    const newer = await thread.publish([thread.update('new')], { v: 2 as 1 });
    expect(newer).toEqual({ ok: false, reason: 'newer_version' });
    client.close();
  });
});
