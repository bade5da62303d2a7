import { env } from 'cloudflare:workers';
import type { AttemptResult } from '../../../src/delivery/attempt.ts';
import { type DeliveryDeps, deliverLane } from '../../../src/delivery/deliver-lane.ts';
import type { Endpoint } from '../../../src/delivery/endpoint.ts';
import type { MessagesReceived } from '../../../src/domain/commands.ts';
import type { LaneWakeUp, Track } from '../../../src/rpc/lane.ts';
import { threadStub } from '../../../src/rpc/thread.ts';
import { passTime } from './clock.ts';
import { type Channel, nameOf, newChannel, newUser, receive, receiveCommand, userMessage } from './threads.ts';

type Delivered = { id: string; seq: number; prev_seq: number | null; text: string };

/** A receiver that answers by a script, and a consumer in front of it. The queue is a list that the test plays. */
export class LaneReceiver {
  readonly got: Delivered[] = [];
  readonly queue: { wakeUp: LaneWakeUp; delay: number }[] = [];
  endpoint: Endpoint = {
    kind: 'open',
    destination: { url: 'https://receiver.example/', secrets: [], own_origins: [] },
    max_retry_count: 3,
  };
  /** Statuses of the next answers. 200 when none is left. */
  answers: number[] = [];
  readonly #channel: Channel;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /**
   * Plays a wake-up of the lane, as the queue would, and the wake-ups that follow. Time passes as their delays require.
   */
  async play(more: Partial<LaneWakeUp> = {}): Promise<void> {
    this.queue.push({ wakeUp: this.wakeUp(more), delay: 0 });
    for (let played = 0; this.queue.length > 0; played++) {
      if (played > 100) throw new Error('the wake-ups do not come to an end');
      const next = this.queue.shift();
      if (next === undefined) return;
      if (next.delay > 0) passTime(next.delay * 1000);
      await deliverLane(this.deps(), next.wakeUp);
    }
  }

  wakeUp(more: Partial<LaneWakeUp> = {}): LaneWakeUp {
    const track: Track = 'lane';
    return { v: 1, thread: nameOf(this.#channel), receiver: this.#channel.receiver, track, drain: false, ...more };
  }

  deps(): DeliveryDeps {
    return {
      lane: (thread) => threadStub(env, thread),
      endpoint: async () => this.endpoint,
      attempt: async (_destination, webhook): Promise<AttemptResult> => {
        const status = this.answers.shift() ?? 200;
        const body = JSON.parse(webhook.body) as { seq: number; prev_seq: number | null; message: { message: string } };
        const { seq, prev_seq, message } = body;
        this.got.push({ id: webhook.id, seq, prev_seq, text: message.message });
        const attempt = { at: Date.now(), duration: 1, status, response: '', error: null };
        return { is_delivered: status === 200, attempt, retry_after: null };
      },
      send: async (wakeUp, delay) => void this.queue.push({ wakeUp, delay }),
      now: Date.now,
      log: () => {},
      fault: () => {},
    };
  }
}

/** A thread with `count` replies of an agent, none of them delivered yet. */
export async function threadWithReplies(count: number) {
  const channel = newChannel();
  const user = newUser(channel.organizationId);
  const replies = Array.from({ length: count }, (_, index) => userMessage(`reply ${index + 1}`, user));
  const answer: MessagesReceived = await receive(receiveCommand(channel, 't', replies));
  return { channel, user, answer, receiver: new LaneReceiver(channel), stub: threadStub(env, nameOf(channel)) };
}
