import type { Timers } from './timers.ts';

export type RetriedRunDeps = {
  timers: Pick<Timers, 'fail' | 'isBackingOff'>;
  /** The name of the timer for the next run after a failure. */
  timer: string;
  /** Called after a failure was counted. */
  failed: (error: unknown) => void;
};

/**
 * Work of an object that is tried until it succeeds, one run at a time. A run that throws backs off on its timer, which
 * rings the object's alarm; the alarm begins the next run.
 */
export class RetriedRun {
  readonly #deps: RetriedRunDeps;
  #isRunning = false;
  /** The current run, or the last one. */
  #running: Promise<void> = Promise.resolve();

  constructor(deps: RetriedRunDeps) {
    this.#deps = deps;
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Whether `begin` would begin a run. */
  get canBegin(): boolean {
    return !this.#isRunning && !this.#deps.timers.isBackingOff(this.#deps.timer);
  }

  /** Begins a run if it can; otherwise joins the current or last one. Never rejects. */
  begin(work: () => Promise<void>): Promise<void> {
    if (this.canBegin) this.#running = this.#run(work);
    return this.#running;
  }

  async #run(work: () => Promise<void>): Promise<void> {
    this.#isRunning = true;
    try {
      await work();
    } catch (error) {
      this.#deps.timers.fail(this.#deps.timer);
      this.#deps.failed(error);
    } finally {
      this.#isRunning = false;
    }
  }
}
