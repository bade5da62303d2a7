import { describe, expect, it } from 'vitest';
import { handleQueue } from '../../../src/delivery/consumer.ts';
import { queueDelay } from '../../../src/delivery/wake-lanes.ts';
import { channelOfReceiver, channelReceiver } from '../../../src/resources/receiver.ts';
import { DeliveryRun, WAKE_UP } from '../../support/delivery-run.ts';

class QueueMessage {
  settled: (string | number | undefined)[] = [];
  readonly id: string;
  readonly body: unknown;
  constructor(id: string, body: unknown) {
    this.id = id;
    this.body = body;
  }
  ack(): void {
    this.settled.push('ack');
  }
  retry(options?: { delaySeconds?: number }): void {
    this.settled.push('retry', options?.delaySeconds);
  }
}

async function handle(run: DeliveryRun, queue: string, messages: QueueMessage[]) {
  const background: Promise<unknown>[] = [];
  const context = { waitUntil: (promise: Promise<unknown>) => void background.push(promise) };
  await handleQueue({ queue, messages }, context, run.deps);
  const settled = messages.map((message) => message.settled);
  return { settled, finish: () => Promise.all(background) };
}

describe('handleQueue', () => {
  it('acknowledges at once and delivers in the background', async () => {
    const run = new DeliveryRun();
    run.lane.accept('a');
    let release: () => void = () => {};
    const isReleased = new Promise<void>((resolve) => {
      release = resolve;
    });
    const attempt = run.deps.attempt;
    run.deps.attempt = async (...sent) => {
      await isReleased;
      return await attempt(...sent);
    };
    const { settled, finish } = await handle(run, 'umi-webhooks', [new QueueMessage('1', WAKE_UP)]);
    expect(settled).toEqual([['ack']]);
    expect(run.received).toEqual([]);
    release();
    await finish();
    expect(run.received).toEqual(['a']);
  });

  it('settles each message separately', async () => {
    const run = new DeliveryRun();
    run.lane.accept('a');
    const { settled, finish } = await handle(run, 'umi-webhooks', [
      new QueueMessage('1', 'rubbish'),
      new QueueMessage('2', { ...WAKE_UP, v: 2, shape: 'of a later version' }),
      new QueueMessage('3', { ...WAKE_UP, track: 'other' }),
      new QueueMessage('4', null),
      new QueueMessage('5', WAKE_UP),
    ]);
    await finish();
    expect(settled).toEqual([['ack'], ['retry', 60], ['ack'], ['ack'], ['ack']]);
    expect(run.received).toEqual(['a']);
    expect(run.logged).toEqual([
      { event: 'delivery.garbage_pointer', message_id: '1' },
      { event: 'delivery.newer_pointer', message_id: '2' },
      { event: 'delivery.garbage_pointer', message_id: '3' },
      { event: 'delivery.garbage_pointer', message_id: '4' },
    ]);
  });

  it('catches and logs an unexpected error without its message', async () => {
    const run = new DeliveryRun();
    run.lane.accept('a');
    run.deps.fault = () => {
      throw new Error('with a secret inside');
    };
    const { settled, finish } = await handle(run, 'umi-webhooks', [new QueueMessage('1', WAKE_UP)]);
    await finish();
    expect(settled).toEqual([['ack']]);
    expect(run.logged).toEqual([
      { event: 'delivery.run_failed', thread: 't1', receiver: WAKE_UP.receiver, error: 'Error' },
    ]);
  });
});

describe('handleQueue on the dead-letter queue', () => {
  it('sends wake-ups to the main queue again and logs', async () => {
    const run = new DeliveryRun();
    run.lane.accept('a');
    const { settled } = await handle(run, 'umi-webhooks-dead', [
      new QueueMessage('1', WAKE_UP),
      new QueueMessage('2', 'rubbish'),
    ]);
    expect(settled).toEqual([['ack'], ['ack']]);
    expect(run.sent).toMatchObject([{ wakeUp: WAKE_UP, delay: 60 }]);
    expect(run.received).toEqual([]);
    expect(run.events()).toEqual(['delivery.dead_letter', 'delivery.dead_letter']);
  });

  it('keeps a dead letter that the main queue refuses', async () => {
    const run = new DeliveryRun();
    run.deps.send = async () => {
      throw new Error('queue is away');
    };
    const { settled } = await handle(run, 'umi-webhooks-dead', [new QueueMessage('1', WAKE_UP)]);
    expect(settled).toEqual([['retry', 60]]);
  });
});

describe('queueDelay', () => {
  it.each([
    [-1, 0],
    [0, 0],
    [0.2, 1],
    [43_200, 43_200],
    [86_400, 43_200],
  ])('turns %d s into %d whole seconds', (seconds, delay) => {
    expect(queueDelay(seconds)).toBe(delay);
  });
});

describe('receivers', () => {
  it('name their channel', () => {
    expect(channelOfReceiver(channelReceiver('c1'))).toBe('c1');
    expect(channelOfReceiver('installation/i1')).toBeNull();
  });
});
