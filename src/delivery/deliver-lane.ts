import type { FaultStep } from '../faults.ts';
import type { AttemptResult, Destination, Webhook } from './attempt.ts';
import type { Endpoint } from './endpoint.ts';
import type { Claim, Head, Lane, Outcome, Pointer, Receiver, ReportAnswer } from './lane.ts';

/** The head is held for the attempt's deadline and 10 s more (ENGINE 4). */
export const LEASE_MILLISECONDS = 15_000;

/** No attempt starts later than this after the pointer came, so that a run of 5 s attempts ends within 25 s. */
const LAST_START_MILLISECONDS = 20_000;

/** Delays in seconds of a pointer that is sent again: the endpoint could not be read; the object speaks an older version. */
const UNREADABLE_DELAY = 10;
const NEWER_VERSION_DELAY = 60;
/** After an object was reset: before a lease is at stake, and when one may have to run out first. */
const LOST_CLAIM_DELAY = 2;
const LOST_REPORT_DELAY = LEASE_MILLISECONDS / 1000 + 1;

export type LogRecord = { event: string } & Record<string, string | number | boolean | null>;

export type DeliveryDependencies = {
  /** A new stub at each call: a stub that failed stays broken. */
  lane: (thread: string) => Lane;
  /** Reads what the receiver is now; throws when that cannot be known. */
  endpoint: (organizationId: string, receiver: Receiver) => Promise<Endpoint>;
  attempt: (destination: Destination, webhook: Webhook) => Promise<AttemptResult>;
  /** `delaySeconds`: whole seconds, at most 43,200. */
  send: (pointer: Pointer, delaySeconds: number) => Promise<void>;
  /** ms since 1970. */
  now: () => number;
  log: (record: LogRecord) => void;
  fault: (step: FaultStep) => void;
};

/**
 * Delivers what a pointer leads to: claims the head of the track, attempts it, reports, and goes on with the next head
 * until the lane has none or 20 s have passed. Then pointers carry the rest. Rejects only on a fault or an accident, whose
 * lease then runs out and whose row the lane offers again.
 */
export async function deliverLane(dependencies: DeliveryDependencies, pointer: Pointer): Promise<void> {
  const startedAt = dependencies.now();
  const claim = await claimHead(dependencies, pointer);
  if (claim === null) return;
  if (claim.kind === 'later') return await dependencies.send(pointer, NEWER_VERSION_DELAY);
  if (claim.kind !== 'head') return;
  dependencies.fault('after claim');
  let head: Head | null = claim;
  while (head !== null) head = await deliverHead(dependencies, pointer, head, startedAt);
}

async function claimHead(dependencies: DeliveryDependencies, pointer: Pointer): Promise<Claim | null> {
  const { receiver, track, drain } = pointer;
  try {
    return await dependencies
      .lane(pointer.thread)
      .claim({ v: 1, receiver, track, drain, lease_milliseconds: LEASE_MILLISECONDS });
  } catch (error) {
    const isRetryable = isRetryableError(error);
    dependencies.log({ event: 'delivery.claim_failed', ...placeOf(pointer), is_retryable: isRetryable });
    if (isRetryable) await dependencies.send(pointer, LOST_CLAIM_DELAY);
    return null;
  }
}

/** One attempt and its report. Answers the next head, null when this run is over. */
async function deliverHead(
  dependencies: DeliveryDependencies,
  pointer: Pointer,
  head: Head,
  startedAt: number,
): Promise<Head | null> {
  const outcome = await outcomeOf(dependencies, head);
  if (outcome.kind === 'delivered' || outcome.kind === 'failed') dependencies.fault('after the receiver answered');
  // A drain is for rows that end without an attempt: after a failure the due times count again, or retries would be burnt.
  const rest: Pointer = { ...pointer, drain: pointer.drain && outcome.kind !== 'failed' };
  const hasTime = dependencies.now() - startedAt < LAST_START_MILLISECONDS;
  const answer = await reportOutcome(dependencies, rest, head, outcome, hasTime && outcome.kind !== 'later');
  if (answer === null) return null;
  dependencies.fault('after report');
  if (answer.is_stale) {
    dependencies.log({ event: 'delivery.stale_report', ...placeOf(pointer), delivery_id: head.delivery_id });
    return null;
  }
  const delay = offerDelay(outcome, answer, hasTime);
  if (delay !== null) await dependencies.send(rest, delay);
  return answer.next;
}

/** Seconds after which a pointer should follow; null when the lane needs none. */
function offerDelay(outcome: Outcome, answer: ReportAnswer, hasTime: boolean): number | null {
  if (outcome.kind === 'later') return Math.max(answer.offer_in ?? 0, UNREADABLE_DELAY);
  return answer.offer_in ?? (hasTime ? null : 0);
}

async function outcomeOf(dependencies: DeliveryDependencies, head: Head): Promise<Outcome> {
  const endpoint = await readEndpoint(dependencies, head);
  if (endpoint === null) return { kind: 'later' };
  if (endpoint.kind !== 'open') return { kind: 'skipped', reason: endpoint.kind };
  const webhook = { id: head.delivery_id, body: head.body };
  const { is_delivered, attempt, retry_after } = await dependencies.attempt(endpoint.destination, webhook);
  if (is_delivered) return { kind: 'delivered', attempt };
  return { kind: 'failed', attempt, max_retry_count: endpoint.max_retry_count, retry_after };
}

async function readEndpoint(dependencies: DeliveryDependencies, head: Head): Promise<Endpoint | null> {
  try {
    return await dependencies.endpoint(head.organization_id, head.receiver);
  } catch (error) {
    dependencies.log({ event: 'delivery.endpoint_unreadable', receiver: head.receiver, error: errorName(error) });
    return null;
  }
}

/** Reports, once more with a new stub when the object was reset meanwhile: a recorded answer saves a repeated webhook. */
async function reportOutcome(
  dependencies: DeliveryDependencies,
  pointer: Pointer,
  head: Head,
  outcome: Outcome,
  wantsNext: boolean,
): Promise<ReportAnswer | null> {
  const next = wantsNext ? { drain: pointer.drain, lease_milliseconds: LEASE_MILLISECONDS } : null;
  const report = () => dependencies.lane(pointer.thread).report({ v: 1, lease_token: head.lease_token, outcome, next });
  try {
    return await report().catch((error: unknown) => {
      if (isRetryableError(error)) return report();
      throw error;
    });
  } catch (error) {
    const isRetryable = isRetryableError(error);
    const place = { ...placeOf(pointer), delivery_id: head.delivery_id };
    dependencies.log({ event: 'delivery.report_failed', ...place, outcome: outcome.kind, is_retryable: isRetryable });
    if (isRetryable) await dependencies.send(pointer, LOST_REPORT_DELAY);
    return null;
  }
}

function placeOf(pointer: Pointer) {
  return { thread: pointer.thread, receiver: pointer.receiver, track: pointer.track };
}

/** The platform marks errors after which the same call may succeed with a new stub; an overloaded object is left alone. */
function isRetryableError(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const isOverloaded = 'overloaded' in error && error.overloaded === true;
  const isReset = 'durableObjectReset' in error && error.durableObjectReset === true;
  return (isReset || ('retryable' in error && error.retryable === true)) && !isOverloaded;
}

/** The class of an error, for the log: a message could quote what was sent. */
export function errorName(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
