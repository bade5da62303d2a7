import type { SkipReason } from '../db/rows.ts';
import type { Receiver } from '../resources/receiver.ts';
import type { BatchRange, HandedBatch } from './projector.ts';

/**
 * The messages between a lane and its consumer. A lane is the queue of one receiver in one thread; its rows live in the
 * thread's object.
 */

/**
 * A queue message. It only names a lane, so it may be lost, repeated and reordered. `track`: the lane itself, or the
 * deliveries that an explicit replay has put back beside it. `drain`: take deliveries before they are due.
 */
export type LaneWakeUp = { v: 1; thread: string; receiver: Receiver; track: Track; drain: boolean };
export type Track = 'lane' | 'replay';

/**
 * The delivery at the head of a track, under a lease (`lease_token`, opaque) until its report or until the lease ends.
 */
export type LeasedDelivery = {
  kind: 'head';
  lease_token: string;
  /** The receiver's organization. */
  organization_id: string;
  receiver: Receiver;
  delivery_id: string;
  event_type: string;
  /** The app's subscription that made it; null for a channel. */
  webhook_id: string | null;
  /** The frozen JSON text of the webhook. */
  body: string;
  /** 1 for the first attempt. */
  attempt: number;
};

/**
 * `wait`: the head is leased to another caller, or not due. `nothing`: no pending delivery. `later`: the caller's
 * version is newer than the object's.
 */
export type ClaimResult = LeasedDelivery | { kind: 'wait' } | { kind: 'nothing' } | { kind: 'later' };

/** The result of one attempt. `at` and `duration` in ms; `response` is at most the first 2,048 bytes of the answer. */
export type Attempt = {
  at: number;
  duration: number;
  status: number | null;
  response: string | null;
  error: string | null;
  /** Where it was sent; only for receivers that have several URLs. */
  url?: string;
};

export type Outcome =
  | { kind: 'delivered'; attempt: Attempt }
  /** `retry_after`: seconds that the receiver asked for, already capped. */
  | { kind: 'failed'; attempt: Attempt; max_retry_count: number; retry_after: number | null }
  | { kind: 'skipped'; reason: SkipReason }
  /**
   * No attempt was made: the endpoint could not be read, or too little of the lease was left. The delivery stays due.
   */
  | { kind: 'later' };

/**
 * The answer to a report. `next`: the track's next delivery under a lease of its own, if the caller wanted one.
 * `offer_in`: whole seconds until a wake-up should be sent (0: at once; null: none). `is_exhausted`: the reported
 * failure was the last attempt that the receiver gets. `handed`: a replica batch that the caller must bring to D1.
 */
export type ReportAnswer = {
  is_stale: boolean;
  next: LeasedDelivery | null;
  offer_in: number | null;
  is_exhausted?: true;
  handed?: HandedBatch | null;
};

/** The calls of the consumer. `lease_milliseconds`: how long the delivery is held. */
export type Lane = {
  claim(request: {
    v: 1;
    receiver: Receiver;
    track: Track;
    drain: boolean;
    lease_milliseconds: number;
  }): Promise<ClaimResult>;
  report(request: {
    v: 1;
    lease_token: string;
    outcome: Outcome;
    /** Null when the caller wants no further delivery. */
    next: { drain: boolean; lease_milliseconds: number } | null;
    /** From a caller who brings batches to D1: what D1 has of the thread, as far as they know. */
    acknowledged?: readonly BatchRange[];
  }): Promise<ReportAnswer>;
};
