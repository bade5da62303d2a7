import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { chatIdAt, threadName } from '../../../src/domain/address.ts';
import type { PostMessage } from '../../../src/domain/commands.ts';
import { onFault } from '../../../src/platform/faults.ts';
import { newUuid } from '../../../src/resources/uuid.ts';
import type { ClaimResult } from '../../../src/rpc/lane.ts';
import { threadStub } from '../../../src/rpc/thread.ts';
import { eventually } from '../../support/eventually.ts';
import { testAlarm } from '../../support/worker/alarm.ts';
import { passTime, setClock } from '../../support/worker/clock.ts';
import { replaceProjector } from '../../support/worker/projector.ts';
import {
  alarmOf,
  type Channel,
  nameOf,
  newChannel,
  newUser,
  objectOf,
  receive,
  receiveCommand,
  rowsOf,
  stubOf,
  userMessage,
  visitorMessage,
} from '../../support/worker/threads.ts';
import { recordWakeUps } from '../../support/worker/wake-ups.ts';

const DAY = 24 * 3_600_000;

afterEach(() => {
  onFault(null);
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** A thread with one reply that waits to be delivered. */
async function threadWithReply(): Promise<Channel> {
  const channel = newChannel();
  await receive(receiveCommand(channel, 't', [userMessage('reply', newUser(channel.organizationId))]));
  return channel;
}

async function claim(channel: Channel, track: 'lane' | 'replay' = 'lane'): Promise<ClaimResult> {
  const request = { v: 1 as const, receiver: channel.receiver, track, drain: false, lease_milliseconds: 15_000 };
  return await stubOf(channel, 't').claim(request);
}

describe('the alarm', () => {
  testAlarm('does not spin over a delivery that has been pending for longer than deliveries are kept', async (ring) => {
    const channel = await threadWithReply();
    passTime(31 * DAY);
    await ring(objectOf(channel));
    await ring(objectOf(channel));
    const next = await alarmOf(objectOf(channel));
    expect(next).not.toBeNull();
    expect((next ?? 0) - Date.now()).toBeGreaterThanOrEqual(19_000);
    expect(await rowsOf(channel, 'SELECT id FROM deliveries')).toHaveLength(1);
  });

  testAlarm('stops ringing when nothing is left to do', async (ring) => {
    const channel = newChannel();
    await receive(receiveCommand(channel, 't', [visitorMessage('hello')]));
    expect(await alarmOf(objectOf(channel))).not.toBeNull();
    passTime(30_000);
    await ring(objectOf(channel));
    expect(await alarmOf(objectOf(channel))).toBeNull();
    await receive(receiveCommand(channel, 't', [visitorMessage('again')]));
    expect(await alarmOf(objectOf(channel))).not.toBeNull();
  });

  testAlarm('rings once after commits whose work is complete', async (ring) => {
    setClock(Date.now());
    const channel = newChannel();
    await receive(receiveCommand(channel, 't', [visitorMessage('hello')]));
    expect(await alarmOf(objectOf(channel))).toBe(Date.now() + 8000);
    passTime(4000);
    await receive(receiveCommand(channel, 't', [visitorMessage('again')]));
    passTime(4000);
    expect(await ring(objectOf(channel))).toBe(true);
    expect(await alarmOf(objectOf(channel))).toBeNull();
  });

  testAlarm('wakes a lane even while a write to D1 hangs', async (ring) => {
    const channel = await threadWithReply();
    const object = objectOf(channel);
    onFault((step) => {
      if (step === 'projector before D1') throw new Error('fault: D1 is away');
    });
    await receive(receiveCommand(channel, 't', [visitorMessage('one more')]));
    let isReleased = false;
    const wakeUps = recordWakeUps(nameOf(channel));
    const handOvers: string[] = [];
    const meet = () =>
      replaceProjector(nameOf(channel), async () => {
        handOvers.push(`after ${wakeUps.length} wake-ups`);
        while (!isReleased) await scheduler.wait(5);
        return [{ ok: false, reason: 'failed' }];
      });
    await meet();
    passTime(31_000);
    const ringing = ring(object, meet);
    await eventually(() => expect(handOvers).toEqual(['after 1 wake-ups']));
    isReleased = true;
    await ringing;
    expect(await alarmOf(objectOf(channel))).not.toBeNull();
  });

  testAlarm('is armed again when a run fails', async (ring) => {
    const channel = await threadWithReply();
    const object = objectOf(channel);
    await runInDurableObject(object, (_, { storage }) => {
      storage.sql.exec(
        `CREATE TRIGGER broken BEFORE UPDATE ON deliveries BEGIN SELECT RAISE(ABORT, 'the disk is full'); END`,
      );
    });
    const lines: string[] = [];
    vi.spyOn(console, 'error').mockImplementation((line: string) => void lines.push(line));
    passTime(31_000);
    await ring(object);
    expect(lines.join()).toContain('alarm_failed');
    expect(await alarmOf(objectOf(channel))).not.toBeNull();
  });
});

describe('a commit', () => {
  test.each(['in memory', 'evicted'])(
    'wakes a lane whose wake-up was lost, though no alarm rings [%s]',
    async (life) => {
      const channel = await threadWithReply();
      const object = objectOf(channel);
      setClock(Date.now());
      if (life === 'evicted') await evictDurableObject(object);
      const sent = recordWakeUps(object.name ?? '');
      const sentAfter = async (milliseconds: number) => {
        passTime(milliseconds);
        await receive(receiveCommand(channel, 't', [visitorMessage(`after ${milliseconds}`)]));
        return sent.splice(0);
      };
      const wakeUp = { v: 1, thread: object.name, receiver: channel.receiver, track: 'lane', drain: false };
      expect(await sentAfter(11_000)).toEqual([]);
      expect(await sentAfter(12_000)).toEqual([wakeUp]);
      expect(await sentAfter(13_000)).toEqual([]);
      expect(await sentAfter(14_000)).toEqual([wakeUp]);
    },
  );
});

describe('a delivery', () => {
  test('is due at once, even if the log is ahead of the clock', async () => {
    setClock(Date.now());
    const channel = newChannel();
    const user = newUser(channel.organizationId);
    for (const text of ['a', 'b', 'c']) await receive(receiveCommand(channel, 't', [visitorMessage(text)]));
    await receive(receiveCommand(channel, 't', [userMessage('reply', user)]));
    expect(await claim(channel)).toMatchObject({ kind: 'head' });
  });

  test('has an id that sorts by acceptance within one request', async () => {
    const channel = newChannel();
    const user = newUser(channel.organizationId);
    const replies = Array.from({ length: 20 }, (_, index) => userMessage(`reply ${index}`, user));
    await receive(receiveCommand(channel, 't', replies));
    const bySeq = await rowsOf<{ id: string }>(channel, 'SELECT id FROM deliveries ORDER BY seq');
    const byId = await rowsOf<{ id: string }>(channel, 'SELECT id FROM deliveries ORDER BY id');
    expect(byId).toEqual(bySeq);
    const ids = new Set((await rowsOf<{ id: string }>(channel, 'SELECT id FROM deliveries')).map(({ id }) => id));
    expect(ids.size).toBe(20);
  });
});

describe('an object addressed by an unknown chat id', () => {
  test('keeps no tables and no alarm', async () => {
    const identity = { kind: 'chat' as const, id: newUuid(Date.now()) };
    const name = threadName(identity);
    const command: PostMessage = {
      v: 1,
      type: 'post_message',
      command_id: crypto.randomUUID(),
      chat_id: chatIdAt(name, Date.now()),
      actor: newUser(newUuid(Date.now())),
      message: 'hello?',
      selected_reply_suggestion_id: null,
      attachments: [],
      attachment_template: null,
    };
    const stub = threadStub(env, name);
    expect((await stub.execute(command)).result).toEqual({ ok: false, refusal: { reason: 'chat_not_found' } });
    expect(await stub.readDelivery({ v: 1, delivery_id: newUuid(Date.now()) })).toBeNull();
    const filter = { status: null, from: null, to: null };
    expect(await stub.replay({ v: 1, receiver: 'channel/x', filter })).toEqual({ replayed: 0 });
    const object = env.THREADS.getByName(name);
    const left = await runInDurableObject(object, async (_, state) => ({
      tables: state.storage.sql
        .exec(`SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'`)
        .toArray(),
      alarm: await state.storage.getAlarm(),
    }));
    expect(left).toEqual({ tables: [], alarm: null });
  });
});
