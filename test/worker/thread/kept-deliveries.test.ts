import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { onFault } from '../../../src/platform/faults.ts';
import { newUuid } from '../../../src/resources/uuid.ts';
import type { LeasedDelivery } from '../../../src/rpc/lane.ts';
import { OUTBOX_TABLES } from '../../../src/thread/store/outbox-tables.ts';
import { type Ring, testAlarm } from '../../support/worker/alarm.ts';
import { passTime } from '../../support/worker/clock.ts';
import {
  alarmOf,
  type Channel,
  newChannel,
  newUser,
  objectOf,
  receive,
  receiveCommand,
  rowsOf,
  stubOf,
  userMessage,
} from '../../support/worker/threads.ts';

const DAY = 24 * 3_600_000;

afterEach(() => {
  onFault(null);
  vi.useRealTimers();
});

async function reply(channel: Channel, text: string): Promise<void> {
  await receive(receiveCommand(channel, 't', [userMessage(text, newUser(channel.organizationId))]));
}

async function claim(channel: Channel): Promise<LeasedDelivery> {
  const request = { v: 1 as const, receiver: channel.receiver, track: 'lane' as const, drain: false };
  const claimed = await stubOf(channel, 't').claim({ ...request, lease_milliseconds: 15_000 });
  if (claimed.kind !== 'head') throw new Error(`nothing to deliver: ${claimed.kind}`);
  return claimed;
}

async function deliver(channel: Channel): Promise<void> {
  const { lease_token } = await claim(channel);
  const attempt = { at: Date.now(), duration: 1, status: 200, response: '', error: null };
  await stubOf(channel, 't').report({ v: 1, lease_token, outcome: { kind: 'delivered', attempt }, next: null });
}

/** Rings the alarm whenever it is due until `until` (ms). Returns the times at which it rang. */
async function ringUntil(channel: Channel, ring: Ring, until: number): Promise<number[]> {
  const rings: number[] = [];
  for (
    let next = await alarmOf(objectOf(channel));
    next !== null && next <= until;
    next = await alarmOf(objectOf(channel))
  ) {
    if (rings.length > 200) throw new Error('the alarm does not come to an end');
    vi.setSystemTime(Math.max(next, Date.now()));
    rings.push(Date.now());
    await ring(objectOf(channel));
  }
  return rings;
}

describe('finished deliveries', () => {
  testAlarm('of one day are deleted by one ring, 30 to 31 days later, with their payloads', async (ring) => {
    passTime(0);
    const channel = newChannel();
    // Starts with a day of its own, which ends at the rounded-up expiry of its first delivery.
    for (let count = 0; count < 5; count++) {
      await reply(channel, `reply ${count}`);
      await deliver(channel);
      passTime(2000);
    }
    const last = Date.now();
    await ringUntil(channel, ring, last + DAY);
    expect(await rowsOf(channel, 'SELECT id FROM deliveries')).toHaveLength(5);
    const rings = await ringUntil(channel, ring, last + 40 * DAY);
    expect(rings.length).toBeLessThanOrEqual(2);
    for (const at of rings) {
      expect(at - last).toBeGreaterThanOrEqual(30 * DAY - 10_000);
      expect(at - last).toBeLessThanOrEqual(31 * DAY + 1000);
    }
    for (const table of ['deliveries', 'attempts', 'webhook_contents']) {
      expect(await rowsOf(channel, `SELECT * FROM ${table}`)).toEqual([]);
    }
    expect(await rowsOf(channel, 'SELECT accepted, delivered FROM lanes')).toEqual([{ accepted: 5, delivered: 5 }]);
    expect(await alarmOf(objectOf(channel))).toBeNull();
  });

  testAlarm('are deleted in portions, with only the payloads that no other delivery needs', async (ring) => {
    passTime(0);
    const channel = newChannel();
    const user = newUser(channel.organizationId);
    const replies = Array.from({ length: 60 }, (_, index) => userMessage(`reply ${index}`, user));
    await receive(receiveCommand(channel, 't', replies));
    await runInDurableObject(objectOf(channel), (_, { storage: { sql } }) => {
      // As if 20 times as many had been delivered, except for the last one.
      sql.exec(`UPDATE deliveries SET status = 'delivered' WHERE seq < (SELECT max(seq) FROM deliveries)`);
      sql.exec(
        `INSERT INTO deliveries (id, version, receiver, seq, ordinal, chat_id, event_type, body, content, status, due_at, created_at)
         SELECT substr(deliveries.id, 1, 30) || printf('%06d', value), version, receiver, seq, value, chat_id, event_type, body, content,
           status, due_at, created_at
         FROM deliveries, json_each('[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]') WHERE status = 'delivered'`,
      );
    });
    passTime(32 * DAY);
    const left: number[] = [];
    for (let round = 0; round < 4; round++) {
      await ring(objectOf(channel));
      left.push((await rowsOf(channel, 'SELECT id FROM deliveries')).length);
      passTime(31_000);
    }
    expect(left.filter((count, place) => count !== left[place - 1])).toEqual([240, 1]);
    const [pending] = await rowsOf<{ seq: number }>(channel, 'SELECT seq FROM deliveries');
    expect(await rowsOf(channel, 'SELECT seq FROM webhook_contents')).toEqual([pending]);
    expect((await claim(channel)).body).toContain('reply 59');
  });

  testAlarm('stay until D1 has their final status', async (ring) => {
    const channel = newChannel();
    await reply(channel, 'reply');
    passTime(31 * DAY);
    onFault((step) => {
      if (step === 'projector before D1') throw new Error('fault: D1 is away');
    });
    await deliver(channel);
    await ring(objectOf(channel));
    expect(await rowsOf(channel, 'SELECT status FROM deliveries')).toEqual([{ status: 'delivered' }]);
    onFault(null);
    for (let round = 0; round < 2; round++) {
      passTime(DAY);
      await ring(objectOf(channel));
    }
    const copy = await env.DB.prepare('SELECT status FROM deliveries WHERE receiver = ?').bind(channel.receiver).all();
    expect(copy.results).toEqual([{ status: 'delivered' }]);
    expect(await rowsOf(channel, 'SELECT id FROM deliveries')).toEqual([]);
    expect(await rowsOf(channel, 'SELECT accepted, delivered FROM lanes')).toEqual([{ accepted: 1, delivered: 1 }]);
  });
});

describe('the payload of a webhook', () => {
  test('is sent as it was stored, even if the program would make it differently since', async () => {
    const channel = newChannel();
    await reply(channel, 'reply');
    const resource = '{"id":"m1","message":"as it was","a key of an older version":1.50}';
    const body = '{"event_type":"message_created","thread_id":"t","message":\n,"seq":5,"prev_seq":null}';
    await runInDurableObject(objectOf(channel), (_, { storage: { sql } }) => {
      sql.exec('UPDATE webhook_contents SET resources = ?', `{"id":"another"}\n${resource}`);
      sql.exec('UPDATE deliveries SET body = ?, content = 1', body);
    });
    const whole = body.replace('\n', resource);
    const head = await claim(channel);
    expect(head.body).toBe(whole);
    const kept = await stubOf(channel, 't').readDelivery({ v: 1, delivery_id: head.delivery_id });
    expect(kept?.body).toBe(whole);
  });

  test('is complete in a delivery of an earlier schema', async () => {
    const channel = newChannel();
    await reply(channel, 'reply');
    const body = '{"event_type":"message_created","message":{"message":"from before"}}';
    await runInDurableObject(objectOf(channel), (_, { storage: { sql } }) => {
      sql.exec('UPDATE deliveries SET body = ?', body);
      for (const column of ['content', 'first_attempt', 'offered_at']) {
        sql.exec(`ALTER TABLE deliveries DROP COLUMN ${column}`);
      }
      sql.exec('DROP TABLE webhook_contents');
      sql.exec(`ALTER TABLE chats ADD COLUMN recent_commands TEXT NOT NULL DEFAULT '[]'`);
      sql.exec('ALTER TABLE thread DROP COLUMN salt');
      sql.exec('ALTER TABLE lanes DROP COLUMN skipped_purged');
      sql.exec('UPDATE upkeep SET schema = 3');
    });
    await evictDurableObject(objectOf(channel));
    expect((await claim(channel)).body).toBe(body);
    await reply(channel, 'and after');
    passTime(15_001);
    await deliver(channel);
    expect((await claim(channel)).body).toContain('"message":"and after"');
  });
});

test('tables that are created at once are those that an upgrade leads to', async () => {
  const channel = newChannel();
  await reply(channel, 'reply');
  const young = env.THREADS.getByName(newUuid(Date.now()));
  const columns = `SELECT tables.name AS table_name, columns.name, columns.type, columns."notnull", columns.dflt_value, columns.pk
    FROM sqlite_master AS tables, pragma_table_info(tables.name) AS columns
    WHERE tables.name IN ('lanes', 'deliveries', 'attempts', 'webhook_contents') ORDER BY 1, 2`;
  const made = await runInDurableObject(young, (_, { storage: { sql } }) => {
    for (const statement of OUTBOX_TABLES) sql.exec(statement);
    return sql.exec(columns).toArray();
  });
  expect(made.length).toBeGreaterThan(30);
  expect(made).toEqual(await rowsOf(channel, columns));
});
