import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { executeCommand, makeFirstAttemptsWith } from '../../../src/api/execute-command.ts';
import { noCost } from '../../../src/db/cost.ts';
import type { AttemptResult } from '../../../src/delivery/attempt.ts';
import { type DeliveryDeps, deliverLane, deliverLeased } from '../../../src/delivery/deliver-lane.ts';
import type { ReceiveMessages } from '../../../src/domain/commands.ts';
import { type FaultStep, fault, onFault } from '../../../src/platform/faults.ts';
import type { LaneWakeUp, LeasedDelivery } from '../../../src/rpc/lane.ts';
import { threadStub } from '../../../src/rpc/thread.ts';
import { eventually } from '../../support/eventually.ts';
import { type Ring, testAlarm } from '../../support/worker/alarm.ts';
import { passTime } from '../../support/worker/clock.ts';
import { channelWithApps } from '../../support/worker/listening-apps.ts';
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
} from '../../support/worker/threads.ts';
import { recordWakeUps } from '../../support/worker/wake-ups.ts';

afterEach(() => {
  makeFirstAttemptsWith(null);
  onFault(null);
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** A receiver that answers by a script, and a Worker that delivers to it. */
class Receiver {
  readonly got: { id: string; body: string }[] = [];
  readonly sent: { wakeUp: LaneWakeUp; delay: number }[] = [];
  /** The next statuses; 200 when there are none left. */
  answers: number[] = [];

  readonly deps: DeliveryDeps = {
    lane: (thread) => threadStub(env, thread),
    endpoint: async () => ({
      kind: 'open',
      destination: { url: 'https://receiver.example/', secrets: [], own_origins: [] },
      max_retry_count: 3,
    }),
    attempt: async (_destination, webhook): Promise<AttemptResult> => {
      const status = this.answers.shift() ?? 200;
      this.got.push(webhook);
      const attempt = { at: Date.now(), duration: 1, status, response: '', error: null };
      return { is_delivered: status === 200, attempt, retry_after: null };
    },
    send: async (wakeUp, delay) => void this.sent.push({ wakeUp, delay }),
    now: Date.now,
    log: () => {},
    fault: (step) => fault(step),
  };

  /**
   * Makes this receiver's Worker the sender of commands. The returned function resolves when their webhooks are
   * delivered.
   */
  attach(): () => Promise<void> {
    const running: Promise<void>[] = [];
    makeFirstAttemptsWith((_env, thread, leased, askedAt) => {
      running.push(deliverLeased(this.deps, thread, leased, askedAt));
    });
    return async () => void (await Promise.all(running));
  }

  texts(): string[] {
    return this.got.map(({ body }) => (JSON.parse(body) as { message: { message: string } }).message.message);
  }
}

function openThread() {
  const channel = newChannel();
  const user = newUser(channel.organizationId);
  const command = (...texts: string[]) =>
    receiveCommand(
      channel,
      't',
      texts.map((text) => userMessage(text, user)),
    );
  return { channel, receiver: new Receiver(), command };
}

async function leasedBy(command: ReceiveMessages, channel: Channel): Promise<LeasedDelivery[]> {
  return (await stubOf(channel, 't').execute(command, { heads: true })).heads ?? [];
}

const inD1 = async (channel: Channel) => ({
  deliveries: (
    await env.DB.prepare('SELECT status, attempt_count FROM deliveries WHERE receiver = ? ORDER BY id')
      .bind(channel.receiver)
      .all()
  ).results,
  lane: await env.DB.prepare('SELECT accepted, delivered, pending FROM lanes WHERE receiver = ?')
    .bind(channel.receiver)
    .first(),
});

describe('a delivery that finds its lane idle', () => {
  test('is sent with the answer, without a wake-up, and so is what follows in the lane', async () => {
    const { channel, receiver, command } = openThread();
    const wakeUps = recordWakeUps(nameOf(channel));
    const done = receiver.attach();
    await executeCommand(env, noCost(), nameOf(channel), command('one', 'two', 'three'));
    await done();
    expect(receiver.texts()).toEqual(['one', 'two', 'three']);
    expect([wakeUps, receiver.sent]).toEqual([[], []]);
  });

  test('reaches D1 in one image of it and one of its lane, after its first attempt', async () => {
    const { channel, receiver, command } = openThread();
    const leased = await leasedBy(command('one'), channel);
    expect(await inD1(channel)).toEqual({ deliveries: [], lane: null });
    expect(await rowsOf(channel, 'SELECT version, accepted FROM lanes')).toEqual([{ version: 0, accepted: 1 }]);
    await deliverLeased(receiver.deps, nameOf(channel), leased, Date.now());
    expect(await rowsOf(channel, 'SELECT version FROM deliveries UNION ALL SELECT version FROM lanes')).toEqual([
      { version: 1 },
      { version: 2 },
    ]);
    await eventually(async () => {
      expect(await inD1(channel)).toEqual({
        deliveries: [{ status: 'delivered', attempt_count: 1 }],
        lane: { accepted: 1, delivered: 1, pending: 0 },
      });
    });
  });

  test('has the body that the log shows, and keeps its only attempt without a row', async () => {
    const { channel, receiver, command } = openThread();
    const [first] = await leasedBy(command('one'), channel);
    if (first === undefined) throw new Error('no first');
    await deliverLeased(receiver.deps, nameOf(channel), [first], Date.now());
    const stub = stubOf(channel, 't');
    const kept = await stub.readDelivery({ v: 1, delivery_id: first.delivery_id });
    expect(kept).toEqual({ body: first.body, attempts: [expect.objectContaining({ status: 200 })] });
    expect(receiver.got).toEqual([{ id: first.delivery_id, body: first.body }]);
    const identity = `channel/${channel.channelId}/t`;
    const page = await stub.readEvents({ v: 1, identity, receiver: channel.receiver, after: 0, limit: 10 });
    expect(page).toMatchObject({ ok: true, answer: { events: [JSON.parse(first.body)] } });
    expect(await rowsOf(channel, 'SELECT * FROM attempts')).toEqual([]);
  });

  test('shows a replay’s attempts after the first one', async () => {
    const { channel, receiver, command } = openThread();
    const [first] = await leasedBy(command('one'), channel);
    if (first === undefined) throw new Error('no first');
    await deliverLeased(receiver.deps, nameOf(channel), [first], Date.now());
    const stub = stubOf(channel, 't');
    const filter = { delivery_id: first.delivery_id };
    await stub.replay({ v: 1, receiver: channel.receiver, filter });
    receiver.answers = [404];
    const wakeUp = { v: 1 as const, thread: nameOf(channel), receiver: channel.receiver, drain: false };
    await deliverLane(receiver.deps, { ...wakeUp, track: 'replay' });
    const kept = await stub.readDelivery({ v: 1, delivery_id: first.delivery_id });
    expect(kept?.attempts.map(({ status }) => status)).toEqual([200, 404]);
    expect(receiver.got.map(({ body }) => body)).toEqual([first.body, first.body]);
  });

  test('is retried by a wake-up with its delay, with the same id and bytes, in order', async () => {
    const { channel, receiver, command } = openThread();
    const done = receiver.attach();
    receiver.answers = [500];
    await executeCommand(env, noCost(), nameOf(channel), command('one', 'two'));
    await done();
    expect(receiver.sent).toMatchObject([{ delay: expect.any(Number), wakeUp: { drain: false, track: 'lane' } }]);
    expect(receiver.sent[0]?.delay).toBeGreaterThanOrEqual(1);
    const wakeUp = receiver.sent[0]?.wakeUp;
    if (wakeUp === undefined) throw new Error('no pointer');
    passTime(2000);
    await deliverLane(receiver.deps, wakeUp);
    expect(receiver.texts()).toEqual(['one', 'one', 'two']);
    expect(receiver.got[1]).toEqual(receiver.got[0]);
    const [first] = await rowsOf<{ id: string }>(channel, 'SELECT id FROM deliveries ORDER BY id');
    const kept = await stubOf(channel, 't').readDelivery({ v: 1, delivery_id: String(first?.id) });
    expect(kept?.attempts.map(({ status }) => status)).toEqual([500, 200]);
  });

  test('reaches D1 even when its first attempt fails or could not be made', async () => {
    for (const outcome of ['failed', 'later'] as const) {
      const { channel, receiver, command } = openThread();
      const leased = await leasedBy(command('one'), channel);
      if (outcome === 'failed') receiver.answers = [500];
      const askedAt = outcome === 'later' ? Date.now() - 60_000 : Date.now();
      await deliverLeased(receiver.deps, nameOf(channel), leased, askedAt);
      await eventually(async () => {
        expect(await inD1(channel)).toEqual({
          deliveries: [{ status: 'pending', attempt_count: outcome === 'failed' ? 1 : 0 }],
          lane: { accepted: 1, delivered: 0, pending: 1 },
        });
      });
      expect(receiver.got).toHaveLength(outcome === 'failed' ? 1 : 0);
    }
  });
});

describe('a command takes no deliveries', () => {
  test('of a lane that another caller works on, and does not wake that lane', async () => {
    const { channel, receiver, command } = openThread();
    const wakeUps = recordWakeUps(nameOf(channel));
    const first = await leasedBy(command('one'), channel);
    expect(await leasedBy(command('two'), channel)).toEqual([]);
    await deliverLeased(receiver.deps, nameOf(channel), first, Date.now());
    expect(receiver.texts()).toEqual(['one', 'two']);
    expect(wakeUps).toEqual([]);
  });

  test('when it is repeated', async () => {
    const { channel, command } = openThread();
    const sent = command('one');
    expect(await leasedBy(sent, channel)).toHaveLength(1);
    expect(await leasedBy(sent, channel)).toEqual([]);
    expect(await rowsOf(channel, 'SELECT id FROM deliveries')).toHaveLength(1);
  });

  test('when its sender does not deliver: the lane is woken', async () => {
    const { channel, receiver, command } = openThread();
    const wakeUps = recordWakeUps(nameOf(channel));
    receiver.attach();
    await receive(command('one'));
    await deliverLane(receiver.deps, wakeUps[0] as LaneWakeUp);
    await stubOf(channel, 't').execute(command('two'));
    expect(receiver.texts()).toEqual(['one']);
    expect(wakeUps).toEqual([wakeUps[0], wakeUps[0]]);
    expect(wakeUps[0]).toMatchObject({ receiver: channel.receiver, track: 'lane' });
  });

  test('beyond four, and the other lanes are woken', async () => {
    const channel = await channelWithApps(5, 1);
    const command = (text: string) =>
      receiveCommand(channel, 't', [userMessage(text, newUser(channel.organizationId))]);
    const wakeUps = recordWakeUps(nameOf(channel));
    const leased = await leasedBy(command('one'), channel);
    expect(leased).toHaveLength(4);
    expect(new Set([...leased, ...wakeUps].map(({ receiver }) => receiver)).size).toBe(6);
    expect(wakeUps).toHaveLength(2);
    // D1 has the deliveries that a wake-up will bring, but not yet those in an attempt.
    const versions = await rowsOf<{ version: number }>(channel, 'SELECT version FROM deliveries');
    expect(versions.filter(({ version }) => version === 0)).toHaveLength(4);
  });
});

describe('a Worker that is lost between the commit and the first attempt', () => {
  const lose = (step: FaultStep) =>
    onFault((at) => {
      if (at === step) throw new Error('the Worker is gone');
    });

  testAlarm('leaves a lease that expires, and the alarm wakes the lane', async (ring: Ring) => {
    const { channel, receiver, command } = openThread();
    const wakeUps = recordWakeUps(nameOf(channel));
    const done = receiver.attach();
    lose('before the first attempt');
    await executeCommand(env, noCost(), nameOf(channel), command('one', 'two'));
    await done();
    onFault(null);
    expect(receiver.got).toEqual([]);
    const alarm = await alarmOf(objectOf(channel));
    expect((alarm ?? Number.POSITIVE_INFINITY) - Date.now()).toBeLessThanOrEqual(15_000);
    passTime(15_001);
    await ring(objectOf(channel));
    expect(wakeUps).toMatchObject([{ receiver: channel.receiver }]);
    expect(await inD1(channel)).toMatchObject({ lane: { accepted: 2, delivered: 0, pending: 2 } });
    await deliverLane(receiver.deps, wakeUps[0] as LaneWakeUp);
    expect(receiver.texts()).toEqual(['one', 'two']);
    expect(await rowsOf(channel, 'SELECT accepted, delivered FROM lanes')).toEqual([{ accepted: 2, delivered: 2 }]);
  });

  test.each<FaultStep>(['before the first attempt', 'after the receiver answered', 'after report'])(
    'or later (%s) repeats at most one webhook and keeps the order',
    async (step) => {
      const { channel, receiver, command } = openThread();
      const done = receiver.attach();
      lose(step);
      await executeCommand(env, noCost(), nameOf(channel), command('one', 'two'));
      await done();
      onFault(null);
      passTime(60_000);
      const wakeUp = { v: 1 as const, thread: nameOf(channel), receiver: channel.receiver, drain: false };
      await deliverLane(receiver.deps, { ...wakeUp, track: 'lane' });
      const repeated = step === 'after the receiver answered' ? ['one'] : [];
      expect(receiver.texts()).toEqual(['one', ...repeated, 'two']);
      expect(new Set(receiver.got.map(({ id, body }) => id + body)).size).toBe(2);
    },
  );

  test('cannot report late, because another caller has the lease', async () => {
    const { channel, receiver, command } = openThread();
    const [first] = await leasedBy(command('one'), channel);
    if (first === undefined) throw new Error('no first');
    passTime(15_001);
    const wakeUp = { v: 1 as const, thread: nameOf(channel), receiver: channel.receiver, drain: false };
    await deliverLane(receiver.deps, { ...wakeUp, track: 'lane' });
    const before = await rowsOf(channel, 'SELECT * FROM deliveries');
    const attempt = { at: Date.now(), duration: 1, status: 200, response: '', error: null };
    const outcome = { kind: 'delivered' as const, attempt };
    const late = await stubOf(channel, 't').report({ v: 1, lease_token: first.lease_token, outcome, next: null });
    expect(late).toEqual({ is_stale: true, next: null, offer_in: null });
    expect(await rowsOf(channel, 'SELECT * FROM deliveries')).toEqual(before);
  });
});
