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
  isLaneBusy,
  type LaneContext,
  noteWakeUp,
  recordOutcome,
  replayDeliveries,
  waitingTracks,
} from './outbox.ts';
import { hasRest, takeRest } from './webhook-rests.ts';

const DAY = 24 * 3_600_000;
/** Finished deliveries are kept for 30 days, and then until the end of the thread's own day. ms. */
const KEEP_DELIVERIES = 30 * DAY;
/** Deliveries that are deleted in one transaction. */
const PRUNED_AT_ONCE = 1000;
/** Webhooks that are made in one transaction: a commit, or a portion of what it has left. */
const MADE_AT_ONCE = 1000;
/** Portions that an alarm makes before it rings again. */
const PORTIONS_OF_AN_ALARM = 5;
/** Commits look for lanes that nobody is at work on, as the alarm does, when nobody has looked for so long (ms). */
const CHECK_EVERY = 10_000;
/** A Worker can wait for six connections; some are left for the request that brought the command. */
const DELIVERIES_TAKEN_AT_ONCE = 4;

export type LaneDeps = {
  sql: SqlStorage;
  transaction: <T>(change: () => T) => T;
  /** Name of the thread and its organization; null while nothing was ever accepted. */
  thread: () => { name: string; organization_id: string } | null;
  send: (wakeUp: LaneWakeUp) => void;
  /** Told in the same turn that deliveries or lanes have changed, with the time (ms). */
  changed: (at: number) => void;
};

/** The lanes of a thread: what its receivers still have to get, and when somebody should be reminded of it. */
export class Lanes {
  /** Version of the last changed delivery or lane. */
  version = 0;
  readonly #deps: LaneDeps;
  /** Whether a commit has left webhooks to be made later; null when that has to be looked up. */
  #isRestLeft: boolean | null = null;
  /** Whether the tables are there; null when that has to be looked up. */
  #isMade: boolean | null = null;
  /** When lanes were last looked at (ms); 0 when that was not in this instance. */
  #checkedAt = 0;

  constructor(deps: LaneDeps) {
    this.#deps = deps;
  }

  claim(request: Parameters<Lane['claim']>[0]): ClaimResult {
    return this.#change((context) => claimHead(this.#deps.sql, request, context)) ?? { kind: 'nothing' };
  }

  report(request: Parameters<Lane['report']>[0]): ReportAnswer {
    const answer = this.#change((context) => recordOutcome(this.#deps.sql, request, context));
    return answer ?? { is_stale: true, next: null, offer_in: null };
  }

  /** Puts finished deliveries back to pending beside their lane and wakes them. Answers how many. */
  replay(receiver: Receiver, filter: ReplayFilter): number {
    const replayed = this.#change((context) => replayDeliveries(this.#deps.sql, receiver, filter, context)) ?? 0;
    if (replayed > 0) this.wake(receiver, 'replay');
    return replayed;
  }

  readDelivery(id: string): { body: string; attempts: Attempt[] } | null {
    return this.#hasLanes() ? readDelivery(this.#deps.sql, id) : null;
  }

  /** What the lane has accepted so far; null for a new one. */
  checkpoint(receiver: Receiver): LaneCheckpoint | null {
    if (!this.#hasLanes()) return null;
    const sql = 'SELECT receiver, organization_id, accepted, last_seq FROM lanes WHERE receiver = ?';
    return this.#deps.sql.exec<LaneCheckpoint>(sql, receiver).toArray()[0] ?? null;
  }

  /** How many webhooks a commit may make. None while an earlier commit has not made all of its own: they go first. */
  get room(): number {
    return this.#hasRest() ? 0 : MADE_AT_ONCE;
  }

  /**
   * What is to be done about the new deliveries of a commit whose lanes are idle: whoever called takes the first of a lane under a lease
   * (ms), if they take any, and the other lanes are to be woken. Nobody has to be reminded of a lane that has deliveries already.
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

  /** Told of a commit: the version of its last row, and what it has accepted. */
  committed(version: number, accepted: Accepted): void {
    this.version = version;
    if (accepted.lanes.length > 0) this.#isMade = true;
    if (accepted.rest !== null) this.#isRestLeft = true;
  }

  /**
   * Does the same as the alarm when nobody has looked for a while: where messages come in, a lane depends neither on an alarm that the
   * platform has dropped nor on a wake-up that the queue has lost. `now` in ms.
   */
  wakeOverdue(now: number): void {
    if (now - this.#checkedAt >= CHECK_EVERY) this.wakeDue(now);
  }

  /** Whether somebody is at work on the lane. */
  #isBusy(receiver: Receiver): boolean {
    return this.#hasLanes() && isLaneBusy(this.#deps.sql, receiver);
  }

  /** Makes webhooks that commits have left, portion by portion, and wakes their lanes. `isDone`: nothing is left. */
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

  wake(receiver: Receiver, track: Track): void {
    const thread = this.#deps.thread();
    if (thread !== null) this.#deps.send({ v: 1, thread: thread.name, receiver, track, drain: false });
  }

  /** Offers the tracks that wait for it, and lets D1 know of deliveries whose first lease has run out. `now` in ms. */
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

  /** Deletes a portion of the deliveries whose time is over and whose end D1 knows: its version is at most `acknowledged`. `now` in ms. */
  prune(now: number, acknowledged: number): void {
    if (!this.#hasLanes()) return;
    const bound = firstUuidAt(now - KEEP_DELIVERIES + 1);
    this.#deps.transaction(() => pruneDeliveries(this.#deps.sql, bound, acknowledged, PRUNED_AT_ONCE));
  }

  /** When the alarm should ring for a track or for webhooks that are left to be made, and for the end of the oldest delivery (ms). */
  dueTimes(now: number, acknowledged: number): { lanes: number[]; expiry: number | null } {
    if (!this.#hasLanes()) return { lanes: [], expiry: null };
    const oldest = oldestFinishedDelivery(this.#deps.sql, acknowledged);
    const lanes = waitingTracks(this.#deps.sql).map(({ wake_at: offer_at }) => offer_at);
    return {
      lanes: this.#hasRest() ? [...lanes, now] : lanes,
      expiry: oldest === null ? null : this.#endOfDay((parseUuidVersion7(oldest)?.at ?? now) + KEEP_DELIVERIES),
    };
  }

  /** The end of the thread's day (ms), so that it rings once for all deliveries of a day. Threads end their days at different times. */
  #endOfDay(at: number): number {
    const offset = Number.parseInt(this.#deps.thread()?.name.slice(-7) ?? '', 16) % DAY || 0;
    return Math.ceil((at - offset) / DAY) * DAY + offset;
  }

  /** Changes deliveries in one transaction. Null when nothing was ever accepted: the tables are made with the first webhook. */
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
    };
    const answer = this.#deps.transaction(() => change(context));
    if (version > this.version) {
      this.version = version;
      this.#deps.changed(context.now);
    }
    return answer;
  }

  /** Whether anything was ever accepted for a receiver here: most alarms ring in threads where nothing was. */
  #hasLanes(): boolean {
    this.#isMade ??= hasTable(this.#deps.sql, 'lanes');
    return this.#isMade;
  }
}
