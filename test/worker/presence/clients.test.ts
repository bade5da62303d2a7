import { evictDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { newUuid } from '../../../src/resources/uuid.ts';
import { userStub } from '../../../src/rpc/user.ts';
import { testAlarm } from '../../support/worker/alarm.ts';
import { newChatId, passSeconds, User } from '../../support/worker/user.ts';

const DAY = 24 * 3600;

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const idsOf = async (user: User) => (await user.stub.listClients({ v: 1 })).map(({ id }) => id);

describe('the object of a user', () => {
  test('stores nothing when it is only read', async () => {
    const user = await User.create();
    const client_id = newUuid(Date.now());
    const { stub } = user;
    expect(await stub.presence({ v: 1 })).toEqual({ is_present: false, current_chat_count: 0 });
    expect(await stub.listClients({ v: 1 })).toEqual([]);
    expect(await stub.updateClient({ v: 1, client_id, changes: {} })).toBeNull();
    expect(await stub.deleteClient({ v: 1, client_id })).toBe(false);
    await stub.deleteClients({ v: 1 });
    await stub.unwatch({ v: 1, chat_id: newChatId() });
    expect(await user.rows(`SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf\\_%' ESCAPE '\\'`)).toEqual([]);
    expect(await user.alarmAt()).toBeNull();
  });

  test('reports the user as present until the last of their clients expires', async () => {
    const user = await User.create();
    await user.addClient(60);
    const longer = await user.addClient(90);
    passSeconds(89);
    expect(await user.isPresent()).toBe(true);
    passSeconds(2);
    expect(await user.isPresent()).toBe(false);
    expect(await user.renew(longer)).toMatchObject({ was_absent: true, client: { presence_expires_in: 90 } });
    expect(await user.isPresent()).toBe(true);
    expect(await user.renew(longer, 5)).toMatchObject({ was_absent: false, client: { presence_expires_in: 5 } });
    passSeconds(6);
    expect(await user.isPresent()).toBe(false);
  });

  test('lists expired clients too, the oldest first, and renews one of them', async () => {
    const user = await User.create();
    const first = await user.addClient(60);
    passSeconds(1);
    const second = await user.addClient(60);
    passSeconds(3600);
    expect(await idsOf(user)).toEqual([first, second]);
    expect(await user.renew(first, 60)).toMatchObject({ was_absent: true });
    // The other is still expired, though the user is present.
    expect(await user.renew(second, 60)).toMatchObject({ was_absent: true });
    expect(await user.renew(second, 60)).toMatchObject({ was_absent: false });
    expect(await idsOf(user)).toEqual([first, second]);
  });

  test('keeps the data of a client', async () => {
    const user = await User.create();
    const changes = { gcm_token: 'push', properties: { tab: { nested: ['ä', 1, null] } } };
    const saved = await user.stub.createClient({ v: 1, owner: user.owner, changes });
    await evictDurableObject(user.object);
    expect(await user.stub.listClients({ v: 1 })).toEqual([saved?.client]);
    expect(saved?.client).toMatchObject({ ...changes, presence_expires_in: 120 });
  });

  test('reports the user as absent when the last client is deleted', async () => {
    const user = await User.create();
    const [first, second] = [await user.addClient(60), await user.addClient(60)];
    expect(await user.stub.deleteClient({ v: 1, client_id: first })).toBe(true);
    expect(await user.stub.deleteClient({ v: 1, client_id: first })).toBe(false);
    expect(await user.isPresent()).toBe(true);
    expect(await user.stub.deleteClient({ v: 1, client_id: second })).toBe(true);
    expect(await user.isPresent()).toBe(false);
    expect(await user.renew(second)).toBeNull();
  });

  test('loses all clients when the user is deleted, and reports to their chats and D1', async () => {
    const user = await User.create();
    await user.addClient(7200);
    const chatId = newChatId();
    await user.watch(chatId, true);
    await user.stub.deleteClients({ v: 1 });
    expect(await user.isPresent()).toBe(false);
    expect(user.told).toEqual([{ chat_id: chatId, is_present: false }]);
    expect(await user.copy()).toEqual({ present_until: null, current_chat_count: 1 });
  });

  test('has at most 100 clients: expired ones make room, else a new one is refused', async () => {
    const user = await User.create();
    const expiring = await user.addClient(60);
    for (let count = 1; count < 100; count++) await user.addClient(3600);
    expect(await user.stub.createClient({ v: 1, owner: user.owner, changes: {} })).toBeNull();
    expect(await idsOf(user)).toHaveLength(100);
    passSeconds(61);
    const newest = await user.addClient(60);
    const ids = await idsOf(user);
    expect([ids.length, ids.includes(expiring), ids.includes(newest)]).toEqual([100, false, true]);
  });

  testAlarm('forgets clients 30 days after they expired, but not the last one', async (ring) => {
    const user = await User.create(ring);
    const early = await user.addClient(60);
    const late = await user.addClient(120);
    passSeconds(60 + 30 * DAY - 1);
    await user.ring();
    expect(await idsOf(user)).toEqual([early, late]);
    expect(await user.alarmAt()).toBe(Date.now() + 1000);
    passSeconds(1);
    await user.ring();
    expect(await idsOf(user)).toEqual([late]);
    expect(await user.alarmAt()).toBeNull();
    passSeconds(90 * DAY);
    expect(await user.renew(late)).toMatchObject({ was_absent: true });
  });

  testAlarm('has no alarm for a user without chats whose presence D1 has', async (ring) => {
    const user = await User.create(ring);
    await user.addClient(3600);
    await user.ring();
    expect(await user.alarmAt()).toBeNull();
  });

  testAlarm('arms its alarm again when a run fails', async (ring) => {
    const user = await User.create(ring);
    await user.addClient(60);
    await user.watch(newChatId(), true);
    await user.inside((_, state) => state.storage.sql.exec('ALTER TABLE clients RENAME TO clients_away'));
    await user.ring();
    expect(await user.alarmAt()).not.toBeNull();
    await user.inside((_, state) => state.storage.sql.exec('ALTER TABLE clients_away RENAME TO clients'));
    passSeconds(91);
    await user.ring();
    expect(user.told).toMatchObject([{ is_present: false }]);
  });

  test('is independent of those of other users', async () => {
    const [user, other] = [await User.create(), await User.create()];
    const clientId = await user.addClient(60);
    expect(await other.isPresent()).toBe(false);
    expect(await other.renew(clientId)).toBeNull();
    expect(await userStub(env, newUuid(Date.now())).listClients({ v: 1 })).toEqual([]);
  });
});
