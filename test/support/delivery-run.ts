import type { AttemptResult } from '../../src/delivery/attempt.ts';
import type { AttemptTimes } from '../../src/delivery/attempt-times.ts';
import { type DeliveryDeps, deliverLane, type LogRecord } from '../../src/delivery/deliver-lane.ts';
import type { Endpoint } from '../../src/delivery/endpoint.ts';
import type { Receiver } from '../../src/resources/receiver.ts';
import type { LaneWakeUp } from '../../src/rpc/lane.ts';
import { MemoryLane, RECEIVER } from './memory-lane.ts';

export const WAKE_UP: LaneWakeUp = { v: 1, thread: 't1', receiver: RECEIVER, track: 'lane', drain: false };

export const OPEN: Endpoint = {
  kind: 'open',
  destination: { url: 'https://receiver.example.com/', secrets: ['whsec_AAAA'], own_origins: [] },
  max_retry_count: 3,
};

/** A lane, a queue, a receiver and a clock in memory, with the consumer between them. */
export class DeliveryRun {
  now = 1_000_000;
  readonly lane: MemoryLane;
  endpoint: () => Endpoint = () => OPEN;
  /** The status that the receiver answers to a delivery. It may move the clock before. */
  answer: (id: string) => number = () => 200;
  retryAfter: number | null = null;
  /** The text of the receiver's answer to a delivery. */
  responseOf: (id: string) => string = () => '';
  received: string[] = [];
  attempts: { id: string; body: string; times: AttemptTimes }[] = [];
  sent: { wakeUp: LaneWakeUp; delay: number; at: number }[] = [];
  logged: LogRecord[] = [];

  deps: DeliveryDeps = {
    lane: () => this.lane,
    endpoint: async () => this.endpoint(),
    attempt: async (_destination, webhook, times) => {
      this.attempts.push({ ...webhook, times });
      return this.#attempt(webhook.id);
    },
    send: async (wakeUp, delay) => {
      this.sent.push({ wakeUp, delay, at: this.now + delay * 1000 });
    },
    now: () => this.now,
    log: (record) => this.logged.push(record),
    fault: () => {},
  };

  constructor(receiver: Receiver = RECEIVER) {
    this.lane = new MemoryLane(() => this.now, receiver);
  }

  async deliver(change: Partial<LaneWakeUp> = {}): Promise<void> {
    await deliverLane(this.deps, { ...WAKE_UP, receiver: this.lane.receiver, ...change });
  }

  /** Runs the queue in the order of time until it is empty. Answers how many wake-ups it delivered. */
  async drainQueue(limit = 100): Promise<number> {
    let count = 0;
    while (this.sent.length > 0 && count < limit) {
      this.sent.sort((one, other) => one.at - other.at);
      const message = this.sent.shift();
      if (message === undefined) break;
      this.now = Math.max(this.now, message.at);
      await deliverLane(this.deps, message.wakeUp);
      count += 1;
    }
    return count;
  }

  events(): string[] {
    return this.logged.map((record) => record.event);
  }

  #attempt(id: string): AttemptResult {
    const at = this.now;
    this.received.push(id);
    const status = this.answer(id);
    const attempt = { at, duration: this.now - at, status, response: this.responseOf(id), error: null };
    const isDelivered = status >= 200 && status < 300;
    return { is_delivered: isDelivered, attempt, retry_after: isDelivered ? null : this.retryAfter };
  }
}
