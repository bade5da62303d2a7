import { timesOf } from '../../delivery/attempt-times.ts';
import { hasTable } from '../../platform/sqlite.ts';
import type { Receiver } from '../../resources/receiver.ts';
import { firstUuidAt, parseUuidVersion7 } from '../../resources/uuid.ts';
import type { Attempt, ClaimResult, Lane, LaneWakeUp, ReportAnswer, Track } from '../../rpc/lane.ts';
import type { ReplayFilter } from '../../rpc/thread.ts';
import type { Accepted, LaneCheckpoint } from './fan-out.ts';
import { oldestFinishedDelivery, pruneDeliveries, readDelivery } from './kept-deliveries.ts';
import { insertDeliveries } from './new-deliveries.ts';
import {
  announceLapsed,
  claimHead,
  countAccepted,
  hasPending,
  isLaneBusy,
  type LaneContext,
  noteWakeUp,
  recordOutcome,
  replayDeliveries,
  waitingTracks,
} from './outbox.ts';
import { type PurgedRange, purgeDeliveries } from './purge-deliveries.ts';
import type { WebhookEnds } from './webhook-ends.ts';
import { hasRest, takeRest } from './webhook-rests.ts';

const DAY = 24 * 3_600_000;
/** Finished deliveries are kept for 30 days, and on to the end of the thread's own day. ms. */
const KEEP_DELIVERIES = 30 * DAY;
/** Most deliveries that one transaction deletes. */
const PRUNED_AT_ONCE = 1000;
/** Most webhooks that one transaction makes: in a commit, or later. */
const MADE_AT_ONCE = 1000;
/** Most transactions with webhooks of earlier commits in one run of the alarm. */
const PORTIONS_OF_AN_ALARM = 5;
/** A commit looks for overdue lanes, as the alarm does, if the last look was longer ago than this (ms). */
const CHECK_EVERY = 10_000;
/**
 * Most deliveries that the caller of a command takes. A Worker can wait for six connections, and the request needs
 * some.
 */
const DELIVERIES_TAKEN_AT_ONCE = 4;

export type LaneDeps = {
  sql: SqlStorage;
  transaction: <T>(change: () => T) => T;
  /** Name and organization of the thread; null before its first commit. */
  thread: () => { name: string; organization_id: string } | null;
  send: (wakeUp: LaneWakeUp) => void;
  /** Called in the same turn when deliveries or lanes have changed, with the time (ms). */
  changed: (at: number) => void;
  ends: WebhookEnds;
};

/** The lanes of a thread: what its receivers still have to get, and when a wake-up is due. */
export class Lanes {
  /** The version of the last changed delivery or lane. */
  version = 0;
  readonly #deps: LaneDeps;
  /** Whether earlier commits have left webhooks to make; null when unknown. */
  #isRestLeft: boolean | null = null;
  /** Whether the tables exist; null when unknown. */
  #isMade: boolean | null = null;
  /** When this instance last looked for overdue lanes (ms); 0 for never. */
  #checkedAt = 0;

  constructor(deps: LaneDeps) {
    this.#deps = deps;
  }

  /** Leases the head of a track. */
  claim(request: Parameters<Lane['claim']>[0]): ClaimResult {
    return this.#change((context) => claimHead(this.#deps.sql, request, context)) ?? { kind: 'nothing' };
  }

  /** Records the outcome of a leased delivery. */
  report(request: Parameters<Lane['report']>[0]): ReportAnswer {
    const answer = this.#change((context) => recordOutcome(this.#deps.sql, request, context));
    this.#deps.ends.runLater();
    return answer ?? { is_stale: true, next: null, offer_in: null };
  }

  /** Puts finished deliveries back beside their lane and wakes the track. Answers how many. */
  replay(receiver: Receiver, filter: ReplayFilter): number {
    const replayed = this.#change((context) => replayDeliveries(this.#deps.sql, receiver, filter, context)) ?? 0;
    if (replayed > 0) this.wake(receiver, 'replay');
    return replayed;
  }

  /** The frozen body of a delivery and its attempts; null when there is none. */
  readDelivery(id: string): { body: string | null; attempts: Attempt[] } | null {
    return this.#hasLanes() ? readDelivery(this.#deps.sql, id) : null;
  }

  /** The counts of a lane; null for a new one. */
  checkpoint(receiver: Receiver): LaneCheckpoint | null {
    if (!this.#hasLanes()) return null;
    const sql = 'SELECT receiver, organization_id, accepted, last_seq FROM lanes WHERE receiver = ?';
    return this.#deps.sql.exec<LaneCheckpoint>(sql, receiver).toArray()[0] ?? null;
  }

  /** How many webhooks a commit may make. None while an earlier commit has some left: those go first. */
  get room(): number {
    return this.#hasRest() ? 0 : MADE_AT_ONCE;
  }

  /**
   * What happens to the new deliveries of idle lanes: a courier takes the first of some lanes under a lease (ms), and
   * the other lanes are woken. Lanes that have pending deliveries need nothing.
   */
  startsOf({ outbox }: Accepted, takesDeliveries: boolean): { leases: Map<Receiver, number>; toWake: Receiver[] } {
    const receivers = new Set(outbox.rows.map(({ receiver }) => receiver));
    const idle = [...receivers].filter((receiver) => !this.#isBusy(receiver));
    const taken = takesDeliveries ? DELIVERIES_TAKEN_AT_ONCE : 0;
    return {
      leases: new Map(idle.slice(0, taken).map((receiver) => [receiver, timesOf(receiver).lease])),
      toWake: idle.slice(taken),
    };
  }

  /** Notes a commit: the version of its last row, and what it has accepted. */
  committed(version: number, accepted: Accepted): void {
    this.version = version;
    if (accepted.lanes.length > 0) this.#isMade = true;
    if (accepted.rest !== null) this.#isRestLeft = true;
  }

  /**
   * Does the same as the alarm if nobody has looked for a while. So a thread that gets messages depends neither on an
   * alarm that the platform may drop nor on a wake-up that the queue may lose. `now` in ms.
   */
  wakeOverdue(now: number): void {
    if (now - this.#checkedAt >= CHECK_EVERY) this.wakeDue(now);
  }

  /** The messages of the webhooks that have ended. */
  get ends(): Pick<WebhookEnds, 'run' | 'isSettled'> {
    return this.#deps.ends;
  }

  /** Whether no webhook is pending, or left to make, and messages show what became of theirs. */
  get isIdle(): boolean {
    return this.ends.isSettled && !this.#hasRest() && !(this.#hasLanes() && hasPending(this.#deps.sql));
  }

  /** Whether the lane has pending deliveries, so that somebody works on it. */
  #isBusy(receiver: Receiver): boolean {
    return this.#hasLanes() && isLaneBusy(this.#deps.sql, receiver);
  }

  /**
   * Makes webhooks that earlier commits have left, in several transactions, and wakes their lanes. `isDone`: none is
   * left.
   */
  makeRest(): { isDone: boolean } {
    if (!this.#hasRest()) return { isDone: true };
    for (let made = 0; made < PORTIONS_OF_AN_ALARM && this.#hasRest(); made++) this.#makePortion();
    return { isDone: !this.#hasRest() };
  }

  #makePortion(): void {
    let idle: Receiver[] = [];
    this.#change((context) => {
      const rest = takeRest(this.#deps.sql, MADE_AT_ONCE);
      if (rest === null) return;
      const { outbox, at, made } = rest;
      const counts = Map.groupBy(outbox.rows, ({ receiver }) => receiver);
      idle = [...counts.keys()].filter((receiver) => !this.#isBusy(receiver));
      for (const [receiver, { length }] of counts) countAccepted(this.#deps.sql, receiver, length, context);
      const { now, nextVersion } = context;
      const organizationOf = () => context.organization_id;
      insertDeliveries(this.#deps.sql, outbox, { at, now, made, leases: new Map(), organizationOf, nextVersion });
    });
    this.#isRestLeft = null;
    for (const receiver of idle) this.wake(receiver, 'lane');
  }

  #hasRest(): boolean {
    this.#isRestLeft ??= hasRest(this.#deps.sql);
    return this.#isRestLeft;
  }

  /** Sends a wake-up for a track to the queue. */
  wake(receiver: Receiver, track: Track): void {
    const thread = this.#deps.thread();
    if (thread !== null) this.#deps.send({ v: 1, thread: thread.name, receiver, track, drain: false });
  }

  /** Wakes the tracks that are overdue, and lets D1 know of deliveries whose first lease has ended. `now` in ms. */
  wakeDue(now: number): void {
    this.#checkedAt = now;
    if (!this.#hasLanes()) return;
    this.#change((context) => announceLapsed(this.#deps.sql, context));
    for (const { receiver, track, head_id, wake_at: offer_at } of waitingTracks(this.#deps.sql)) {
      if (offer_at > now) continue;
      noteWakeUp(this.#deps.sql, head_id, now);
      this.wake(receiver, track);
    }
  }

  /**
   * Deletes some of the deliveries that are old enough and whose end D1 knows: their version is at most `acknowledged`.
   * `now` in ms.
   */
  prune(now: number, acknowledged: number): void {
    if (!this.#hasLanes()) return;
    const bound = firstUuidAt(now - KEEP_DELIVERIES + 1);
    this.#deps.transaction(() => pruneDeliveries(this.#deps.sql, bound, acknowledged, PRUNED_AT_ONCE));
  }

  /** Deletes what the next webhooks of a purged chat tell (`purgeDeliveries`). */
  purge(range: PurgedRange): string | null {
    return this.#change((context) => purgeDeliveries(this.#deps.sql, range, context));
  }

  /** When the alarm must ring for tracks and for webhooks left to make, and for the oldest delivery to delete (ms). */
  dueTimes(now: number, acknowledged: number): { lanes: number[]; expiry: number | null } {
    if (!this.#hasLanes()) return { lanes: [], expiry: null };
    const oldest = oldestFinishedDelivery(this.#deps.sql, acknowledged);
    const lanes = waitingTracks(this.#deps.sql).map(({ wake_at: offer_at }) => offer_at);
    return {
      lanes: this.#hasRest() ? [...lanes, now] : lanes,
      expiry: oldest === null ? null : this.#endOfDay((parseUuidVersion7(oldest)?.at ?? now) + KEEP_DELIVERIES),
    };
  }

  /**
   * The end of the thread's day (ms), so that the alarm rings once for all deliveries of a day. The days of threads end
   * at different times.
   */
  #endOfDay(at: number): number {
    const offset = Number.parseInt(this.#deps.thread()?.name.slice(-7) ?? '', 16) % DAY || 0;
    return Math.ceil((at - offset) / DAY) * DAY + offset;
  }

  /** Changes deliveries in one transaction. Null when the thread never accepted a webhook: then there are no tables. */
  #change<T>(change: (context: LaneContext) => T): T | null {
    const thread = this.#deps.thread();
    if (thread === null || !this.#hasLanes()) return null;
    let version = this.version;
    const context: LaneContext = {
      now: Date.now(),
      random: Math.random(),
      organization_id: thread.organization_id,
      get version() {
        return version;
      },
      nextVersion: () => {
        version += 1;
        return version;
      },
      noteEnd: (end, how) => this.#deps.ends.note(end, how),
    };
    const answer = this.#deps.transaction(() => change(context));
    if (version > this.version) {
      this.version = version;
      this.#deps.changed(context.now);
    }
    return answer;
  }

  /** Whether the thread ever accepted a webhook. Most alarms ring in threads that did not. */
  #hasLanes(): boolean {
    this.#isMade ??= hasTable(this.#deps.sql, 'lanes');
    return this.#isMade;
  }
}
