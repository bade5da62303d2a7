import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { noCost } from '../../../src/db/cost.ts';
import { wakeOverdueThreads } from '../../../src/delivery/wake-overdue.ts';
import { threadName } from '../../../src/domain/address.ts';
import { onFault } from '../../../src/platform/faults.ts';
import { threadStub } from '../../../src/rpc/thread.ts';
import { testAlarm } from '../../support/worker/alarm.ts';
import { setClock } from '../../support/worker/clock.ts';
import { firstDatabase } from '../../support/worker/first-database.ts';
import {
  alarmOf,
  execute,
  newChannel,
  newVisitorChat,
  objectOf,
  read,
  receive,
  receiveCommand,
  visitorMessage,
} from '../../support/worker/threads.ts';

const HOUR = 3_600_000;
/** A full hour, so that ends are easy to read. */
const NOON = Math.ceil(Date.now() / HOUR) * HOUR;

beforeEach(() => setClock(NOON));
afterEach(() => {
  onFault(null);
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const objectAt = (thread: string) => env.THREADS.getByName(thread);

type Opened = Awaited<ReturnType<typeof newVisitorChat>>;

async function chatOf({ thread, chat_id, grant }: Opened) {
  return (await read(thread, { v: 1, type: 'read_chat', chat_id, grant })).chat;
}

async function flagsOf(chatId: string) {
  const sql = 'SELECT is_ended, overdue_after FROM chats WHERE id = ?';
  return await env.DB.prepare(sql).bind(chatId).first();
}

describe('a chat that ends by itself', () => {
  testAlarm('ends at its time when nobody writes, and D1 knows', async (ring) => {
    const opened = await newVisitorChat({ lifetime: { idle: HOUR, total: null } });
    const { thread, chat_id } = opened;
    setClock(NOON + 30_000);
    await ring(objectAt(thread));
    const end = (await chatOf(opened)).created_at + HOUR;
    expect(await alarmOf(objectAt(thread))).toBe(end);
    expect(await flagsOf(chat_id)).toEqual({ is_ended: 0, overdue_after: Math.ceil(end / HOUR) * HOUR });
    setClock(end);
    await ring(objectAt(thread));
    expect((await chatOf(opened)).ended_at).toBeGreaterThanOrEqual(end);
    expect(await flagsOf(chat_id)).toEqual({ is_ended: 1, overdue_after: null });
    setClock(end + 31_000);
    await ring(objectAt(thread));
    expect(await alarmOf(objectAt(thread))).toBeNull();
  });

  testAlarm('ends later when somebody writes, without an alarm for each message', async (ring) => {
    const opened = await newVisitorChat({ lifetime: { idle: HOUR, total: null } });
    const { thread, chat_id, visitor_id } = opened;
    setClock(NOON + 30_000);
    await ring(objectAt(thread));
    setClock(NOON + HOUR / 2);
    const says = { type: 'post_visitor_message', chat_id, visitor_id, content: { type: 'msg', message: 'x' } } as const;
    await execute(thread, says);
    // The alarm that every commit arms, and then the new end.
    expect(await alarmOf(objectAt(thread))).toBe(NOON + HOUR / 2 + 8000);
    setClock(NOON + HOUR / 2 + 8000);
    await ring(objectAt(thread));
    expect(await alarmOf(objectAt(thread))).toBe(NOON + 1.5 * HOUR);
    setClock(NOON + HOUR + 1000);
    await ring(objectAt(thread));
    expect((await chatOf(opened)).ended_at).toBeNull();
    setClock(NOON + 1.5 * HOUR);
    await ring(objectAt(thread));
    expect((await chatOf(opened)).ended_at).not.toBeNull();
  });

  test('after a short time is ended by its own alarm, not by the one after each commit', async () => {
    const opened = await newVisitorChat({ lifetime: { idle: null, total: 5000 } });
    expect(await alarmOf(objectAt(opened.thread))).toBe((await chatOf(opened)).created_at + 5000);
  });

  testAlarm('ends after a crash and an eviction too', async (ring) => {
    const opened = await newVisitorChat({ lifetime: { idle: null, total: HOUR } });
    const { thread } = opened;
    await ring(objectAt(thread));
    onFault((step, crash) => {
      if (step === 'before commit') crash();
    });
    setClock(NOON + 2 * HOUR);
    await ring(objectAt(thread)).catch(() => null);
    onFault(null);
    await evictDurableObject(objectAt(thread)).catch(() => null);
    setClock(NOON + 3 * HOUR);
    await runInDurableObject(objectAt(thread), (instance) =>
      (instance as unknown as { alarm(): Promise<void> }).alarm(),
    );
    const { ended_at } = await chatOf(opened);
    expect(ended_at).toBeGreaterThanOrEqual(NOON + 2 * HOUR);
  });

  testAlarm('that cannot be ended delays neither the replica nor the next attempt', async (ring) => {
    const opened = await newVisitorChat({ lifetime: { idle: null, total: HOUR } });
    const { thread, chat_id } = opened;
    onFault((step) => {
      if (step === 'before commit') throw new Error('fault: the disk is full');
    });
    const lines: string[] = [];
    vi.spyOn(console, 'error').mockImplementation((line: string) => void lines.push(line));
    setClock(NOON + HOUR + 1000);
    await ring(objectAt(thread));
    expect(lines.some((line) => line.includes('end_failed'))).toBe(true);
    const again = (await alarmOf(objectAt(thread))) ?? 0;
    expect(again).toBeGreaterThanOrEqual(NOON + HOUR + 9000);
    expect(again).toBeLessThanOrEqual(NOON + HOUR + 17_000);
    expect(await flagsOf(chat_id)).toMatchObject({ is_ended: 0 });
    onFault(null);
    setClock(again);
    await ring(objectAt(thread));
    expect(await flagsOf(chat_id)).toEqual({ is_ended: 1, overdue_after: null });
  });
});

describe('the watchdog wakes', () => {
  const database = firstDatabase(noCost());
  beforeEach(async () => void (await env.DB.exec('DELETE FROM chats')));
  const wake = (now: number) => wakeOverdueThreads(database, (thread) => threadStub(env, thread), now);

  /** The alarm after six failures: the platform has dropped it, and the object does not know. */
  const forgetAlarm = (thread: string) =>
    runInDurableObject(objectAt(thread), (_, state) => state.storage.deleteAlarm());

  testAlarm('a thread whose alarm was dropped, and its chat ends', async (ring) => {
    const opened = await newVisitorChat({ lifetime: { idle: null, total: HOUR } });
    const { thread } = opened;
    await ring(objectAt(thread));
    await forgetAlarm(thread);
    const { overdue_after } = (await flagsOf(opened.chat_id)) as { overdue_after: number };
    setClock(overdue_after + 10 * 60_000);
    expect(await wake(Date.now())).toBe(0);
    setClock(overdue_after + 10 * 60_000 + 1);
    expect(await wake(Date.now())).toBe(1);
    expect(await alarmOf(objectAt(thread))).toBeLessThanOrEqual(Date.now());
    await ring(objectAt(thread));
    expect((await chatOf(opened)).ended_at).not.toBeNull();
    expect(await wake(Date.now())).toBe(0);
  });

  test('each of many threads that stay overdue in some run, and reads along the index', async () => {
    const names = Array.from({ length: 600 }, (_, place) =>
      threadName({ kind: 'chat', id: `018f0000-0000-7000-8000-${String(place).padStart(12, '0')}` }),
    );
    const rows = names.map((name, place) => [`chat ${place}`, name, NOON - (place % 3) * HOUR]);
    await env.DB.prepare(
      `INSERT INTO chats (id, thread, seq, organization_id, chat_type, is_ended, is_waiting, is_pending, updated_at,
         overdue_after, facts)
       SELECT value ->> 0, value ->> 1, 1, 'o', 'visitor', 0, 0, 0, 0, value ->> 2, '{}' FROM json_each(?)`,
    )
      .bind(JSON.stringify(rows))
      .run();
    const woken = new Set<string>();
    const failing = names[0];
    vi.spyOn(console, 'error').mockImplementation(() => {});
    for (let run = 0; run < 12; run++) {
      const inRun: string[] = [];
      const stubOf = (thread: string) => ({
        wake: async () => {
          inRun.push(thread);
          if (thread === failing) throw new Error('overloaded');
        },
      });
      await wakeOverdueThreads(database, stubOf, NOON + HOUR + run * 5 * 60_000);
      expect(inRun).toHaveLength(200);
      for (const thread of inRun) woken.add(thread);
    }
    expect(woken.size).toBe(600);
    const asked: [string, unknown[]][] = [];
    const recorded: typeof database = {
      ...database,
      all: (sql, ...parameters) => {
        asked.push([sql, parameters]);
        return database.all(sql, ...parameters);
      },
      first: (sql, ...parameters) => {
        asked.push([sql, parameters]);
        return database.first(sql, ...parameters);
      },
    };
    await wakeOverdueThreads(recorded, () => ({ wake: async () => {} }), NOON + HOUR);
    const plans: string[] = [];
    for (const [sql, parameters] of asked) {
      const steps = await database.all<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, ...parameters);
      plans.push(...steps.map(({ detail }) => detail).filter((detail) => detail.includes('chats')));
    }
    expect(plans).toHaveLength(6);
    for (const plan of plans) expect(plan).toContain('INDEX chats_overdue');
  });

  test('nothing of an object that holds no thread', async () => {
    const name = threadName({ kind: 'chat', id: '018f0000-0000-7000-8000-00000000ffff' });
    await threadStub(env, name).wake({ v: 1 });
    expect(await alarmOf(objectAt(name))).toBeNull();
  });
});

testAlarm('a message in a channel’s thread arms no alarm for an end that is never due', async (ring) => {
  const channel = newChannel();
  await receive(receiveCommand(channel, 't', [visitorMessage('hello')]));
  setClock(NOON + 30_000);
  await ring(objectOf(channel));
  expect(await alarmOf(objectOf(channel))).toBeNull();
});
