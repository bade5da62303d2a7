import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { findActiveThreads } from '../../../src/chats/active-threads.ts';
import { noCost } from '../../../src/db/cost.ts';
import { threadNameOfChat } from '../../../src/domain/address.ts';
import { writeCollected } from '../../../src/read-model/collector.ts';
import { organizationHub } from '../../../src/rpc/live-hub.ts';
import { testAlarm } from '../../support/worker/alarm.ts';
import { setClock } from '../../support/worker/clock.ts';
import { firstDatabase } from '../../support/worker/first-database.ts';
import { LiveClient } from '../../support/worker/live-client.ts';
import { TestOrganization, unique } from '../../support/worker/organization.ts';
import { brokenDatabase, type Person, testEnv } from '../../support/worker/requests.ts';

const { DB } = testEnv;

beforeEach(() => {
  setClock(Date.now());
});
afterEach(() => {
  Object.assign(testEnv, { DB });
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const later = (milliseconds: number) => vi.setSystemTime(Date.now() + milliseconds);
const hubOf = ({ organization_id }: Pick<Person, 'organization_id'>) =>
  env.LIVE.getByName(organizationHub(organization_id));
const alarmOf = (chatId: string) =>
  runInDurableObject(env.THREADS.getByName(threadNameOfChat(chatId) ?? ''), (_, { storage }) => storage.getAlarm());
/** The thread sleeps, and nothing is due in it. */
const fallAsleep = (chatId: string) =>
  runInDurableObject(env.THREADS.getByName(threadNameOfChat(chatId) ?? ''), (_, { storage }) => storage.deleteAlarm());
const dueIn = (person: Pick<Person, 'organization_id'>) =>
  runInDurableObject(hubOf(person), (_, { storage }) =>
    storage.sql.exec<{ name: string; due_at: number; failures: number }>('SELECT * FROM timers').toArray(),
  );

describe('a hub that has woken up', () => {
  testAlarm('asks the threads for what they did not send, once no thread has an older audience', async (ring) => {
    const org = await TestOrganization.open();
    const agent = { ...org.agent, organization_id: org.organizationId };
    const { chatId: old } = await org.say(unique('thread'), 'long ago');
    await fallAsleep(old);
    later(60_000);
    const client = await LiveClient.ofUser(agent);
    const { chatId } = await org.say(unique('thread'), 'hello');
    await writeCollected(testEnv);
    await fallAsleep(chatId);
    expect(await dueIn(agent)).toEqual([{ name: 'ask_threads', due_at: Date.now() + 40_000, failures: 0 }]);
    later(39_999);
    await ring(hubOf(agent));
    expect(await alarmOf(chatId)).toBe(null);
    later(1);
    await ring(hubOf(agent));
    expect([(await alarmOf(chatId)) !== null, await alarmOf(old)]).toEqual([true, null]);
    expect(await dueIn(agent)).toEqual([]);
    client.close();
  });

  testAlarm('asks again when D1 cannot be reached, and gives up after an hour', async (ring) => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const org = await TestOrganization.open();
    const agent = { ...org.agent, organization_id: org.organizationId };
    const client = await LiveClient.ofUser(agent);
    later(40_000);
    Object.assign(testEnv, { DB: brokenDatabase });
    let tries = 0;
    for (let [due] = await dueIn(agent); due !== undefined; [due] = await dueIn(agent)) {
      expect(due).toMatchObject({ name: 'ask_threads', failures: tries });
      vi.setSystemTime(Math.max(Date.now(), due.due_at));
      await ring(hubOf(agent));
      tries += 1;
    }
    expect(tries).toBe(16);
    client.close();
  });

  testAlarm('asks no thread when it was awake before: another instance of the hub, a second socket', async (ring) => {
    const org = await TestOrganization.open();
    const agent = { ...org.agent, organization_id: org.organizationId };
    const [first, second] = [await LiveClient.ofUser(agent), await LiveClient.ofUser(agent)];
    later(40_000);
    await ring(hubOf(agent));
    // It forgets everything, and D1 still lists it as awake.
    await runInDurableObject(hubOf(agent), (_, { storage }) => storage.sql.exec('UPDATE hub SET awake_until = 0'));
    const third = await LiveClient.ofUser(agent);
    expect(await dueIn(agent)).toEqual([]);
    for (const client of [first, second, third]) client.close();
  });
});

describe('active threads', () => {
  it('are found in an organization’s rooms and in those that are shared with it', async () => {
    const [org, partner] = [await TestOrganization.open(), await TestOrganization.open()];
    const since = Date.now();
    later(1000);
    const own = await org.say(unique('thread'), 'hello');
    const shared = await partner.say(unique('thread'), 'hello');
    await writeCollected(testEnv);
    const database = firstDatabase(noCost());
    const found = () => findActiveThreads(database, org.organizationId, since);
    expect(await found()).toEqual([threadNameOfChat(own.chatId)]);
    const [chat] = await database.all<{ room_id: string }>('SELECT room_id FROM chats WHERE id = ?', shared.chatId);
    await database.run(
      'INSERT INTO room_shares (room_id, organization_id, created_at) VALUES (?, ?, 0)',
      chat?.room_id,
      org.organizationId,
    );
    expect((await found()).toSorted()).toEqual([own, shared].map(({ chatId }) => threadNameOfChat(chatId)).toSorted());
    expect(await findActiveThreads(database, org.organizationId, Date.now() + 1)).toEqual([]);
  });
});
