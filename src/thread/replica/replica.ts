import { addCost, type Cost, noCost } from '../../db/cost.ts';
import type { ThreadEvent } from '../../domain/events.ts';
import type { ThreadState } from '../../domain/state.ts';
import { fault } from '../../platform/faults.ts';
import { errorText, writeLog } from '../../platform/log.ts';
import { RetriedRun } from '../../platform/retried-run.ts';
import type { Timers } from '../../platform/timers.ts';
import type { BatchRange, BatchResult, Checkpoint, RangedBatch, ReplicaBatch } from '../../rpc/projector.ts';
import {
  endRebuild,
  type Rebuild,
  readCheckpoint,
  readRebuild,
  startRebuild,
  writeCheckpoint,
} from '../store/checkpoint.ts';
import { park, unparkAll } from '../store/parked.ts';
import { ReplicatedFlags } from './chat-flags.ts';
import { hasReached, readNextBatch } from './next-batch.ts';
import { RecentEvents } from './recent-events.ts';

/** Batches of a thread that may be on their way at a time. Beyond it the object sends the rest by itself. */
const BATCHES_IN_FLIGHT = 32;
/** What was not acknowledged for so long (ms) is sent again: whoever had it is gone. */
const LOST_AFTER = 5000;

/** Name of the timer that says when a hand-over which failed is tried again. */
export const COPY_TIMER = 'copy';

export type ReplicaDeps = {
  sql: SqlStorage;
  transaction: (change: () => void) => void;
  state: () => ThreadState;
  /** How far the copy should be. */
  latest: () => Checkpoint;
  write: (batch: ReplicaBatch) => Promise<BatchResult>;
  timers: Timers;
  now: () => number;
  crash: () => void;
};

/**
 * D1's copy of a thread, as the thread knows it. Each row of a batch is a whole image that D1 takes only when it is newer, so
 * batches may be lost, doubled and overtaken: what counts is that each stretch of the log is acknowledged once. Those who command a
 * thread take the batch of their commit along; what they lose, and what nobody took, the object sends by itself.
 */
export class Replica {
  readonly #deps: ReplicaDeps;
  /** Events that D1 has not acknowledged yet. */
  readonly #tail = new RecentEvents();
  readonly #flags = new ReplicatedFlags();
  /** D1 has everything up to here, as far as is known, and as it is on disk. */
  #acknowledged: Checkpoint = { seq: 0, version: 0 };
  #written: Checkpoint = { seq: 0, version: 0 };
  /** Everything up to here is on its way. */
  #sent: Checkpoint = { seq: 0, version: 0 };
  /** Ranges on their way since a time (ms), the oldest first, and those that were acknowledged before an older one. */
  #out: { range: BatchRange; at: number; isAcknowledged: boolean }[] = [];
  /** Up to where batches are narrow, because D1 refuses something before it. */
  #narrowUpto: Checkpoint | null = null;
  #rebuild: Rebuild | null = null;
  #generation = 0;
  readonly #run: RetriedRun;
  #runUntil = 0;

  /** `isStored`: the object has tables, in which its checkpoint is. */
  constructor(deps: ReplicaDeps, isStored: boolean) {
    this.#deps = deps;
    const { timers } = deps;
    this.#run = new RetriedRun({ timers, timer: COPY_TIMER, failed: (error) => this.#failed(errorText(error)) });
    if (isStored) this.#load();
  }

  /** Version up to which D1 surely has the deliveries. */
  get writtenVersion(): number {
    return this.#written.version;
  }

  /** Whether D1 has everything, as far as is known. */
  get isUpToDate(): boolean {
    return this.has(this.#deps.latest());
  }

  /** Whether all that there is was handed out. */
  get isAllSent(): boolean {
    return hasReached(this.#sent, this.#deps.latest());
  }

  /** Whether nothing is left to do, also for a new instance of the object. */
  get isSettled(): boolean {
    return this.isUpToDate && hasReached(this.#written, this.#acknowledged);
  }

  /** Takes what was committed, so that handing it over reads nothing. */
  add(events: readonly ThreadEvent[]): void {
    this.#tail.commit(events);
  }

  /** The next batch, for a caller who brings it to D1; null when there is none, or when the object has to send it by itself. */
  handOut(): RangedBatch | null {
    const isBusy = this.#run.isRunning || this.#rebuild !== null || this.#narrowUpto !== null;
    if (isBusy || this.#out.length >= BATCHES_IN_FLIGHT || this.#deps.timers.isBackingOff(COPY_TIMER)) return null;
    return this.#next();
  }

  /** Told that D1 has these ranges. Harmless when it is told twice, late, or of a copy that was given up. */
  acknowledge(ranges: readonly BatchRange[] = []): void {
    if (ranges.length > 0) fault('before acknowledgement', this.#deps.crash);
    for (const range of ranges) this.#acknowledge(range);
  }

  #acknowledge(range: BatchRange): void {
    if (range.generation !== this.#generation) return;
    for (const out of this.#out) if (covers(range, out.range)) out.isAcknowledged = true;
    if (hasReached(this.#acknowledged, range.after)) this.#moveTo(range.upto);
    for (let first = this.#out[0]; first?.isAcknowledged; first = this.#out[0]) {
      this.#moveTo(first.range.upto);
      this.#out.shift();
    }
  }

  /**
   * Sends what nobody has taken, and what was lost, batch after batch until `until` (ms) at the latest, unless it is backing off.
   * Resolves when nothing is left, or when it failed. Never rejects.
   */
  run(until: number, cost: Cost = noCost()): Promise<void> {
    this.#runUntil = Math.max(this.#runUntil, until);
    return this.#run.begin(() => this.#send(cost));
  }

  /** Whether D1 has acknowledged everything up to a checkpoint. */
  has(checkpoint: Checkpoint): boolean {
    return hasReached(this.#acknowledged, checkpoint);
  }

  /** Folds the log anew and begins to hand all of it over again, after D1's rows of the thread are deleted (invariant 6). */
  beginRebuild(): void {
    const { name } = this.#deps.state();
    const { version } = this.#deps.latest();
    this.#deps.transaction(() => {
      startRebuild(this.#deps.sql, name, version, this.#deps.now());
      unparkAll(this.#deps.sql);
    });
    this.#load();
    this.#tail.forget(Number.POSITIVE_INFINITY);
    this.#narrowUpto = null;
    this.#deps.timers.clear(COPY_TIMER);
  }

  /** Writes down how far D1 is, if that is not on disk yet. */
  writeCheckpoint(): void {
    if (hasReached(this.#written, this.#acknowledged)) return;
    const isRebuilt = this.#rebuild !== null && this.has(this.#rebuild.until);
    this.#deps.transaction(() => {
      writeCheckpoint(this.#deps.sql, this.#acknowledged);
      if (isRebuilt) endRebuild(this.#deps.sql);
    });
    this.#written = this.#acknowledged;
    if (isRebuilt) this.#rebuild = null;
  }

  #load(): void {
    const { rebuild, generation } = readRebuild(this.#deps.sql);
    this.#written = readCheckpoint(this.#deps.sql);
    this.#rebuild = rebuild;
    this.#generation = generation;
    this.#acknowledged = this.#written;
    this.#startAgain();
  }

  /** What is on its way counts as lost. */
  #startAgain(): void {
    this.#sent = this.#acknowledged;
    this.#out = [];
    this.#flags.forget();
  }

  #moveTo(checkpoint: Checkpoint): void {
    this.#acknowledged = laterOf(this.#acknowledged, checkpoint);
    this.#sent = laterOf(this.#sent, checkpoint);
    this.#tail.forget(this.#acknowledged.seq);
    this.#flags.acknowledge(this.#acknowledged.seq);
    if (this.#narrowUpto !== null && this.has(this.#narrowUpto)) this.#narrowUpto = null;
  }

  async #send(cost: Cost): Promise<void> {
    const oldest = this.#out[0];
    if (oldest !== undefined && this.#deps.now() - oldest.at >= LOST_AFTER) this.#startAgain();
    for (let next = this.#next(); next !== null; next = this.#next()) {
      const written = await this.#deps.write(next.slice);
      if (next.range.generation !== this.#generation) continue;
      if (written.ok) {
        this.acknowledge([next.range]);
        this.#deps.timers.clear(COPY_TIMER);
        addCost(cost, { ...noCost(), d1: written.share });
      } else if (!this.#isRefused(next.range, written.reason)) {
        throw new Error(written.reason);
      }
      if (this.#deps.now() >= this.#runUntil) return;
    }
  }

  /** Whether D1 refuses the rows themselves: then each event alone is tried, and those that it refuses are parked. */
  #isRefused(range: BatchRange, reason: string): boolean {
    if (reason !== 'rejected') return false;
    if (this.#narrowUpto === null) {
      this.#narrowUpto = range.upto;
      this.#startAgain();
      return true;
    }
    park(this.#deps.sql, range, this.#deps.now());
    writeLog('error', 'slice_parked', { thread: this.#deps.state().name, ...range.upto });
    this.#acknowledge(range);
    // Among its rows was the chat's, which D1 has refused with them.
    this.#flags.forget();
    return true;
  }

  #failed(reason: string): void {
    this.#startAgain();
    const retry_at = this.#deps.timers.dueAt(COPY_TIMER);
    writeLog('error', 'hand_over_failed', { thread: this.#deps.state().name, reason, retry_at });
  }

  #next(): RangedBatch | null {
    const { sql, state, latest, now } = this.#deps;
    const after = this.#sent;
    const isRebuilding = this.#rebuild !== null && !hasReached(after, this.#rebuild.until);
    const found = readNextBatch(
      {
        sql,
        state: state(),
        tail: this.#tail,
        flags: this.#flags,
        latest: latest(),
        rebuild: isRebuilding ? this.#generation : null,
        isNarrow: this.#narrowUpto !== null,
      },
      after,
    );
    if (found === null) return null;
    const range = { generation: this.#generation, after, upto: found.upto };
    this.#sent = found.upto;
    this.#out.push({ range, at: now(), isAcknowledged: false });
    if (found.batch !== null) return { slice: found.batch, range };
    // Nothing that D1 shows has changed in this stretch.
    this.#acknowledge(range);
    return this.#next();
  }
}

/** Whether a range holds all of another. */
function covers(range: BatchRange, other: BatchRange): boolean {
  return hasReached(other.after, range.after) && hasReached(range.upto, other.upto);
}

function laterOf(one: Checkpoint, other: Checkpoint): Checkpoint {
  return { seq: Math.max(one.seq, other.seq), version: Math.max(one.version, other.version) };
}
