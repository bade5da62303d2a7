import type { Cost } from '../db/cost.ts';
import type { Slice, Written } from '../projections/slice.ts';
import { CopiedFlags } from './copied-flags.ts';
import { EventTail } from './event-tail.ts';
import type { ThreadEvent } from './events.ts';
import { HandOver } from './hand-over.ts';
import type { ThreadState } from './state.ts';
import { hasReached, type Mark, readSlice } from './store/read-slice.ts';
import { endRebuild, type Rebuild, readMark, readRebuild, startRebuild, writeMark } from './store/upkeep.ts';

/** A mark that is not on disk yet, and a hand-over that is due, have this long (ms). */
const DUE_AFTER = 30_000;

export type CopyPorts = {
  sql: SqlStorage;
  transaction: (change: () => void) => void;
  state: () => ThreadState;
  /** How far the copy should be. */
  latest: () => Mark;
  write: (slice: Slice) => Promise<Written>;
  /** Told when a hand-over failed, with the time of the next try (ms). */
  failed: (retryAt: number) => void;
  crash: () => void;
};

/** D1's copy of a thread, as the thread knows it: how far it is, what is on its way there, and whether it is being rebuilt (ENGINE 3). */
export class Copy {
  readonly #ports: CopyPorts;
  readonly #handOver: HandOver;
  /** Events that D1 has not acknowledged yet. */
  readonly #tail = new EventTail();
  readonly #flags = new CopiedFlags();
  /** The acknowledged mark as it is on disk. */
  #written: Mark = { seq: 0, version: 0 };
  #rebuild: Rebuild | null = null;

  /** `isStored`: the object has tables, in which its mark is. */
  constructor(ports: CopyPorts, isStored: boolean) {
    this.#ports = ports;
    if (isStored) this.#load();
    this.#handOver = new HandOver(
      {
        read: (from) => this.#readSlice(from),
        write: ports.write,
        now: () => Date.now(),
        failed: ports.failed,
        crash: ports.crash,
      },
      this.#written,
    );
  }

  /** Version up to which D1 surely has the deliveries. */
  get writtenVersion(): number {
    return this.#written.version;
  }

  /** Whether a rebuild has begun of which it is not on disk that D1 has all of it. */
  get isRebuilding(): boolean {
    return this.#rebuild !== null;
  }

  /** Takes what was committed, so that handing it over reads nothing. */
  add(events: readonly ThreadEvent[]): void {
    this.#tail.add(events);
  }

  /** Resolves with the share of the cost when D1 has all that there is now, or could not be reached. Never rejects. */
  catchUp(): Promise<Cost> {
    return this.#handOver.reach(this.#ports.latest());
  }

  /** Hands over whatever is there, unless it is backing off. Never rejects. */
  run(): Promise<void> {
    return this.#handOver.run();
  }

  /** Whether D1 has acknowledged everything up to a mark. */
  has(mark: Mark): boolean {
    return hasReached(this.#handOver.acknowledged, mark);
  }

  /** Folds the log anew and begins to hand all of it over again, after D1's rows of the thread are deleted (invariant 6). */
  beginRebuild(): void {
    const { name } = this.#ports.state();
    const { version } = this.#ports.latest();
    this.#ports.transaction(() => startRebuild(this.#ports.sql, name, version, Date.now()));
    this.#load();
    this.#tail.forget(Number.POSITIVE_INFINITY);
    this.#flags.forget();
    this.#handOver.restart();
  }

  /** Writes down how far D1 is, if that is not on disk yet. */
  writeMark(): void {
    const { acknowledged } = this.#handOver;
    if (hasReached(this.#written, acknowledged)) return;
    const isRebuilt = this.#rebuild !== null && hasReached(acknowledged, this.#rebuild.until);
    this.#ports.transaction(() => {
      writeMark(this.#ports.sql, acknowledged);
      if (isRebuilt) endRebuild(this.#ports.sql);
    });
    this.#written = acknowledged;
    if (isRebuilt) this.#rebuild = null;
  }

  /** When the alarm should ring for the copy (ms): to hand over, or to write the mark down. Null for neither. */
  dueAt(now: number): number | null {
    const { acknowledged, retryAt } = this.#handOver;
    if (!hasReached(acknowledged, this.#ports.latest())) return retryAt ?? now + DUE_AFTER;
    return hasReached(this.#written, acknowledged) ? null : now + DUE_AFTER;
  }

  #load(): void {
    this.#written = readMark(this.#ports.sql);
    this.#rebuild = readRebuild(this.#ports.sql);
  }

  #readSlice(from: Mark) {
    this.#tail.forget(from.seq);
    this.#flags.acknowledge(from.seq);
    const isRebuilding = this.#rebuild !== null && !hasReached(from, this.#rebuild.until);
    const rebuild = isRebuilding ? (this.#rebuild?.number ?? null) : null;
    const { sql, state, latest } = this.#ports;
    return readSlice({ sql, state: state(), tail: this.#tail, flags: this.#flags, latest: latest(), rebuild }, from);
  }
}
