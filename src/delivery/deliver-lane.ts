import type { FaultStep } from '../platform/faults.ts';
import { isRetryable } from '../platform/platform-errors.ts';
import { installationOfReceiver } from '../resources/receiver.ts';
import type { Attempt, ClaimResult, Lane, LaneWakeUp, LeasedDelivery, Outcome, ReportAnswer } from '../rpc/lane.ts';
import { withApiKey, withoutKey } from './api-key.ts';
import { withAppUserAuth, withoutToken } from './app-user-auth.ts';
import { type AttemptResult, type Destination, sentUrl, type Webhook } from './attempt.ts';
import { type AttemptTimes, START_DELAY, timesOf } from './attempt-times.ts';
import type { Endpoint } from './endpoint.ts';

/**
 * An attempt starts only if this much is left of the lease beyond its deadline. Otherwise the next holder of the lease
 * could record a 2xx before this webhook goes out (docs/architecture.md, invariant 5).
 */
const LEASE_MARGIN_MILLISECONDS = 1_000;

/** Delays (seconds) of a wake-up that is sent again: no attempt could be made; the object has an older version. */
const UNATTEMPTED_DELAY = 10;
const NEWER_VERSION_DELAY = 60;
/** Delay (seconds) after the object was reset during a claim, when no lease can exist. */
const LOST_CLAIM_DELAY = 2;
/** Delay (seconds) after the end of a lease that may exist. */
const AFTER_LEASE_DELAY = 1;

export type LogRecord = { event: string } & Record<string, string | number | boolean | null>;

export type DeliveryDeps = {
  /** Must give a new stub at each call: a stub that has failed stays broken. */
  lane: (thread: string) => Lane;
  /** Reads the receiver's endpoint. Throws when it cannot be read. */
  endpoint: (leased: Pick<LeasedDelivery, 'organization_id' | 'receiver' | 'webhook_id'>) => Promise<Endpoint>;
  /** Makes an attempt within `times.deadline`. */
  attempt: (destination: Destination, webhook: Webhook, times: AttemptTimes) => Promise<AttemptResult>;
  /** `delaySeconds`: whole seconds, at most 43,200. */
  send: (wakeUp: LaneWakeUp, delaySeconds: number) => Promise<void>;
  /** ms since 1970. */
  now: () => number;
  log: (record: LogRecord) => void;
  fault: (step: FaultStep) => void;
};

/**
 * Delivers what a wake-up leads to: claims the head of the track, attempts it, reports, and goes on with the next
 * delivery until there is none or no further one may start. Then it sends a wake-up for the rest. Rejects only on an
 * unexpected error: the lease ends, and the lane is woken again.
 */
export async function deliverLane(deps: DeliveryDeps, wakeUp: LaneWakeUp): Promise<void> {
  const startedAt = deps.now();
  const claim = await claimHead(deps, wakeUp);
  if (claim === null) return;
  if (claim.kind === 'later') return await deps.send(wakeUp, NEWER_VERSION_DELAY);
  if (claim.kind !== 'head') return;
  deps.fault('after claim');
  await deliverFrom(deps, wakeUp, claim, startedAt);
}

/**
 * Delivers what a thread leased during a commit, each with what follows in its lane, as after a claim. `askedAt` (ms):
 * before the command was sent. Never rejects: errors are logged, and the lease ends.
 */
export async function deliverLeased(
  deps: DeliveryDeps,
  thread: string,
  leased: readonly LeasedDelivery[],
  askedAt: number,
): Promise<void> {
  const deliver = async (leased: LeasedDelivery) => {
    const { receiver } = leased;
    try {
      deps.fault('before the first attempt');
      await deliverFrom(deps, { v: 1, thread, receiver, track: 'lane', drain: false }, leased, askedAt);
    } catch (error) {
      deps.log({ event: 'delivery.run_failed', thread, receiver, error: errorName(error) });
    }
  };
  await Promise.all(leased.map(deliver));
}

/** `startedAt`: when the delivery was asked for (ms), which is the start of the run. */
async function deliverFrom(
  deps: DeliveryDeps,
  wakeUp: LaneWakeUp,
  leased: LeasedDelivery,
  startedAt: number,
): Promise<void> {
  let held: HeldDelivery | null = holdSince(startedAt, leased, startedAt);
  while (held !== null) held = await deliverOne(deps, wakeUp, held, startedAt);
}

/** A leased delivery and the last moment (ms) at which its attempt may start. */
type HeldDelivery = { leased: LeasedDelivery; start_by: number };

/** `askedAt`: when the lease was asked for. It began later, so this moment is safe. */
function holdSince(askedAt: number, leased: LeasedDelivery, startedAt: number): HeldDelivery {
  const { lease, deadline, last_start } = timesOf(leased.receiver);
  const leaseStartBy = askedAt + lease - deadline - LEASE_MARGIN_MILLISECONDS;
  return { leased, start_by: Math.min(leaseStartBy, startedAt + last_start + START_DELAY) };
}

async function claimHead(deps: DeliveryDeps, wakeUp: LaneWakeUp): Promise<ClaimResult | null> {
  const { receiver, track, drain } = wakeUp;
  try {
    return await deps
      .lane(wakeUp.thread)
      .claim({ v: 1, receiver, track, drain, lease_milliseconds: timesOf(receiver).lease });
  } catch (error) {
    const is_retryable = isRetryable(error);
    deps.log({ event: 'delivery.claim_failed', ...placeOf(wakeUp), is_retryable });
    if (is_retryable) await deps.send(wakeUp, LOST_CLAIM_DELAY);
    return null;
  }
}

/** One attempt and its report. Answers the next delivery; null when the run is over. */
async function deliverOne(
  deps: DeliveryDeps,
  wakeUp: LaneWakeUp,
  held: HeldDelivery,
  startedAt: number,
): Promise<HeldDelivery | null> {
  const { leased } = held;
  const outcome = await outcomeOf(deps, held);
  if (outcome.kind === 'delivered' || outcome.kind === 'failed') deps.fault('after the receiver answered');
  // A drain is for deliveries that end without an attempt. After a failure due times count again, or a drain would use
  // up the retries.
  const rest: LaneWakeUp = { ...wakeUp, drain: wakeUp.drain && outcome.kind !== 'failed' };
  const reportedAt = deps.now();
  const hasTime = reportedAt - startedAt < timesOf(leased.receiver).last_start;
  const answer = await reportOutcome(deps, rest, leased, outcome, hasTime && outcome.kind !== 'later');
  if (answer === null) return null;
  deps.fault('after report');
  if (answer.is_stale) {
    deps.log({ event: 'delivery.stale_report', ...placeOf(wakeUp), delivery_id: leased.delivery_id });
    return null;
  }
  if (outcome.kind === 'failed') logFailure(deps, wakeUp, leased, outcome.attempt, answer);
  const delay = outcome.kind === 'later' ? Math.max(answer.offer_in ?? 0, UNATTEMPTED_DELAY) : answer.offer_in;
  if (delay !== null) await deps.send(rest, delay);
  return answer.next === null ? null : holdSince(reportedAt, answer.next, startedAt);
}

/** Operators alarm on these two events: the log has no other sign of a receiver that fails. */
function logFailure(
  deps: DeliveryDeps,
  wakeUp: LaneWakeUp,
  leased: LeasedDelivery,
  { status, error }: Attempt,
  answer: ReportAnswer,
): void {
  const { organization_id, delivery_id, attempt } = leased;
  const failure = { ...placeOf(wakeUp), organization_id, delivery_id, attempt, status, error };
  if (answer.is_exhausted === true) deps.log({ event: 'delivery.exhausted', ...failure });
  else deps.log({ event: 'delivery.attempt_failed', ...failure, retry_in_seconds: answer.offer_in });
}

async function outcomeOf(deps: DeliveryDeps, held: HeldDelivery): Promise<Outcome> {
  if (isLeaseShort(deps, held)) return { kind: 'later' };
  const { leased } = held;
  const endpoint = await readEndpoint(deps, leased);
  if (endpoint === null) return { kind: 'later' };
  if (endpoint.kind !== 'open') return { kind: 'skipped', reason: endpoint.kind };
  if (isLeaseShort(deps, held)) return { kind: 'later' };
  const { destination, max_retry_count } = endpoint;
  const body = bodyFor(leased, endpoint);
  const sent = await deps.attempt(destination, { id: leased.delivery_id, body }, timesOf(leased.receiver));
  const attempt = loggedAttempt(leased, endpoint, sent.attempt);
  if (sent.is_delivered) return { kind: 'delivered', attempt };
  return { kind: 'failed', attempt, max_retry_count, retry_after: sent.retry_after };
}

/** The frozen body with what is made at each attempt. */
function bodyFor({ body }: LeasedDelivery, { app_user_auth, api_key }: OpenEndpoint): string {
  if (app_user_auth !== undefined) return withAppUserAuth(body, app_user_auth);
  return api_key === undefined ? body : withApiKey(body, api_key);
}

/** An attempt as it is logged. An installation may have several URLs, so the log says which. */
function loggedAttempt(
  leased: LeasedDelivery,
  { destination, app_user_auth, api_key }: OpenEndpoint,
  attempt: Attempt,
): Attempt {
  const unsigned = withoutKey(attempt, api_key ?? destination.api_key);
  const shown = app_user_auth === undefined ? unsigned : withoutToken(attempt, app_user_auth);
  return installationOfReceiver(leased.receiver) === null ? shown : { ...shown, url: sentUrl(destination.url) };
}

type OpenEndpoint = Extract<Endpoint, { kind: 'open' }>;

/** Whether too little of the lease or of the run is left for an attempt, because the object or D1 was slow. */
function isLeaseShort(deps: DeliveryDeps, { leased, start_by }: HeldDelivery): boolean {
  const late = deps.now() - start_by;
  if (late <= 0) return false;
  const { receiver, delivery_id } = leased;
  deps.log({ event: 'delivery.lease_short', receiver, delivery_id, late_milliseconds: late });
  return true;
}

async function readEndpoint(deps: DeliveryDeps, leased: LeasedDelivery): Promise<Endpoint | null> {
  try {
    return await deps.endpoint(leased);
  } catch (error) {
    deps.log({ event: 'delivery.endpoint_unreadable', receiver: leased.receiver, error: errorName(error) });
    return null;
  }
}

/**
 * Reports an outcome; once more with a new stub when the object was reset. A recorded outcome saves a repeated webhook.
 */
async function reportOutcome(
  deps: DeliveryDeps,
  wakeUp: LaneWakeUp,
  leased: LeasedDelivery,
  outcome: Outcome,
  wantsNext: boolean,
): Promise<ReportAnswer | null> {
  const { lease } = timesOf(leased.receiver);
  const next = wantsNext ? { drain: wakeUp.drain, lease_milliseconds: lease } : null;
  const report = () => deps.lane(wakeUp.thread).report({ v: 1, lease_token: leased.lease_token, outcome, next });
  try {
    return await report().catch((error: unknown) => {
      if (isRetryable(error)) return report();
      throw error;
    });
  } catch (error) {
    const is_retryable = isRetryable(error);
    const place = { ...placeOf(wakeUp), delivery_id: leased.delivery_id };
    deps.log({ event: 'delivery.report_failed', ...place, outcome: outcome.kind, is_retryable });
    if (is_retryable) await deps.send(wakeUp, lease / 1000 + AFTER_LEASE_DELAY);
    return null;
  }
}

function placeOf(wakeUp: LaneWakeUp) {
  return { thread: wakeUp.thread, receiver: wakeUp.receiver, track: wakeUp.track };
}

/** The class of an error, for the log: the message could quote what was sent. */
export function errorName(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
