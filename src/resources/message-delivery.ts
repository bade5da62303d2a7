import { isoTime, isoTimeOrNull } from './clock.ts';
import type { Receiver } from './receiver.ts';

/** The webhook that brings a message to its channel, as the thread has it. Times in ms. */
export type MessageDelivery = {
  id: string;
  receiver: Receiver;
  status: 'pending' | 'delivered' | 'exhausted' | 'skipped';
  skip_reason: string | null;
  is_replay: boolean;
  attempt_count: number;
  due_at: number;
  last_attempt_at: number | null;
  last_status: number | null;
  last_error: string | null;
};

/**
 * The delivery as the sender of the message sees it (an extension). It names no URL, and quotes nothing of the answer: those
 * are for the scope `settings`.
 */
export function messageDeliveryResource(delivery: MessageDelivery) {
  return {
    delivery_id: delivery.id,
    status: delivery.status,
    skip_reason: delivery.skip_reason,
    is_replay: delivery.is_replay,
    attempt_count: delivery.attempt_count,
    next_attempt_at: delivery.status === 'pending' ? isoTime(delivery.due_at) : null,
    last_attempt_at: isoTimeOrNull(delivery.last_attempt_at),
    last_status: delivery.last_status,
    last_error: delivery.last_error,
  };
}
