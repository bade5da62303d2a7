import { afterEach, describe, expect, test, vi } from 'vitest';
import { type FaultStep, onFault } from '../../../src/platform/faults.ts';
import { testAlarm } from '../../support/worker/alarm.ts';
import { passTime } from '../../support/worker/clock.ts';
import { type LaneReceiver, threadWithReplies } from '../../support/worker/lane-receiver.ts';
import { type Channel, execute, nameOf, objectOf, readMessages, rowsOf } from '../../support/worker/threads.ts';

afterEach(() => {
  onFault(null);
  vi.restoreAllMocks();
  vi.useRealTimers();
});

type Thread = Awaited<ReturnType<typeof threadWithReplies>>;

/** The states of the replies, as their readers see them: the state, and why it has failed. */
async function states({ channel, user, answer }: Thread) {
  const { messages } = await readMessages(nameOf(channel), answer.chat_id, user);
  return messages.map(({ message: { status } }) =>
    status === undefined ? null : [status.state, status.failure_reason],
  );
}

const changes = (channel: Channel) =>
  rowsOf<{ state: string }>(
    channel,
    `SELECT event ->> '$.status.state' AS state FROM events WHERE type = 'message_status_changed' ORDER BY seq`,
  );

const tables = (channel: Channel) =>
  rowsOf<{ name: string }>(channel, `SELECT name FROM sqlite_master WHERE name = 'webhook_ends'`);

async function replay({ channel, stub, receiver }: Thread, status: 'exhausted' | 'delivered' | 'skipped') {
  const filter = { status: [status], from: null, to: null };
  expect(await stub.replay({ v: 1, receiver: channel.receiver, filter })).toEqual({ replayed: 1 });
  await receiver.play({ track: 'replay' });
}

/** Waits until each message shows what became of its webhooks. The log may still wait a second for D1. */
const untilNoneIsLeft = ({ channel }: Thread) =>
  vi.waitFor(async () => expect(await rowsOf(channel, 'SELECT * FROM webhook_ends')).toEqual([]), 5000);

const GIVEN_UP = ['failed', 'the webhook was given up after 4 attempts: status 500'];
const STORED = ['stored', null];

/** Answers of a receiver that lets a reply use up its retries. */
const failing = () => [500, 500, 500, 500];

describe('a reply whose webhook is given up', () => {
  test('has failed, and the next one has not', async () => {
    const thread = await threadWithReplies(2);
    thread.receiver.answers = failing();
    await thread.receiver.play();
    await vi.waitFor(async () => expect(await states(thread)).toEqual([GIVEN_UP, null]));
    expect(await changes(thread.channel)).toEqual([{ state: 'failed' }]);
    await untilNoneIsLeft(thread);
  });

  test('is stored again when a replay delivers it, and stays failed when that fails too', async () => {
    const thread = await threadWithReplies(1);
    thread.receiver.answers = [...failing(), ...failing()];
    await thread.receiver.play();
    await vi.waitFor(async () => expect(await states(thread)).toEqual([GIVEN_UP]));
    await replay(thread, 'exhausted');
    await untilNoneIsLeft(thread);
    expect(await states(thread)).toEqual([GIVEN_UP]);
    await replay(thread, 'exhausted');
    await vi.waitFor(async () => expect(await states(thread)).toEqual([STORED]));
    expect(await changes(thread.channel)).toEqual([{ state: 'failed' }, { state: 'stored' }]);
    await replay(thread, 'delivered');
    thread.receiver.answers = failing();
    await replay(thread, 'delivered');
    await untilNoneIsLeft(thread);
    expect(await states(thread)).toEqual([STORED]);
  });

  test('has failed also after it was skipped and replayed', async () => {
    const thread = await threadWithReplies(1);
    const open = thread.receiver.endpoint;
    thread.receiver.endpoint = { kind: 'disabled' };
    await thread.receiver.play();
    expect(await states(thread)).toEqual([null]);
    thread.receiver.endpoint = open;
    thread.receiver.answers = failing();
    await replay(thread, 'skipped');
    await vi.waitFor(async () => expect(await states(thread)).toEqual([GIVEN_UP]));
  });

  test('keeps what the channel has reported of it', async () => {
    const thread = await threadWithReplies(1);
    const [message_id = ''] = thread.answer.message_ids;
    const report = (status: 'failed' | 'read') =>
      execute(nameOf(thread.channel), {
        type: 'report_message_status',
        channel_id: thread.channel.channelId,
        chat_id: thread.answer.chat_id,
        message_id,
        status,
        at: null,
        reason: status === 'failed' ? 'mailbox full' : null,
      });
    thread.receiver.answers = failing();
    await thread.receiver.play();
    await vi.waitFor(async () => expect(await states(thread)).toEqual([GIVEN_UP]));
    await report('failed');
    expect(await states(thread)).toEqual([['failed', 'mailbox full']]);
    await replay(thread, 'exhausted');
    await untilNoneIsLeft(thread);
    expect(await states(thread)).toEqual([['failed', 'mailbox full']]);
    await report('read');
    expect(await states(thread)).toEqual([['read', null]]);
  });
});

test('a thread whose webhooks are delivered has no table for others, also after a retry and a replay', async () => {
  const thread = await threadWithReplies(2);
  thread.receiver.answers = [500];
  await thread.receiver.play();
  await thread.stub.replay({
    v: 1,
    receiver: thread.channel.receiver,
    filter: { status: ['delivered'], from: null, to: null },
  });
  await thread.receiver.play({ track: 'replay' });
  expect(thread.receiver.got).toHaveLength(5);
  expect(await tables(thread.channel)).toEqual([]);
  expect(await changes(thread.channel)).toEqual([]);
});

describe('a crash between the end of a webhook and the state of its message', () => {
  for (const step of ['before commit', 'after commit'] as const) {
    testAlarm(`${step}: the alarm tells both, each once`, async (ring) => {
      const thread = await threadWithReplies(1);
      const { channel, receiver } = thread;
      receiver.answers = failing();
      await playUntilCrash(receiver, step);
      await untilSettled();
      expect(await states(thread)).toEqual([GIVEN_UP]);
      await thread.stub.replay({
        v: 1,
        receiver: channel.receiver,
        filter: { status: ['exhausted'], from: null, to: null },
      });
      await playUntilCrash(receiver, step, 'replay');
      await untilSettled();
      expect(await states(thread)).toEqual([STORED]);
      expect(await changes(channel)).toEqual([{ state: 'failed' }, { state: 'stored' }]);

      async function untilSettled(): Promise<void> {
        for (let rings = 0; rings < 5; rings++) {
          passTime(20_000);
          await ring(objectOf(channel));
          if ((await rowsOf(channel, 'SELECT * FROM webhook_ends')).length === 0) return;
        }
        throw new Error('the alarm does not tell what has ended');
      }
    });
  }
});

/** Plays a track. The object crashes at a step of the command that follows the last report. */
async function playUntilCrash(
  receiver: LaneReceiver,
  step: FaultStep,
  track: 'lane' | 'replay' = 'lane',
): Promise<void> {
  let isCrashed = false;
  onFault((at, crash) => {
    if (at !== step || isCrashed) return;
    isCrashed = true;
    crash();
    throw new Error('fault');
  });
  await receiver.play({ track });
  await vi.waitFor(() => expect(isCrashed).toBe(true));
  onFault(null);
}
