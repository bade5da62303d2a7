import type { DeliveryStatus, SkipReason } from '../../db/rows.ts';
import type { Attempt, Claim, Head, Outcome, Receiver, ReportAnswer, Track } from '../../delivery/lane.ts';
import { isLastAttempt, retryDelay, wholeSeconds } from '../../delivery/retry-schedule.ts';

/** A delivery whose endpoint could not be read is offered again after this many seconds. */
const LATER_SECONDS = 10;
/** An alarm offers a lane this long after its head was due (ms): the queue's pointer normally comes first. */
const OFFER_AFTER = 30_000;

/** What each change of a lane needs from the object: `now` in ms, `random` in [0, 1). `nextVersion` numbers the changed rows for D1's log. */
export type LaneClock = { now: number; random: number; organization_id: string; nextVersion: () => number };

type DeliveryState = {
  id: string;
  receiver: Receiver;
  event_type: string;
  webhook_id: string | null;
  body: string;
  is_replay: number;
  attempt_count: number;
  tries: number;
  due_at: number;
  lease_token: string | null;
  lease_until: number | null;
};

/** Leases the head of a track, if it is due (or `drain`) and nobody else holds it. */
export function claimHead(
  sql: SqlStorage,
  request: { receiver: Receiver; track: Track; drain: boolean; lease_milliseconds: number },
  clock: LaneClock,
): Claim {
  const head = headOf(sql, request.receiver, request.track);
  if (head === null) return { kind: 'nothing' };
  if (head.lease_until !== null && head.lease_until > clock.now) return { kind: 'wait' };
  if (head.due_at > clock.now && !request.drain) return { kind: 'wait' };
  const lease_token = `${head.id}.${crypto.randomUUID()}`;
  sql.exec(
    'UPDATE deliveries SET lease_token = ?, lease_until = ? WHERE id = ?',
    lease_token,
    clock.now + request.lease_milliseconds,
    head.id,
  );
  return {
    kind: 'head',
    lease_token,
    organization_id: organizationOf(sql, head.receiver) ?? clock.organization_id,
    receiver: head.receiver,
    delivery_id: head.id,
    event_type: head.event_type,
    webhook_id: head.webhook_id,
    body: head.body,
    attempt: head.attempt_count + 1,
  };
}

/** Records what became of a leased delivery. A lease that is no longer the row's own changes nothing. */
export function recordOutcome(
  sql: SqlStorage,
  request: {
    lease_token: string;
    outcome: Outcome;
    next: { drain: boolean; lease_milliseconds: number } | null;
  },
  clock: LaneClock,
): ReportAnswer {
  const row = leasedBy(sql, request.lease_token);
  if (row === null) return { is_stale: true, next: null, offer_in: null };
  const { outcome } = request;
  if ('attempt' in outcome) addAttempt(sql, row.id, row.attempt_count + 1, outcome.attempt);
  switch (outcome.kind) {
    case 'delivered':
      finish(sql, row, 'delivered', null, clock);
      break;
    case 'skipped':
      finish(sql, row, 'skipped', outcome.reason, clock);
      break;
    case 'later':
      sql.exec('UPDATE deliveries SET lease_token = NULL, lease_until = NULL WHERE id = ?', row.id);
      return { is_stale: false, next: null, offer_in: LATER_SECONDS };
    case 'failed': {
      if (isLastAttempt(row.tries + 1, outcome.max_retry_count)) {
        finish(sql, row, 'exhausted', null, clock);
        break;
      }
      const delay = retryDelay(row.tries, clock.random, outcome.retry_after);
      sql.exec(
        `UPDATE deliveries SET version = ?, tries = tries + 1, due_at = ?, lease_token = NULL, lease_until = NULL
         WHERE id = ?`,
        clock.nextVersion(),
        clock.now + delay,
        row.id,
      );
      return { is_stale: false, next: null, offer_in: wholeSeconds(delay) };
    }
  }
  return { is_stale: false, ...goOn(sql, row, request.next, clock) };
}

/** After a head is finished: the next one under a new lease, or when the lane should be offered again. */
function goOn(
  sql: SqlStorage,
  row: DeliveryState,
  next: { drain: boolean; lease_milliseconds: number } | null,
  clock: LaneClock,
): { next: Head | null; offer_in: number | null } {
  const track = row.is_replay === 1 ? 'replay' : 'lane';
  const head = headOf(sql, row.receiver, track);
  if (head === null) return { next: null, offer_in: null };
  if (next !== null) {
    const claim = claimHead(sql, { receiver: row.receiver, track, ...next }, clock);
    if (claim.kind === 'head') return { next: claim, offer_in: null };
  }
  return { next: null, offer_in: wholeSeconds(head.due_at - clock.now) };
}

/** Which finished deliveries an explicit replay puts back. Null bounds are open; `from` and `to` in ms, `to` exclusive. */
export type ReplayFilter =
  | { delivery_id: string }
  | { status: DeliveryStatus[] | null; from: number | null; to: number | null };

/** Puts finished deliveries back to pending beside their lane, marked, not counted again. Answers how many. */
export function replayDeliveries(sql: SqlStorage, receiver: Receiver, filter: ReplayFilter, clock: LaneClock): number {
  const ids =
    'delivery_id' in filter
      ? sql.exec<{ id: string }>(
          `SELECT id FROM deliveries WHERE receiver = ? AND id = ? AND status <> 'pending'`,
          receiver,
          filter.delivery_id,
        )
      : sql.exec<{ id: string }>(
          `SELECT id FROM deliveries WHERE receiver = ?1 AND status <> 'pending'
             AND (?2 IS NULL OR status IN (SELECT value FROM json_each(?2)))
             AND created_at >= ?3 AND created_at < ?4`,
          receiver,
          filter.status === null ? null : JSON.stringify(filter.status),
          filter.from ?? 0,
          filter.to ?? Number.MAX_SAFE_INTEGER,
        );
  const found = ids.toArray();
  for (const { id } of found) {
    sql.exec(
      `UPDATE deliveries SET version = ?, status = 'pending', skip_reason = NULL, is_replay = 1, tries = 0, due_at = ?,
         lease_token = NULL, lease_until = NULL WHERE id = ?`,
      clock.nextVersion(),
      clock.now,
      id,
    );
  }
  return found.length;
}

/** The frozen body of a delivery and its attempts, oldest first; null when the thread has no such delivery. */
export function readDelivery(sql: SqlStorage, id: string): { body: string; attempts: Attempt[] } | null {
  const row = sql.exec<{ body: string }>('SELECT body FROM deliveries WHERE id = ?', id).toArray()[0];
  if (row === undefined) return null;
  const attempts = sql
    .exec<{ attempt: string }>('SELECT attempt FROM attempts WHERE delivery_id = ? ORDER BY number', id)
    .toArray()
    .map(({ attempt }) => JSON.parse(attempt) as Attempt);
  return { body: row.body, attempts };
}

export type WaitingTrack = { receiver: Receiver; track: Track; offer_at: number };

/** Each track with a pending delivery and when an alarm should offer it (ms). */
export function waitingTracks(sql: SqlStorage): WaitingTrack[] {
  const receivers = sql.exec<{ receiver: string }>('SELECT receiver FROM lanes').toArray();
  return receivers.flatMap(({ receiver }) =>
    (['lane', 'replay'] as const).flatMap((track) => {
      const head = headOf(sql, receiver, track);
      return head === null ? [] : [{ receiver, track, offer_at: head.lease_until ?? head.due_at + OFFER_AFTER }];
    }),
  );
}

/** Whether the lane has a delivery that still has to go out, so that somebody is at work on it. */
export function isLaneBusy(sql: SqlStorage, receiver: Receiver): boolean {
  const rows = sql.exec(
    `SELECT 1 FROM deliveries WHERE receiver = ? AND is_replay = 0 AND status = 'pending' LIMIT 1`,
    receiver,
  );
  return rows.toArray().length > 0;
}

/** What may be deleted: finished, and D1's log has seen the end. Otherwise D1 would show it as pending for ever. */
const IS_OVER = `status <> 'pending' AND version <= ?`;

/** Deletes deliveries older than the id bound that are over, with their attempts. The lanes' sums stay. */
export function pruneDeliveries(sql: SqlStorage, beforeId: string, acknowledgedVersion: number): void {
  sql.exec(
    `DELETE FROM attempts WHERE delivery_id IN (SELECT id FROM deliveries WHERE id < ? AND ${IS_OVER})`,
    beforeId,
    acknowledgedVersion,
  );
  sql.exec(`DELETE FROM deliveries WHERE id < ? AND ${IS_OVER}`, beforeId, acknowledgedVersion);
}

/** The id of the oldest delivery that will have to be deleted; null without any. */
export function oldestFinishedDelivery(sql: SqlStorage, acknowledgedVersion: number): string | null {
  const rows = sql.exec<{ id: string }>(
    `SELECT id FROM deliveries WHERE ${IS_OVER} ORDER BY id LIMIT 1`,
    acknowledgedVersion,
  );
  return rows.toArray()[0]?.id ?? null;
}

const STATE = `id, receiver, event_type, webhook_id, body, is_replay, attempt_count, tries, due_at, lease_token, lease_until`;

function headOf(sql: SqlStorage, receiver: Receiver, track: Track): DeliveryState | null {
  const rows = sql.exec<DeliveryState>(
    `SELECT ${STATE} FROM deliveries WHERE receiver = ? AND is_replay = ? AND status = 'pending'
     ORDER BY seq, ordinal LIMIT 1`,
    receiver,
    track === 'replay' ? 1 : 0,
  );
  return rows.toArray()[0] ?? null;
}

/** The organization whose receiver it is; null for the thread's own. */
function organizationOf(sql: SqlStorage, receiver: Receiver): string | null {
  const rows = sql.exec<{ organization_id: string | null }>(
    'SELECT organization_id FROM lanes WHERE receiver = ?',
    receiver,
  );
  return rows.toArray()[0]?.organization_id ?? null;
}

function leasedBy(sql: SqlStorage, leaseToken: string): DeliveryState | null {
  const id = leaseToken.split('.')[0] ?? '';
  const rows = sql.exec<DeliveryState>(
    `SELECT ${STATE} FROM deliveries WHERE id = ? AND lease_token = ? AND status = 'pending'`,
    id,
    leaseToken,
  );
  return rows.toArray()[0] ?? null;
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
};

/** Ends a delivery. Its first end is counted in the lane; that of a replay is not. */
function finish(
  sql: SqlStorage,
  row: DeliveryState,
  status: Exclude<DeliveryStatus, 'pending'>,
  reason: SkipReason | null,
  clock: LaneClock,
): void {
  sql.exec(
    `UPDATE deliveries SET version = ?, status = ?, skip_reason = ?, lease_token = NULL, lease_until = NULL WHERE id = ?`,
    clock.nextVersion(),
    status,
    reason,
    row.id,
  );
  if (row.is_replay === 1) return;
  const counter = COUNTER[status === 'skipped' ? (reason ?? 'disabled') : status];
  sql.exec(
    `UPDATE lanes SET version = ?, ${counter} = ${counter} + 1 WHERE receiver = ?`,
    clock.nextVersion(),
    row.receiver,
  );
}
