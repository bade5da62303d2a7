import type { SkipReason } from '../../src/db/rows.ts';
import { isLastAttempt, retryDelay, wholeSeconds } from '../../src/delivery/retry-schedule.ts';
import type { Receiver } from '../../src/resources/receiver.ts';
import type { ClaimResult, Lane, LeasedDelivery, Outcome, ReportAnswer, Track } from '../../src/rpc/lane.ts';

export type MemoryRow = {
  id: string;
  track: Track;
  status: 'pending' | 'delivered' | 'exhausted' | 'skipped';
  skip_reason: SkipReason | null;
  attempts: number;
  due_at: number;
};

type Lease = { token: string; id: string; ends_at: number };

export const RECEIVER = 'channel/c1';

/** The lane of one receiver in memory, with exactly the behaviour that the consumer may rely on. */
export class MemoryLane implements Lane {
  rows: MemoryRow[] = [];
  leases = new Map<Track, Lease>();
  outcomes: Outcome[] = [];
  #tokens = 0;
  readonly now: () => number;
  readonly receiver: Receiver;

  constructor(now: () => number, receiver: Receiver = RECEIVER) {
    this.now = now;
    this.receiver = receiver;
  }

  accept(...ids: string[]): void {
    for (const id of ids) this.#add(id, 'lane');
  }

  replay(...ids: string[]): void {
    for (const id of ids) this.#add(id, 'replay');
  }

  row(id: string): MemoryRow {
    const row = this.rows.find((candidate) => candidate.id === id);
    if (row === undefined) throw new Error(`no row ${id}`);
    return row;
  }

  statuses(): string[] {
    return this.rows.map((row) => row.status);
  }

  async claim(request: { track: Track; drain: boolean; lease_milliseconds: number }): Promise<ClaimResult> {
    return this.#claim(request.track, request.drain, request.lease_milliseconds);
  }

  async report(request: {
    lease_token: string;
    outcome: Outcome;
    next: { drain: boolean; lease_milliseconds: number } | null;
  }): Promise<ReportAnswer> {
    const lease = [...this.leases.values()].find((held) => held.token === request.lease_token);
    if (lease === undefined) return { is_stale: true, next: null, offer_in: null };
    const row = this.row(lease.id);
    this.leases.delete(row.track);
    this.outcomes.push(request.outcome);
    this.#record(row, request.outcome);
    const { next } = request;
    const ended = row.status === 'exhausted' ? { is_exhausted: true as const } : {};
    const claim = next === null ? null : this.#claim(row.track, next.drain, next.lease_milliseconds);
    if (claim?.kind === 'head') return { is_stale: false, ...ended, next: claim, offer_in: null };
    const head = this.#head(row.track);
    const offer_in = head === null ? null : wholeSeconds(head.due_at - this.now());
    return { is_stale: false, ...ended, next: null, offer_in };
  }

  #add(id: string, track: Track): void {
    this.rows.push({ id, track, status: 'pending', skip_reason: null, attempts: 0, due_at: this.now() });
  }

  #head(track: Track): MemoryRow | null {
    return this.rows.find((row) => row.track === track && row.status === 'pending') ?? null;
  }

  #claim(
    track: Track,
    drain: boolean,
    leaseMilliseconds: number,
  ): LeasedDelivery | { kind: 'wait' } | { kind: 'nothing' } {
    const row = this.#head(track);
    if (row === null) return { kind: 'nothing' };
    const lease = this.leases.get(track);
    if (lease !== undefined && lease.ends_at > this.now()) return { kind: 'wait' };
    if (row.due_at > this.now() && !drain) return { kind: 'wait' };
    const token = `lease-${++this.#tokens}`;
    this.leases.set(track, { token, id: row.id, ends_at: this.now() + leaseMilliseconds });
    return {
      kind: 'head',
      lease_token: token,
      organization_id: 'o1',
      receiver: this.receiver,
      delivery_id: row.id,
      event_type: 'message_created',
      webhook_id: null,
      body: `{"id":"${row.id}"}`,
      attempt: row.attempts + 1,
    };
  }

  #record(row: MemoryRow, outcome: Outcome): void {
    if (outcome.kind === 'later') return;
    if (outcome.kind === 'skipped') {
      row.status = 'skipped';
      row.skip_reason = outcome.reason;
      return;
    }
    row.attempts += 1;
    if (outcome.kind === 'delivered') row.status = 'delivered';
    else if (isLastAttempt(row.attempts, outcome.max_retry_count)) row.status = 'exhausted';
    else row.due_at = this.now() + retryDelay(row.attempts - 1, 0.5, outcome.retry_after);
  }
}
