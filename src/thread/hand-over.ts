import { type Cost, noCost } from '../db/cost.ts';
import { fault } from '../faults.ts';
import { errorText, writeLog } from '../log.ts';
import type { Slice, Written } from '../projections/slice.ts';
import { hasReached, type Mark } from './store/read-slice.ts';

/** A failing thread tries again after 1 s, then twice as long each time, up to 5 min. */
const FIRST_BACKOFF = 1000;
const LAST_BACKOFF = 300_000;

export type HandOverPorts = {
  read: (from: Mark) => { slice: Slice; upto: Mark } | null;
  write: (slice: Slice) => Promise<Written>;
  now: () => number;
  /** Told when a hand-over failed, with the time of the next try (ms). */
  failed: (retryAt: number) => void;
  crash: () => void;
};

type Waiter = { mark: Mark; cost: Cost; settle: (cost: Cost) => void };

/**
 * Hands a thread's log over to D1, one slice in flight (ENGINE 3). What is not acknowledged goes again, the same slice.
 * The acknowledged mark is memory here; the alarm writes it down.
 */
export class HandOver {
  acknowledged: Mark;
  /** After a failure: when to try again (ms). */
  retryAt: number | null = null;
  readonly #ports: HandOverPorts;
  #waiters: Waiter[] = [];
  #isRunning = false;
  /** The run that is under way, or the last one. */
  #running: Promise<void> = Promise.resolve();
  #failures = 0;
  /** Counts the beginnings: what was sent before the last one no longer moves the mark. */
  #beginning = 0;

  constructor(ports: HandOverPorts, acknowledged: Mark) {
    this.#ports = ports;
    this.acknowledged = acknowledged;
  }

  /** Begins again at the start of the log, at once; what is in flight is sent anew. */
  restart(): void {
    this.#beginning += 1;
    this.acknowledged = { seq: 0, version: 0 };
    this.#failures = 0;
    this.retryAt = null;
  }

  /** Resolves with the share of the cost when D1 has everything up to `mark`, or when it could not be reached. Never rejects. */
  reach(mark: Mark): Promise<Cost> {
    if (this.#isReached(mark) || this.#isBackingOff()) return Promise.resolve(noCost());
    const reached = new Promise<Cost>((settle) => this.#waiters.push({ mark, cost: noCost(), settle }));
    this.run().catch(logFailure);
    return reached;
  }

  /** Hands over whatever is there, unless it is backing off; joins the run that is under way. Never rejects. */
  run(): Promise<void> {
    if (!this.#isRunning && !this.#isBackingOff()) this.#running = this.#run();
    return this.#running;
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    try {
      for (let next = this.#ports.read(this.acknowledged); next !== null; next = this.#ports.read(this.acknowledged)) {
        const beginning = this.#beginning;
        const written = await this.#write(next.slice);
        if (beginning !== this.#beginning) continue;
        if (!written.ok) {
          this.#fail();
          return;
        }
        fault('before acknowledgement', this.#ports.crash);
        this.#acknowledge(next.upto, written);
      }
    } catch (error) {
      logFailure(error);
      this.#fail();
    } finally {
      this.#isRunning = false;
      for (const { cost, settle } of this.#waiters) settle(cost);
      this.#waiters = [];
    }
  }

  async #write(slice: Slice): Promise<Written> {
    try {
      return await this.#ports.write(slice);
    } catch (error) {
      logFailure(error);
      return { ok: false, reason: 'failed' };
    }
  }

  #acknowledge(upto: Mark, written: Extract<Written, { ok: true }>): void {
    this.acknowledged = upto;
    this.#failures = 0;
    this.retryAt = null;
    const payers = this.#waiters;
    for (const { cost } of payers) {
      cost.d1.trips += written.share.trips / payers.length;
      cost.d1.rowsRead += written.share.rowsRead / payers.length;
      cost.d1.rowsWritten += written.share.rowsWritten / payers.length;
      cost.d1.milliseconds += written.share.milliseconds / payers.length;
    }
    for (const { cost, settle } of payers.filter(({ mark }) => this.#isReached(mark))) settle(cost);
    this.#waiters = payers.filter(({ mark }) => !this.#isReached(mark));
  }

  #fail(): void {
    const backoff = Math.min(LAST_BACKOFF, FIRST_BACKOFF * 2 ** this.#failures);
    this.#failures += 1;
    this.retryAt = this.#ports.now() + backoff;
    this.#ports.failed(this.retryAt);
  }

  #isReached(mark: Mark): boolean {
    return hasReached(this.acknowledged, mark);
  }

  #isBackingOff(): boolean {
    return this.retryAt !== null && this.retryAt > this.#ports.now();
  }
}

function logFailure(error: unknown): void {
  writeLog('error', 'hand_over_failed', { error: errorText(error) });
}
