import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { recordPresence } from '../../../src/directory/record-presence.ts';
import { deleteUser } from '../../../src/directory/users.ts';
import { newUuid } from '../../../src/resources/uuid.ts';
import { eventually } from '../../support/eventually.ts';
import { type Ring, testAlarm } from '../../support/worker/alarm.ts';
import { setClock } from '../../support/worker/clock.ts';
import { database } from '../../support/worker/directory-rows.ts';
import { brokenDatabase } from '../../support/worker/requests.ts';
import { newChatId, passSeconds, User } from '../../support/worker/user.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** Far enough in the future that no alarm rings by itself. */
const START = Date.now() + 3_600_000;

/** A D1 that never answers. */
const silentDatabase = {
  prepare() {
    const silence = () => new Promise(() => {});
    const statement = { bind: () => statement, all: silence, run: silence };
    return statement;
  },
  batch: () => new Promise(() => {}),
} as unknown as D1Database;

async function freeze(ring?: Ring): Promise<User> {
  const user = await User.create(ring);
  setClock(START);
  return user;
}

/** How often the row was written: its version. */
async function writes(user: User): Promise<number> {
  const row = await database.first<{ presence_version: number }>(
    'SELECT presence_version FROM users WHERE id = ?',
    user.owner.user_id,
  );
  return row?.presence_version ?? -1;
}

describe('the copy of a user’s presence in D1', () => {
  test('is written before the client’s request is answered', async () => {
    const user = await freeze();
    expect(await user.copy()).toEqual({ present_until: null, current_chat_count: 0 });
    const clientId = await user.addClient(60);
    expect(await user.copy()).toEqual({ present_until: START + 60_000, current_chat_count: 0 });
    const longer = await user.addClient(7200);
    expect(await user.copy()).toMatchObject({ present_until: START + 60_000 });
    await user.renew(clientId, 5);
    await user.stub.deleteClient({ v: 1, client_id: longer });
    expect(await user.copy()).toMatchObject({ present_until: START + 5000 });
    await user.stub.deleteClient({ v: 1, client_id: clientId });
    expect(await user.copy()).toMatchObject({ present_until: null });
  });

  testAlarm('records a longer stay only shortly before the recorded time', async (ring) => {
    const user = await freeze(ring);
    const clientId = await user.addClient(120);
    await user.ring();
    expect(await user.alarmAt()).toBeNull();
    for (let second = 0; second < 89; second++) {
      passSeconds(1);
      await user.renew(clientId);
    }
    expect([await user.copy(), await writes(user)]).toEqual([
      { present_until: START + 120_000, current_chat_count: 0 },
      1,
    ]);
    expect(await user.alarmAt()).toBe(START + 90_000);
    passSeconds(1);
    await user.ring();
    expect([await user.copy(), await writes(user)]).toEqual([
      { present_until: START + 209_000, current_chat_count: 0 },
      2,
    ]);
  });

  test('counts the user’s open chats', async () => {
    const user = await freeze();
    const chatIds = Array.from({ length: 10 }, newChatId);
    await Promise.all(chatIds.map((chatId) => user.watch(chatId, false)));
    await eventually(async () => expect((await user.copy()).current_chat_count).toBe(10));
    // One write was in flight, so later changes were written together.
    expect(await writes(user)).toBeLessThan(10);
    await user.stub.unwatch({ v: 1, chat_id: chatIds[0] ?? '' });
    await eventually(async () => expect((await user.copy()).current_chat_count).toBe(9));
  });

  testAlarm('catches up after D1 was away, with the newest state', async (ring) => {
    const user = await freeze(ring);
    vi.spyOn(Math, 'random').mockReturnValue(1);
    await user.useDatabase(brokenDatabase);
    const clientId = await user.addClient(60);
    passSeconds(0.5);
    await user.renew(clientId, 30);
    expect(await user.copy()).toEqual({ present_until: null, current_chat_count: 0 });
    expect(await user.alarmAt()).toBe(START + 1000);
    passSeconds(0.5);
    await user.ring();
    expect(await user.alarmAt()).toBe(START + 3000);
    await user.useDatabase(env.DB);
    passSeconds(2);
    await user.ring();
    expect(await user.copy()).toEqual({ present_until: START + 30_500, current_chat_count: 0 });
    expect(await user.alarmAt()).toBeNull();
  });

  test('does not delay the chats while D1 is away', async () => {
    const user = await freeze();
    const chat_id = newChatId();
    await user.watch(chat_id, false);
    await user.useDatabase(brokenDatabase);
    await user.addClient(60);
    expect(user.told).toEqual([{ chat_id, is_present: true }]);
  });

  testAlarm('is written again after a crash during a write', async (ring) => {
    const user = await freeze(ring);
    await user.useDatabase(silentDatabase);
    await user.addClient(60);
    await user.inside(() => user.crash()).catch(() => {});
    await user.useDatabase(env.DB);
    expect(await user.rows('SELECT copied_count FROM owner')).toEqual([{ copied_count: null }]);
    expect(await user.alarmAt()).not.toBeNull();
    await user.ring();
    expect(await user.copy()).toEqual({ present_until: START + 60_000, current_chat_count: 0 });
  });

  test('never replaces a newer state, nor one of another organization', async () => {
    const user = await freeze();
    const { organization_id, user_id } = user.owner;
    const copy = (version: number) => ({ version, present_until: START + version, current_chat_count: version });
    expect(await recordPresence(database, organization_id, user_id, copy(3))).toBe('recorded');
    expect(await recordPresence(database, organization_id, user_id, copy(2))).toBe('ignored');
    expect(await recordPresence(database, organization_id, user_id, copy(3))).toBe('ignored');
    expect(await recordPresence(database, newUuid(START), user_id, copy(4))).toBe('ignored');
    expect(await user.copy()).toEqual({ present_until: START + 3, current_chat_count: 3 });
  });

  testAlarm('deletes the clients of a user who is deleted', async (ring) => {
    const user = await freeze(ring);
    const chat_id = newChatId();
    await user.watch(chat_id, false);
    await deleteUser(database, user.owner.organization_id, user.owner.user_id, START);
    // An isolate that does not know about it yet accepts their token.
    await user.addClient(60);
    expect(user.told).toEqual([{ chat_id, is_present: true }]);
    await eventually(async () => expect(await user.isPresent()).toBe(false));
    expect(await user.stub.listClients({ v: 1 })).toEqual([]);
    await eventually(async () => expect((await user.copy()).present_until).toBeNull());
    passSeconds(30);
    await user.ring();
    expect(user.told.at(-1)).toEqual({ chat_id, is_present: false });
  });

  testAlarm('of a user without a row is given up', async (ring) => {
    const user = await freeze(ring);
    await database.run('DELETE FROM users WHERE id = ?', user.owner.user_id);
    await user.addClient(60);
    await user.ring();
    expect(await user.alarmAt()).toBeNull();
  });
});
