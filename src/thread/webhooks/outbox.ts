/**
 * The outbox of a thread: deliveries under leases, in the order of their lane. Each function runs in a transaction of
 * the thread's object and numbers the rows that D1 must get.
 */

import type { DeliveryStatus, SkipReason } from '../../db/rows.ts';
import { isLastAttempt, retryDelay, wholeSeconds } from '../../delivery/retry-schedule.ts';
import type { Receiver } from '../../resources/receiver.ts';
import type { Attempt, ClaimResult, LeasedDelivery, Outcome, ReportAnswer, Track } from '../../rpc/lane.ts';
import type { ReplayFilter } from '../../rpc/thread.ts';
import { isMessageDeleted, presentBody, type Telling } from './delivery-bodies.ts';
import { newLeaseToken } from './new-deliveries.ts';
import type { WebhookEnds } from './webhook-ends.ts';

/** A delivery whose endpoint could not be read is tried again after this many seconds. */
const LATER_SECONDS = 10;
/**
 * The thread wakes a lane this long (ms) after its head was due, and again after the same time. Usually the queue's
 * wake-up comes first.
 */
const WAKE_AFTER = 20_000;

/**
 * What a change of a lane needs from the object: `now` in ms, `random` in [0, 1), `nextVersion` for each row that D1
 * must get. `version` is the last one given.
 */
export type LaneContext = {
  now: number;
  random: number;
  organization_id: string;
  readonly version: number;
  nextVersion: () => number;
  /** Notes the end of a webhook that may change the state of its message. */
  noteEnd: WebhookEnds['note'];
};

/** A delivery with its lease. */
export type DeliveryState = {
  id: string;
  version: number;
  receiver: Receiver;
  seq: number;
  event_type: string;
  webhook_id: string | null;
  channel: string | null;
  body: string;
  content: number;
  is_replay: number;
  attempt_count: number;
  tries: number;
  due_at: number;
  lease_token: string | null;
  lease_until: number | null;
  offered_at: number | null;
};

/**
 * Leases the head of a track, if it is due (or `drain`) and nobody else holds it. Webhooks of deleted messages before it end
 * as skipped.
 */
export function claimHead(
  sql: SqlStorage,
  request: { receiver: Receiver; track: Track; drain: boolean; lease_milliseconds: number },
  context: LaneContext,
): ClaimResult {
  const sendable = sendableHead(sql, request, context);
  if ('kind' in sendable) return sendable;
  const { head, body } = sendable;
  const lease_token = newLeaseToken(head.id);
  sql.exec(
    'UPDATE deliveries SET lease_token = ?, lease_until = ? WHERE id = ?',
    lease_token,
    context.now + request.lease_milliseconds,
    head.id,
  );
  return {
    kind: 'head',
    lease_token,
    organization_id: organizationOf(sql, head.receiver) ?? context.organization_id,
    receiver: head.receiver,
    delivery_id: head.id,
    event_type: head.event_type,
    webhook_id: head.webhook_id,
    body,
    attempt: head.attempt_count + 1,
  };
}

/** The head of a track with its body, if it may be sent now. */
function sendableHead(
  sql: SqlStorage,
  { receiver, track, drain }: { receiver: Receiver; track: Track; drain: boolean },
  context: LaneContext,
): { head: DeliveryState; body: string } | { kind: 'nothing' } | { kind: 'wait' } {
  for (let head = headOf(sql, receiver, track); head !== null; head = headOf(sql, receiver, track)) {
    if (head.lease_until !== null && head.lease_until > context.now) return { kind: 'wait' };
    if (head.due_at > context.now && !drain) return { kind: 'wait' };
    announce(sql, head, context);
    const body = presentBody(sql, head);
    if (body !== null) return { head, body };
    finish(sql, head, 'skipped', 'purged', context);
  }
  return { kind: 'nothing' };
}

/** Records the outcome of a leased delivery. A lease that the delivery no longer has changes nothing. */
export function recordOutcome(
  sql: SqlStorage,
  request: {
    lease_token: string;
    outcome: Outcome;
    next: { drain: boolean; lease_milliseconds: number } | null;
  },
  context: LaneContext,
): ReportAnswer {
  const { outcome } = request;
  if (outcome.kind === 'delivered') {
    const receiver = deliveredAtOnce(sql, request.lease_token, outcome.attempt, context);
    if (receiver !== null) return { is_stale: false, ...goOn(sql, receiver, 'lane', request.next, context) };
  }
  const row = leasedBy(sql, request.lease_token);
  if (row === null) return { is_stale: true, next: null, offer_in: null };
  announce(sql, row, context);
  if ('attempt' in outcome) addAttempt(sql, row.id, row.attempt_count + 1, outcome.attempt);
  switch (outcome.kind) {
    case 'delivered':
      finish(sql, row, 'delivered', null, context);
      if (row.is_replay === 1) context.noteEnd({ ...row, version: context.version }, 'replayed');
      break;
    case 'skipped':
      finish(sql, row, 'skipped', outcome.reason, context);
      break;
    case 'later':
      sql.exec('UPDATE deliveries SET lease_token = NULL, lease_until = NULL WHERE id = ?', row.id);
      return { is_stale: false, next: null, offer_in: LATER_SECONDS };
    case 'failed': {
      if (isLastAttempt(row.tries + 1, outcome.max_retry_count)) {
        finish(sql, row, 'exhausted', null, context);
        context.noteEnd({ ...row, version: context.version }, 'exhausted');
        return { is_stale: false, is_exhausted: true, ...goOn(sql, row.receiver, trackOf(row), request.next, context) };
      }
      const delay = retryDelay(row.tries, context.random, outcome.retry_after);
      sql.exec(
        `UPDATE deliveries SET version = ?, tries = tries + 1, due_at = ?, lease_token = NULL, lease_until = NULL
         WHERE id = ?`,
        context.nextVersion(),
        context.now + delay,
        row.id,
      );
      return { is_stale: false, next: null, offer_in: wholeSeconds(delay) };
    }
  }
  return { is_stale: false, ...goOn(sql, row.receiver, trackOf(row), request.next, context) };
}

function trackOf(row: DeliveryState): Track {
  return row.is_replay === 1 ? 'replay' : 'lane';
}

/**
 * Records a first attempt that has delivered, as nearly all do, with two statements and no row for the attempt. Answers
 * the receiver; null, with nothing changed, in any other case.
 */
function deliveredAtOnce(sql: SqlStorage, leaseToken: string, attempt: Attempt, context: LaneContext): Receiver | null {
  const delivered = sql
    .exec<{ receiver: Receiver }>(
      `UPDATE deliveries SET version = ?, status = 'delivered', attempt_count = 1, last_attempt_at = ?, last_status = ?,
         last_error = ?, first_attempt = ?, lease_token = NULL, lease_until = NULL
       WHERE id = ? AND lease_token = ? AND status = 'pending' AND attempt_count = 0 AND is_replay = 0
       RETURNING receiver`,
      context.version + 1,
      attempt.at,
      attempt.status,
      attempt.error,
      JSON.stringify(attempt),
      deliveryOf(leaseToken),
      leaseToken,
    )
    .toArray()[0];
  if (delivered === undefined) return null;
  context.nextVersion();
  sql.exec(
    'UPDATE lanes SET version = ?, delivered = delivered + 1 WHERE receiver = ?',
    context.nextVersion(),
    delivered.receiver,
  );
  return delivered.receiver;
}

/** After a head is finished: the next delivery under a new lease, or when the lane should be woken. */
function goOn(
  sql: SqlStorage,
  receiver: Receiver,
  track: Track,
  next: { drain: boolean; lease_milliseconds: number } | null,
  context: LaneContext,
): { next: LeasedDelivery | null; offer_in: number | null } {
  const head = headOf(sql, receiver, track);
  if (head === null) return { next: null, offer_in: null };
  if (next !== null) {
    const claim = claimHead(sql, { receiver, track, ...next }, context);
    if (claim.kind === 'head') return { next: claim, offer_in: null };
  }
  return { next: null, offer_in: wholeSeconds(head.due_at - context.now) };
}

/**
 * Puts finished deliveries back beside their lane, except purged ones and those of deleted messages. They are marked as replays and not counted again.
 * Answers how many.
 */
export function replayDeliveries(
  sql: SqlStorage,
  receiver: Receiver,
  filter: ReplayFilter,
  context: LaneContext,
): number {
  const ids =
    'delivery_id' in filter
      ? sql.exec<Telling & { id: string }>(
          `SELECT ${TELLING} FROM deliveries WHERE receiver = ? AND id = ? AND status <> 'pending' AND body <> ''`,
          receiver,
          filter.delivery_id,
        )
      : sql.exec<Telling & { id: string }>(
          `SELECT ${TELLING} FROM deliveries WHERE receiver = ?1 AND status <> 'pending' AND body <> ''
             AND (?2 IS NULL OR status IN (SELECT value FROM json_each(?2)))
             AND created_at >= ?3 AND created_at < ?4 AND id > ?5 AND id <= ?6`,
          receiver,
          filter.status === null ? null : JSON.stringify(filter.status),
          filter.from ?? 0,
          filter.to ?? Number.MAX_SAFE_INTEGER,
          filter.ids?.after ?? '',
          filter.ids?.upto ?? 'g',
        );
  const found = ids.toArray().filter((telling) => !isMessageDeleted(sql, telling));
  for (const { id } of found) {
    sql.exec(
      `UPDATE deliveries SET version = ?, status = 'pending', skip_reason = NULL, is_replay = 1, tries = 0, due_at = ?,
         lease_token = NULL, lease_until = NULL WHERE id = ?`,
      context.nextVersion(),
      context.now,
      id,
    );
  }
  return found.length;
}

export type WaitingTrack = { receiver: Receiver; track: Track; head_id: string; wake_at: number };

/** Each track with a pending delivery, and when the alarm should wake it (ms). */
export function waitingTracks(sql: SqlStorage): WaitingTrack[] {
  const receivers = sql.exec<{ receiver: string }>('SELECT receiver FROM lanes').toArray();
  return receivers.flatMap(({ receiver }) =>
    (['lane', 'replay'] as const).flatMap((track) => {
      const head = headOf(sql, receiver, track);
      if (head === null) return [];
      const wake_at = head.lease_until ?? head.due_at + WAKE_AFTER;
      const again = head.offered_at === null ? 0 : head.offered_at + WAKE_AFTER;
      return [{ receiver, track, head_id: head.id, wake_at: Math.max(wake_at, again) }];
    }),
  );
}

/** Notes that the alarm has woken a track with this head. `now` in ms. */
export function noteWakeUp(sql: SqlStorage, headId: string, now: number): void {
  sql.exec('UPDATE deliveries SET offered_at = ? WHERE id = ?', now, headId);
}

/** Whether the lane has a pending delivery, so that somebody works on it. */
export function isLaneBusy(sql: SqlStorage, receiver: Receiver): boolean {
  const rows = sql.exec(
    `SELECT 1 FROM deliveries WHERE receiver = ? AND is_replay = 0 AND status = 'pending' LIMIT 1`,
    receiver,
  );
  return rows.toArray().length > 0;
}

/** Whether a delivery of any lane is pending, or is sent again. */
export function hasPending(sql: SqlStorage): boolean {
  return sql.exec(`SELECT 1 FROM deliveries WHERE status = 'pending' LIMIT 1`).toArray().length > 0;
}

/** Lets D1 know of deliveries whose first lease ended without a report. */
export function announceLapsed(sql: SqlStorage, context: LaneContext): void {
  const lapsed = sql.exec<Pick<DeliveryState, 'id' | 'version' | 'receiver'>>(
    'SELECT id, version, receiver FROM deliveries WHERE version = 0 AND lease_until <= ?',
    context.now,
  );
  for (const row of lapsed.toArray()) announce(sql, row, context);
}

/**
 * A delivery that was committed under a lease has no version until its first attempt. So D1 gets one image of it and
 * one of its lane.
 */
export function announce(
  sql: SqlStorage,
  { id, version, receiver }: Pick<DeliveryState, 'id' | 'version' | 'receiver'>,
  context: LaneContext,
): void {
  if (version > 0) return;
  sql.exec('UPDATE deliveries SET version = ? WHERE id = ?', context.nextVersion(), id);
  sql.exec('UPDATE lanes SET version = ? WHERE receiver = ?', context.nextVersion(), receiver);
}

/** Counts webhooks that are made for a lane after their commit. */
export function countAccepted(sql: SqlStorage, receiver: Receiver, count: number, context: LaneContext): void {
  sql.exec(
    'UPDATE lanes SET version = ?, accepted = accepted + ? WHERE receiver = ?',
    context.nextVersion(),
    count,
    receiver,
  );
}

const TELLING = 'id, receiver, seq, event_type, channel';

/** The columns of a `DeliveryState`. */
export const STATE = `id, version, receiver, seq, event_type, webhook_id, channel, body, content, is_replay, attempt_count, tries, due_at,
  lease_token, lease_until, offered_at`;

function headOf(sql: SqlStorage, receiver: Receiver, track: Track): DeliveryState | null {
  const rows = sql.exec<DeliveryState>(
    `SELECT ${STATE} FROM deliveries WHERE receiver = ? AND is_replay = ? AND status = 'pending'
     ORDER BY seq, ordinal LIMIT 1`,
    receiver,
    track === 'replay' ? 1 : 0,
  );
  return rows.toArray()[0] ?? null;
}

/** The receiver's organization; null for the thread's own. */
function organizationOf(sql: SqlStorage, receiver: Receiver): string | null {
  const rows = sql.exec<{ organization_id: string | null }>(
    'SELECT organization_id FROM lanes WHERE receiver = ?',
    receiver,
  );
  return rows.toArray()[0]?.organization_id ?? null;
}

function leasedBy(sql: SqlStorage, leaseToken: string): DeliveryState | null {
  const rows = sql.exec<DeliveryState>(
    `SELECT ${STATE} FROM deliveries WHERE id = ? AND lease_token = ? AND status = 'pending'`,
    deliveryOf(leaseToken),
    leaseToken,
  );
  return rows.toArray()[0] ?? null;
}

/** The id of the delivery that a lease belongs to. */
function deliveryOf(leaseToken: string): string {
  return leaseToken.split('.')[0] ?? '';
}

function addAttempt(sql: SqlStorage, id: string, number: number, attempt: Attempt): void {
  sql.exec('INSERT INTO attempts (delivery_id, number, attempt) VALUES (?, ?, ?)', id, number, JSON.stringify(attempt));
  sql.exec(
    'UPDATE deliveries SET attempt_count = ?, last_attempt_at = ?, last_status = ?, last_error = ? WHERE id = ?',
    number,
    attempt.at,
    attempt.status,
    attempt.error,
    id,
  );
}

const COUNTER: Record<Exclude<DeliveryStatus, 'pending' | 'skipped'> | SkipReason, string> = {
  delivered: 'delivered',
  exhausted: 'exhausted',
  disabled: 'skipped_disabled',
  channel_deleted: 'skipped_channel_deleted',
  webhook_deleted: 'skipped_webhook_deleted',
  uninstalled: 'skipped_uninstalled',
  purged: 'skipped_purged',
};

/** Finishes a delivery. Only its first end is counted in the lane, not that of a replay. */
export function finish(
  sql: SqlStorage,
  row: DeliveryState,
  status: Exclude<DeliveryStatus, 'pending'>,
  reason: SkipReason | null,
  context: LaneContext,
): void {
  sql.exec(
    `UPDATE deliveries SET version = ?, status = ?, skip_reason = ?, lease_token = NULL, lease_until = NULL WHERE id = ?`,
    context.nextVersion(),
    status,
    reason,
    row.id,
  );
  if (row.is_replay === 1) return;
  const counter = COUNTER[status === 'skipped' ? (reason ?? 'disabled') : status];
  sql.exec(
    `UPDATE lanes SET version = ?, ${counter} = ${counter} + 1 WHERE receiver = ?`,
    context.nextVersion(),
    row.receiver,
  );
}
