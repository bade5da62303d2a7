import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, vi } from 'vitest';
import { bodyOf } from '../../../src/thread/webhooks/delivery-bodies.ts';
import { testAlarm } from '../../support/worker/alarm.ts';
import { passTime } from '../../support/worker/clock.ts';
import { channelWithApps } from '../../support/worker/listening-apps.ts';
import {
  type Channel,
  nameOf,
  newUser,
  objectOf,
  receive,
  receiveCommand,
  userMessage,
} from '../../support/worker/threads.ts';
import { recordWakeUps } from '../../support/worker/wake-ups.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

type Made = { id: string; receiver: string; webhook_id: string | null; seq: number; ordinal: number; body: string };

/** The clock of these tests is ahead of the platform's, so that alarms ring only when a test rings them. */
beforeEach(() => passTime(600_000));

/** The outbox in the order of acceptance, with the bodies as they are sent. */
const outboxOf = (channel: Channel) =>
  runInDurableObject(objectOf(channel), (_, { storage: { sql } }) =>
    sql
      .exec<Made & { content: number }>(
        'SELECT id, receiver, webhook_id, seq, ordinal, body, content FROM deliveries ORDER BY seq, ordinal',
      )
      .toArray()
      .map(({ content, ...row }) => ({ ...row, body: bodyOf(sql, { ...row, content }) })),
  );

const countOf = (channel: Channel, table: string) =>
  runInDurableObject(objectOf(channel), (_, { storage }) =>
    storage.sql.exec<{ count: number }>(`SELECT count(*) AS count FROM ${table}`).one(),
  ).then(({ count }) => count);

async function say(channel: Channel, ...texts: string[]): Promise<void> {
  const user = newUser(channel.organizationId);
  const messages = texts.map((text) => userMessage(text, user));
  await receive(receiveCommand(channel, 't', messages));
}

/** The lanes' sums: each is accepted = pending here, since nothing is delivered. */
async function ledgerOf(channel: Channel): Promise<{ accepted: number; pending: number }[]> {
  const { results } = await env.DB.prepare(
    `SELECT accepted, pending FROM lanes WHERE receiver IN (SELECT value FROM json_each(?)) ORDER BY receiver`,
  )
    .bind(JSON.stringify([...new Set((await outboxOf(channel)).map(({ receiver }) => receiver))]))
    .all<{ accepted: number; pending: number }>();
  return results;
}

const tellingOf = (text: string, made: Made[]) => made.filter(({ body }) => body.includes(`"message":"${text}`));

describe('a commit with more webhooks than may be made at once', () => {
  testAlarm('makes the first 1,000, and the alarm the others, in order', async (ring) => {
    const channel = await channelWithApps(2, 50);
    const wakeUps = recordWakeUps(nameOf(channel));
    // 101 webhooks each: two apps with 50, and the channel.
    await say(channel, ...Array.from({ length: 12 }, (_, index) => `text ${index}`));
    expect(await countOf(channel, 'deliveries')).toBe(1000);
    expect(new Set(wakeUps.map(({ receiver }) => receiver)).size).toBe(3);
    const alarm = await runInDurableObject(objectOf(channel), (_, { storage }) => storage.getAlarm());
    expect(alarm).toBeLessThanOrEqual(Date.now());
    expect(await ring(objectOf(channel))).toBe(true);
    const made = await outboxOf(channel);
    expect(made).toHaveLength(1212);
    expect(made.map(({ id }) => id)).toEqual(made.map(({ id }) => id).toSorted());
    expect(new Set(made.map(({ receiver, webhook_id, seq }) => `${receiver} ${webhook_id} ${seq}`)).size).toBe(1212);
    for (const table of ['webhook_rests', 'webhook_rest_events', 'webhook_rest_installations']) {
      expect(await countOf(channel, table)).toBe(0);
    }
    expect(await countOf(channel, 'webhook_contents')).toBe(12);
  });

  testAlarm('gives each receiver the same `prev_seq` as if all were made at once', async (ring) => {
    const channel = await channelWithApps(1, 50);
    const texts = Array.from({ length: 21 }, (_, index) => `text ${index}`);
    await say(channel, ...texts);
    await ring(objectOf(channel));
    const made = await outboxOf(channel);
    expect(made).toHaveLength(21 * 51);
    const seqs = [...new Set(made.map(({ seq }) => seq))];
    expect(seqs).toHaveLength(21);
    for (const { seq, body } of made) {
      const { prev_seq, ...shown } = JSON.parse(body) as { seq: number; prev_seq: number | null };
      expect([shown.seq, prev_seq]).toEqual([seq, seqs[seqs.indexOf(seq) - 1] ?? null]);
      expect(body).toContain(`"message":"${texts[seqs.indexOf(seq)]}"`);
    }
  });

  testAlarm('is followed by later messages', async (ring) => {
    const channel = await channelWithApps(1, 50);
    await say(channel, ...Array.from({ length: 21 }, (_, index) => `first ${index}`));
    await say(channel, 'second');
    expect(await countOf(channel, 'deliveries')).toBe(1000);
    await ring(objectOf(channel));
    const made = await outboxOf(channel);
    expect(made).toHaveLength(22 * 51);
    expect(made.map(({ id }) => id)).toEqual(made.map(({ id }) => id).toSorted());
    const second = tellingOf('second', made);
    expect(second).toHaveLength(51);
    expect(made.slice(-51)).toEqual(second);
    // Nothing is left, so the next webhook is made at once.
    await say(channel, 'third');
    expect(tellingOf('third', await outboxOf(channel))).toHaveLength(51);
  });

  testAlarm('continues where it was, and counts only what is made', async (ring) => {
    const channel = await channelWithApps(2, 50);
    await say(channel, ...Array.from({ length: 61 }, (_, index) => `text ${index}`));
    let rings = 0;
    for (let made = 1000; made < 6161; rings++) {
      expect(rings).toBeLessThan(4);
      expect(await countOf(channel, 'deliveries')).toBe(made);
      passTime(1000);
      await ring(objectOf(channel));
      for (const { accepted, pending } of await ledgerOf(channel)) expect(accepted).toBe(pending);
      made = await countOf(channel, 'deliveries');
    }
    const made = await outboxOf(channel);
    expect(made).toHaveLength(6161);
    expect(made.map(({ id }) => id)).toEqual(made.map(({ id }) => id).toSorted());
    expect((await ledgerOf(channel)).map(({ accepted }) => accepted)).toEqual([61, 3050, 3050]);
  });
});
