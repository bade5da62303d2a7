import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { onFault } from '../../../src/platform/faults.ts';
import { threadStub } from '../../../src/rpc/thread.ts';
import { eventually } from '../../support/eventually.ts';
import { type Ring, testAlarm } from '../../support/worker/alarm.ts';
import { passTime } from '../../support/worker/clock.ts';
import { emptyHub } from '../../support/worker/empty-hub.ts';
import { countWrites } from '../../support/worker/projector.ts';
import { dumpCopy } from '../../support/worker/rich-history.ts';
import {
  type Channel,
  nameOf,
  newChannel,
  newUser,
  objectOf,
  receive,
  receiveCommand,
  rowsOf,
  userMessage,
  visitorMessage,
} from '../../support/worker/threads.ts';

/** D1 refuses a message with this text, as it refuses a row that breaks a constraint or is too long. */
const REFUSED = 'what D1 refuses';

let lines: string[];

beforeEach(async () => {
  await emptyHub();
  lines = [];
  vi.spyOn(console, 'error').mockImplementation((line: string) => void lines.push(line));
  await env.DB.prepare(
    `CREATE TRIGGER refuse BEFORE INSERT ON messages WHEN NEW.facts LIKE '%${REFUSED}%'
       BEGIN SELECT RAISE(ABORT, 'refused by a test'); END`,
  ).run();
});
afterEach(async () => {
  await mend();
  onFault(null);
  vi.restoreAllMocks();
  vi.useRealTimers();
});

async function mend(): Promise<void> {
  for (const name of ['refuse', 'refuse_delivery']) await env.DB.prepare(`DROP TRIGGER IF EXISTS ${name}`).run();
}

const say = async (channel: Channel, ...texts: string[]) =>
  receive(
    receiveCommand(
      channel,
      't',
      texts.map((text) => visitorMessage(text)),
    ),
  );

async function textsInD1(chatId: string): Promise<unknown[]> {
  const sql = `SELECT facts ->> '$.message' AS text FROM messages WHERE chat_id = ? ORDER BY seq`;
  return (await env.DB.prepare(sql).bind(chatId).all()).results.map(({ text }) => text);
}

const parkedOf = (channel: Channel) =>
  rowsOf<{ after_seq: number; upto_seq: number }>(channel, 'SELECT after_seq, upto_seq FROM parked');
const eventsOf = (name: string) => lines.filter((line) => line.includes(`"${name}"`));

async function isCopied(channel: Channel): Promise<boolean> {
  const [checkpoint] = await rowsOf<{ lacks: number }>(
    channel,
    'SELECT (SELECT max(seq) FROM events) - acknowledged_seq AS lacks FROM thread',
  );
  return checkpoint?.lacks === 0;
}

/** A thread whose messages wait for D1, which will refuse one of them. The first one has arrived. */
async function waitingThread() {
  const channel = newChannel();
  const { chat_id } = await say(channel, 'first');
  onFault((step) => {
    if (step === 'projector before D1') throw new Error('fault: D1 is away');
  });
  const { seqs } = await say(channel, 'second', REFUSED, 'fourth');
  await say(channel, 'fifth');
  onFault(null);
  return { channel, chat_id, refused: seqs[1] ?? 0 };
}

/** Rings when a failed write may be tried again. */
async function ringLater(channel: Channel, ring: Ring, revived?: () => Promise<void>): Promise<void> {
  passTime(301_000);
  await ring(objectOf(channel), revived);
}

describe('a row that D1 refuses', () => {
  testAlarm('is parked alone and reported, and everything before and after it reaches D1', async (ring) => {
    const { channel, chat_id, refused } = await waitingThread();
    await ringLater(channel, ring);
    expect(await textsInD1(chat_id)).toEqual(['first', 'second', 'fourth', 'fifth']);
    expect(await parkedOf(channel)).toEqual([{ after_seq: refused - 1, upto_seq: refused }]);
    expect(eventsOf('slice_parked').map((line) => JSON.parse(line) as object)).toMatchObject([
      { thread: nameOf(channel), seq: refused },
    ]);
    expect(await isCopied(channel)).toBe(true);
    await say(channel, 'sixth');
    await eventually(async () =>
      expect(await textsInD1(chat_id)).toEqual(['first', 'second', 'fourth', 'fifth', 'sixth']),
    );
  });

  testAlarm('is not sent again', async (ring) => {
    const { channel } = await waitingThread();
    await ringLater(channel, ring);
    const writes = await countWrites(nameOf(channel));
    lines.length = 0;
    await ringLater(channel, ring, writes.meet);
    await ringLater(channel, ring, writes.meet);
    expect([writes.count(), lines]).toEqual([0, []]);
    const left = await runInDurableObject(objectOf(channel), (_, { storage }) => storage.getAlarm());
    expect(left).toBeNull();
  });

  testAlarm('arrives with a rebuild once the cause is fixed', async (ring) => {
    const { channel, chat_id } = await waitingThread();
    await ringLater(channel, ring);
    await mend();
    expect(await threadStub(env, nameOf(channel)).rebuild({ v: 1 })).toEqual({ ok: true });
    expect(await textsInD1(chat_id)).toEqual(['first', 'second', REFUSED, 'fourth', 'fifth']);
    expect(await parkedOf(channel)).toEqual([]);
    const rebuilt = await dumpCopy();
    await ringLater(channel, ring);
    expect(await threadStub(env, nameOf(channel)).rebuild({ v: 1 })).toEqual({ ok: true });
    expect(await dumpCopy()).toEqual(rebuilt);
  });

  testAlarm('is parked again by an earlier rebuild, which brings everything else', async (ring) => {
    const { channel, chat_id, refused } = await waitingThread();
    await ringLater(channel, ring);
    await env.DB.prepare('DELETE FROM messages WHERE chat_id = ?').bind(chat_id).run();
    expect(await threadStub(env, nameOf(channel)).rebuild({ v: 1 })).toEqual({ ok: true });
    await ringLater(channel, ring);
    expect(await textsInD1(chat_id)).toEqual(['first', 'second', 'fourth', 'fifth']);
    expect(await parkedOf(channel)).toEqual([{ after_seq: refused - 1, upto_seq: refused }]);
  });

  testAlarm('of the delivery log delays neither the messages nor the other deliveries', async (ring) => {
    const channel = newChannel();
    const user = newUser(channel.organizationId);
    await say(channel, 'first');
    onFault((step) => {
      if (step === 'projector before D1') throw new Error('fault: D1 is away');
    });
    const replies = ['one', 'two', 'three'].map((text) => userMessage(text, user));
    const { chat_id, seqs } = await receive(receiveCommand(channel, 't', replies));
    onFault(null);
    await env.DB.prepare(
      `CREATE TRIGGER refuse_delivery BEFORE INSERT ON deliveries WHEN NEW.seq = ${seqs[1]}
         BEGIN SELECT RAISE(ABORT, 'refused by a test'); END`,
    ).run();
    await ringLater(channel, ring);
    const delivered = async () => {
      const sql = 'SELECT seq FROM deliveries WHERE receiver = ? ORDER BY seq';
      return (await env.DB.prepare(sql).bind(channel.receiver).all()).results.map(({ seq }) => seq);
    };
    expect(await textsInD1(chat_id)).toEqual(['first', 'one', 'two', 'three']);
    expect(await delivered()).toEqual([seqs[0], seqs[2]]);
    expect(await parkedOf(channel)).toHaveLength(1);
    await mend();
    expect(await threadStub(env, nameOf(channel)).rebuild({ v: 1 })).toEqual({ ok: true });
    expect(await delivered()).toEqual(seqs);
    expect(await parkedOf(channel)).toEqual([]);
  });

  test('leaves the chat’s own row correct: its flags arrive with the next change', async () => {
    const channel = newChannel();
    const { chat_id } = await say(channel, 'question');
    await receive(receiveCommand(channel, 't', [userMessage('answer', newUser(channel.organizationId))]));
    const flags = () =>
      env.DB.prepare('SELECT seq, is_waiting, is_pending FROM chats WHERE id = ?').bind(chat_id).first();
    await eventually(async () => expect(await flags()).toMatchObject({ is_waiting: 0, is_pending: 0 }));
    // This message would change the chat to waiting.
    await say(channel, REFUSED);
    await eventually(async () => expect(await parkedOf(channel)).toHaveLength(1));
    const { seqs } = await say(channel, 'another question');
    await eventually(async () => expect(await flags()).toEqual({ seq: seqs[0], is_waiting: 1, is_pending: 1 }));
  });
});
