import { afterEach, describe, expect, test, vi } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { testAlarm } from '../../support/worker/alarm.ts';
import { newChatId, passSeconds, User } from '../../support/worker/user.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const told = (user: User) => user.takeTold().map(({ is_present }) => is_present);
const signOff = (user: User, client_id: string) => user.stub.deleteClient({ v: 1, client_id });

describe('the chats of a user who disconnects and reconnects', () => {
  testAlarm(
    'are not notified, even 5,000 of them, when the network is lost for 20 s, which the user’s object and D1 show exactly',
    async (ring) => {
      const user = await User.create(ring);
      const clientId = await user.addClient(60);
      const until = (await user.copy()).present_until ?? 0;
      await user.inside((_, { storage }) =>
        storage.transactionSync(() => {
          for (let chat = 0; chat < 5000; chat++) {
            storage.sql.exec('INSERT INTO chats (chat_id, told) VALUES (?, 1)', newChatId());
          }
        }),
      );
      passSeconds(80);
      await user.ring();
      expect([await user.isPresent(), (await user.copy()).present_until]).toEqual([false, until]);
      expect(await user.renew(clientId, 60)).toMatchObject({ was_absent: true });
      expect(await user.isPresent()).toBe(true);
      await eventually(async () => expect((await user.copy()).present_until).toBeGreaterThan(until));
      passSeconds(31);
      await user.ring();
      expect(user.told).toEqual([]);
    },
  );

  test('are notified at once of a sign-off, and at once of a return', async () => {
    const user = await User.create();
    const clientId = await user.addClient(60);
    await user.watch(newChatId(), true);
    await signOff(user, clientId);
    expect(told(user)).toEqual([false]);
    await user.addClient(60);
    expect(told(user)).toEqual([true]);
  });

  testAlarm('are not notified of a sign-off and a sign-on within 30 s of an arrival', async (ring) => {
    const user = await User.create(ring);
    await user.watch(newChatId(), false);
    let clientId = await user.addClient(600);
    expect(told(user)).toEqual([true]);
    for (let round = 0; round < 5; round++) {
      passSeconds(5);
      await signOff(user, clientId);
      expect(await user.isPresent()).toBe(false);
      clientId = await user.addClient(600);
    }
    passSeconds(6);
    await user.ring();
    expect(told(user)).toEqual([]);
    // The grace period is over: the next sign-off is reported at once.
    await signOff(user, clientId);
    expect(told(user)).toEqual([false]);
  });

  testAlarm('are notified of a lasting sign-off 30 s after the arrival', async (ring) => {
    const user = await User.create(ring);
    await user.watch(newChatId(), false);
    await signOff(user, await user.addClient(600));
    expect(told(user)).toEqual([true]);
    passSeconds(29);
    await user.ring();
    expect(told(user)).toEqual([]);
    passSeconds(1);
    await user.ring();
    expect(told(user)).toEqual([false]);
  });
});
