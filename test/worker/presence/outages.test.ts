import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { newUuid } from '../../../src/resources/uuid.ts';
import type { UserStub } from '../../../src/rpc/user.ts';
import { eventually } from '../../support/eventually.ts';
import { type Ring, testAlarm } from '../../support/worker/alarm.ts';
import { newChatId, passSeconds, User, WATCHED } from '../../support/worker/user.ts';

const HOUR = 3_600_000;

beforeEach(() => {
  // The middle of the jitter.
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  vi.spyOn(console, 'error').mockImplementation(() => {});
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** Far enough in the future that no alarm rings by itself. */
async function laterUser(ring?: Ring): Promise<User> {
  const user = await User.create(ring);
  passSeconds(3600);
  return user;
}

/** A D1 that counts its queries, and fails while it is away. */
function countingDatabase() {
  const counted = { queries: 0, isAway: false };
  const count = () => {
    counted.queries += 1;
    if (counted.isAway) throw new Error('D1_ERROR: network connection lost');
  };
  const database = {
    prepare: (query: string) => {
      count();
      return env.DB.prepare(query);
    },
    batch: (statements: D1PreparedStatement[]) => env.DB.batch(statements),
  };
  return { counted, database: database as unknown as D1Database };
}

/** Rings the alarm at each of its times for an hour. */
async function passHour(user: User): Promise<void> {
  const end = Date.now() + HOUR;
  for (let at = await user.alarmAt(); at !== null && at <= end; at = await user.alarmAt()) {
    passSeconds(Math.max(0, at - Date.now()) / 1000);
    await user.ring();
  }
}

describe('the object of a user', () => {
  testAlarm('tries at most 25 times to copy presence to a D1 that is away for an hour', async (ring) => {
    const user = await laterUser(ring);
    const { counted, database } = countingDatabase();
    counted.isAway = true;
    await user.useDatabase(database);
    await user.addClient(60);
    await passHour(user);
    expect(counted.queries).toBeGreaterThan(15);
    expect(counted.queries).toBeLessThanOrEqual(25);
    counted.isAway = false;
    passSeconds(300);
    await user.ring();
    expect((await user.copy()).present_until).not.toBeNull();
  });

  testAlarm('calls a thread that is away for an hour at most 25 times, and the others at once', async (ring) => {
    const user = await laterUser(ring);
    const [bad = '', ...good] = Array.from({ length: 20 }, newChatId);
    for (const chatId of [bad, ...good]) await user.watch(chatId, false);
    let isAway = true;
    user.answer = ({ chat_id }) => {
      if (isAway && chat_id === bad) throw new Error('network connection lost');
      return WATCHED;
    };
    await user.addClient(2 * 3600);
    expect(user.takeTold()).toHaveLength(20);
    await passHour(user);
    const tries = user.takeTold().map(({ chat_id }) => chat_id);
    expect(new Set(tries)).toEqual(new Set([bad]));
    expect(tries.length).toBeGreaterThan(15);
    expect(tries.length).toBeLessThan(25);
    isAway = false;
    passSeconds(300);
    await user.ring();
    expect(user.takeTold()).toEqual([{ chat_id: bad, is_present: true }]);
    expect(await user.rows('SELECT name FROM timers')).toEqual([]);
  });

  test('does nothing in its next instance when all is known, except the weekly check of its chats', async () => {
    const user = await laterUser();
    const { counted, database } = countingDatabase();
    await user.useDatabase(database);
    await user.watch(newChatId(), false);
    await user.addClient(24 * 3600);
    await eventually(async () => expect((await user.copy()).current_chat_count).toBe(1));
    expect(user.takeTold()).toHaveLength(1);
    const { queries } = counted;
    for (let life = 0; life < 3; life++) {
      passSeconds(31);
      await user.evict();
      await user.ring();
    }
    expect([user.told, counted.queries]).toEqual([[], queries]);
    expect(await user.rows('SELECT name FROM timers')).toEqual([]);
    expect(await user.alarmAt()).toBeGreaterThan(Date.now() + 20 * HOUR);
  });

  test('writes nothing when a chat asks again for what it has', async () => {
    const user = await laterUser();
    const chatId = newChatId();
    await user.watch(chatId, false);
    await eventually(async () => expect((await user.copy()).current_chat_count).toBe(1));
    await eventually(async () =>
      expect(await user.rows('SELECT copied_count FROM owner')).toEqual([{ copied_count: 1 }]),
    );
    const changes = () => user.rows('SELECT total_changes() AS count');
    const before = await changes();
    const alarmAt = await user.alarmAt();
    for (let time = 0; time < 3; time++) await user.watch(chatId, false);
    await user.stub.unwatch({ v: 1, chat_id: newChatId() });
    expect([await changes(), await user.alarmAt()]).toEqual([before, alarmAt]);
  });

  test('arms an alarm again that the platform has dropped', async () => {
    const user = await laterUser();
    await user.addClient(60);
    await user.watch(newChatId(), true);
    passSeconds(600);
    await user.inside((_, state) => state.storage.setAlarm(Date.now() - 300_000));
    await user.evict();
    expect(await user.alarmAt()).toBe(Date.now() + 1000);
  });

  test.each<[string, (stub: UserStub, v: 1) => Promise<unknown>]>([
    ['presence', (stub, v) => stub.presence({ v })],
    ['listClients', (stub, v) => stub.listClients({ v })],
    ['createClient', (stub, v) => stub.createClient({ v, owner: OWNER, changes: {} })],
    ['updateClient', (stub, v) => stub.updateClient({ v, client_id: ID, changes: {} })],
    ['keepClient', (stub, v) => stub.keepClient({ v, owner: OWNER, client_id: ID, changes: {} })],
    ['deleteClient', (stub, v) => stub.deleteClient({ v, client_id: ID })],
    ['deleteClients', (stub, v) => stub.deleteClients({ v })],
    ['watch', (stub, v) => stub.watch({ v, owner: OWNER, chat_id: ID, is_present: true })],
    ['unwatch', (stub, v) => stub.unwatch({ v, chat_id: ID })],
  ])('refuses a newer request to %s with an error that its caller retries', async (_, request) => {
    const user = await User.create();
    const failure = await request(user.stub, 2 as never).then(
      () => null,
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({ message: 'newer version', retryable: true });
  });
});

const ID = newUuid(1_772_000_000_000);
const OWNER = { user_id: ID, organization_id: ID };
