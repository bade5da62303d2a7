import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, expect, test, vi } from 'vitest';
import type { AttemptResult } from '../../../src/delivery/attempt.ts';
import { type DeliveryDeps, deliverLane } from '../../../src/delivery/deliver-lane.ts';
import { queueDelay } from '../../../src/delivery/wake-lanes.ts';
import { threadName } from '../../../src/domain/address.ts';
import type { LaneWakeUp } from '../../../src/rpc/lane.ts';
import { threadStub } from '../../../src/rpc/thread.ts';
import { testAlarm } from '../../support/worker/alarm.ts';
import { passTime } from '../../support/worker/clock.ts';
import { newChannel, newUser, receive, receiveCommand, userMessage } from '../../support/worker/threads.ts';
import { recordWakeUps } from '../../support/worker/wake-ups.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const OPEN = {
  kind: 'open',
  destination: { url: 'https://receiver.example/', secrets: [], own_origins: [] },
  max_retry_count: 3,
} as const;

/** A thread with two replies to deliver, and a consumer in front of it whose receiver and queue are lists. */
async function openLane() {
  const channel = newChannel();
  const user = newUser(channel.organizationId);
  await receive(receiveCommand(channel, 't', [userMessage('reply 1', user), userMessage('reply 2', user)]));
  const name = threadName({ kind: 'channel', channel_id: channel.channelId, thread_id: 't' });
  const wakeUp: LaneWakeUp = { v: 1, thread: name, receiver: channel.receiver, track: 'lane', drain: false };
  const got: string[] = [];
  const queue: number[] = [];
  const failures: { status: number; retry_after: number }[] = [];
  const deps: DeliveryDeps = {
    lane: (thread) => threadStub(env, thread),
    endpoint: async () => OPEN,
    attempt: async (_destination, webhook): Promise<AttemptResult> => {
      got.push((JSON.parse(webhook.body) as { message: { message: string } }).message.message);
      const failure = failures.shift();
      const attempt = { at: Date.now(), duration: 1, status: failure?.status ?? 200, response: '', error: null };
      return { is_delivered: failure === undefined, attempt, retry_after: failure?.retry_after ?? null };
    },
    send: async (_wakeUp, delaySeconds) => void queue.push(queueDelay(delaySeconds)),
    now: () => Date.now(),
    log: () => {},
    fault: () => {},
  };
  return { name, pointer: wakeUp, got, queue, failures, dependencies: deps };
}

test('a consumer whose lease ended while it read the endpoint does not repeat a recorded delivery', async () => {
  const { pointer: wakeUp, got, queue, dependencies: deps } = await openLane();
  const slow: DeliveryDeps = {
    ...deps,
    endpoint: async () => {
      passTime(16_000);
      await deliverLane(deps, wakeUp);
      return OPEN;
    },
  };
  await deliverLane(slow, wakeUp);
  expect(got).toEqual(['reply 1', 'reply 2']);
  expect(queue).toEqual([]);
});

testAlarm('a Retry-After of 24 h outlasts its wake-up of 12 h, and the alarm wakes the lane in time', async (ring) => {
  const { name, pointer: wakeUp, got, queue, failures, dependencies: deps } = await openLane();
  const object = env.THREADS.getByName(name);
  const wakeUps = recordWakeUps(name);
  const alarm = async () => (await runInDurableObject(object, (_, state) => state.storage.getAlarm())) ?? 0;

  passTime(0);
  failures.push({ status: 503, retry_after: 86_400 });
  await deliverLane(deps, wakeUp);
  const dueAt = Date.now() + 86_400_000;
  expect(queue).toEqual([43_200]);
  expect(got).toEqual(['reply 1']);

  // First the checkpoint is stored. Then only the lane is left to ring for.
  for (let rings = 0; (await alarm()) < dueAt && rings < 5; rings++) {
    passTime(31_000);
    await ring(object);
  }
  expect(await alarm()).toBe(dueAt + 20_000);
  expect(wakeUps).toEqual([]);

  passTime(dueAt - 43_200_000 - Date.now());
  await deliverLane(deps, wakeUp);
  expect(got).toEqual(['reply 1']);
  expect(queue).toEqual([43_200]);
  expect(await alarm()).toBe(dueAt + 20_000);

  passTime(dueAt + 20_000 - Date.now());
  await ring(object);
  expect(wakeUps).toEqual([wakeUp]);
  await deliverLane(deps, wakeUp);
  expect(got).toEqual(['reply 1', 'reply 1', 'reply 2']);
});
