import type { SkipReason } from '../db/rows.ts';
import type { Receiver } from '../resources/receiver.ts';
import type { BatchRange, HandedBatch } from './projector.ts';

/**
 * A lane is one receiver and one thread; its rows live in the thread's object. These are the messages between the lane and
 * whoever delivers for it.
 */

/**
 * A queue message: it only points to a lane, so it may be lost, repeated and reordered without harm.
 * `track`: the lane itself, or the rows that an explicit replay has put back beside it. `drain`: take rows before their due time.
 */
export type LaneWakeUp = { v: 1; thread: string; receiver: Receiver; track: Track; drain: boolean };
export type Track = 'lane' | 'replay';

/** The row at the head of a track, held under a lease (`lease_token`, opaque) until `report` or until the lease ends. */
export type LeasedDelivery = {
  kind: 'head';
  lease_token: string;
  /** Of the receiver. */
  organization_id: string;
  receiver: Receiver;
  delivery_id: string;
  event_type: string;
  /** The subscription of an app that made it; null for a channel. */
  webhook_id: string | null;
  /** The frozen JSON text of the webhook. */
  body: string;
  /** 1 for the first attempt. */
  attempt: number;
};

/** `wait`: the head is leased to somebody else or not due yet. `nothing`: no pending row. `later`: the caller's version is newer than the object's. */
export type ClaimResult = LeasedDelivery | { kind: 'wait' } | { kind: 'nothing' } | { kind: 'later' };

/** What one attempt met. `at` and `duration` in ms; `response` at most the first 2,048 bytes of the answer. */
export type Attempt = {
  at: number;
  duration: number;
  status: number | null;
  response: string | null;
  error: string | null;
  /** Where it went: for receivers that have several URLs. */
  url?: string;
};

export type Outcome =
  | { kind: 'delivered'; attempt: Attempt }
  /** `retry_after` is what the receiver asked for, in seconds, already capped. */
  | { kind: 'failed'; attempt: Attempt; max_retry_count: number; retry_after: number | null }
  | { kind: 'skipped'; reason: SkipReason }
  /** No attempt was made, because the endpoint could not be read or too little of the lease was left: the row stays due. */
  | { kind: 'later' };

/**
 * Answer to a report. `next` is the track's following head under a lease of its own, if asked for and there is one.
 * `offer_in`: whole seconds after which a wake-up should be sent (0: at once), null for none. `handed`: what a caller who does so is to
 * bring to D1.
 */
export type ReportAnswer = {
  is_stale: boolean;
  next: LeasedDelivery | null;
  offer_in: number | null;
  handed?: HandedBatch | null;
};

/** The lane's side, as the consumer calls it. `lease_milliseconds`: how long the head is held. */
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
    /** Null when no further head is wanted. */
    next: { drain: boolean; lease_milliseconds: number } | null;
    /** Of a caller who brings the copy to D1: what D1 has of the thread as far as they know. */
    acknowledged?: readonly BatchRange[];
  }): Promise<ReportAnswer>;
};
