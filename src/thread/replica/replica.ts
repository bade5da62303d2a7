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
  rewindCheckpoint,
  startRebuild,
  writeCheckpoint,
} from '../store/checkpoint.ts';
import { park, unparkAll } from '../store/parked.ts';
import { ReplicatedFlags } from './chat-flags.ts';
import { hasReached, readNextBatch } from './next-batch.ts';
import { RecentEvents } from './recent-events.ts';

/** Most batches of a thread in flight with callers. Beyond it the object sends the rest itself. */
const BATCHES_IN_FLIGHT = 32;
/** A batch that was not acknowledged within this time (ms) is sent again: its carrier is gone. */
const LOST_AFTER = 5000;

/** Timer of the next attempt after a batch could not be written. */
export const COPY_TIMER = 'copy';

export type ReplicaDeps = {
  sql: SqlStorage;
  transaction: (change: () => void) => void;
  state: () => ThreadState;
  /** How far the replica should be. */
  latest: () => Checkpoint;
  write: (batch: ReplicaBatch) => Promise<BatchResult>;
  timers: Timers;
  now: () => number;
  crash: () => void;
};

/**
 * The replica of a thread in D1, as the thread knows it. Each row of a batch is a whole image, and D1 keeps the newest.
 * So batches may be lost, repeated and reordered; each range of the log must be acknowledged once. Callers who send
 * commands take the batch of the commit to D1. The object itself sends what they lose, and what nobody took.
 */
export class Replica {
  readonly #deps: ReplicaDeps;
  /** Events that D1 has not acknowledged. */
  readonly #tail = new RecentEvents();
  readonly #flags = new ReplicatedFlags();
  /** How far D1 has acknowledged everything, and how much of that is stored. */
  #acknowledged: Checkpoint = { seq: 0, version: 0 };
  #written: Checkpoint = { seq: 0, version: 0 };
  /** Everything up to here is in flight. */
  #sent: Checkpoint = { seq: 0, version: 0 };
  /** The ranges in flight since a time (ms), oldest first. Acknowledged ones wait here for older ones. */
  #out: { range: BatchRange; at: number; isAcknowledged: boolean }[] = [];
  /** Up to here batches are narrow, because D1 refuses something before it. */
  #narrowUpto: Checkpoint | null = null;
  #rebuild: Rebuild | null = null;
  #generation = 0;
  readonly #run: RetriedRun;
  #runUntil = 0;

  /** `start`: where the copy of a new thread begins; null when the object has tables, which contain its checkpoint. */
  constructor(deps: ReplicaDeps, start: Checkpoint | null) {
    this.#deps = deps;
    const { timers } = deps;
    this.#run = new RetriedRun({ timers, timer: COPY_TIMER, failed: (error) => this.#failed(errorText(error)) });
    if (start === null) this.#load();
    else this.#acknowledged = this.#written = this.#sent = start;
  }

  /** The version up to which D1 certainly has the deliveries. */
  get writtenVersion(): number {
    return this.#written.version;
  }

  /** Whether D1 has acknowledged everything. */
  get isUpToDate(): boolean {
    return this.has(this.#deps.latest());
  }

  /** Whether everything was handed out. */
  get isAllSent(): boolean {
    return hasReached(this.#sent, this.#deps.latest());
  }

  /** Whether nothing is left to do, and a new instance would know that too. */
  get isSettled(): boolean {
    return this.isUpToDate && hasReached(this.#written, this.#acknowledged);
  }

  /** Adds committed events, so that their batch reads nothing. */
  add(events: readonly ThreadEvent[]): void {
    this.#tail.commit(events);
  }

  /**
   * The next batch, for a caller who brings it to D1. Null when there is none, or when the object has to send it
   * itself.
   */
  handOut(): RangedBatch | null {
    const isBusy = this.#run.isRunning || this.#rebuild !== null || this.#narrowUpto !== null;
    if (isBusy || this.#out.length >= BATCHES_IN_FLIGHT || this.#deps.timers.isBackingOff(COPY_TIMER)) return null;
    return this.#next();
  }

  /** Notes that D1 has these ranges. Harmless when repeated, late, or about an earlier generation. */
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
   * Sends what nobody took and what was lost, batch after batch, until `until` (ms) at the latest, unless it is backing
   * off. Resolves when nothing is left, or when it has failed. Never rejects.
   */
  run(until: number, cost: Cost = noCost()): Promise<void> {
    this.#runUntil = Math.max(this.#runUntil, until);
    return this.#run.begin(() => this.#send(cost));
  }

  /** Whether D1 has acknowledged everything up to a checkpoint. */
  has(checkpoint: Checkpoint): boolean {
    return hasReached(this.#acknowledged, checkpoint);
  }

  /**
   * Replays the log and starts to send all of it again. D1 first deletes its rows of the thread (docs/architecture.md,
   * invariant 6).
   */
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

  /** Sends the log above `seq` again, because it was rewritten. What is in flight is not waited for: it is older. */
  rewind(seq: number): void {
    this.#deps.transaction(() => rewindCheckpoint(this.#deps.sql, seq, this.#deps.now()));
    this.#load();
    this.#tail.forget(Number.POSITIVE_INFINITY);
    this.#deps.timers.clear(COPY_TIMER);
  }

  /** Stores how far D1 is, unless that is stored already. */
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

  /** Treats everything in flight as lost. */
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

  /** Whether D1 refuses the rows themselves. Then each event is tried alone, and those that D1 refuses are parked. */
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
    // D1 has refused the chat's row together with the others.
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
    // Nothing that D1 shows has changed in this range.
    this.#acknowledge(range);
    return this.#next();
  }
}

/** Whether a range contains another. */
function covers(range: BatchRange, other: BatchRange): boolean {
  return hasReached(other.after, range.after) && hasReached(range.upto, other.upto);
}

function laterOf(one: Checkpoint, other: Checkpoint): Checkpoint {
  return { seq: Math.max(one.seq, other.seq), version: Math.max(one.version, other.version) };
}
