import type { PresenceCopy } from '../directory/record-presence.ts';
import { errorText, writeLog } from '../platform/log.ts';
import { RetriedRun } from '../platform/retried-run.ts';
import { settledWithin } from '../platform/timeout.ts';
import type { Timers } from '../platform/timers.ts';

/** Timeout of a write (ms). A late success is harmless: its version is compared. */
const WRITE_TIMEOUT = 10_000;
/** When the alarm checks a copy that nobody is making (ms), as after a crash. */
const RESCUE_AFTER = 30_000;
/** Timer of the next attempt. */
const TIMER = 'copy';

export type CopierDeps = {
  /** When the next copy is due (ms), at `now`; null for never. */
  dueAt: (now: number) => number | null;
  /** The copy to write now, with a version of its own. */
  begin: () => PresenceCopy;
  write: (copy: PresenceCopy) => Promise<unknown>;
  end: (copy: PresenceCopy) => void;
  timers: Timers;
  /** ms since 1970. */
  now: () => number;
};

/** Copies a user's presence to D1, one write at a time. Changes during a write are part of the next one. */
export class PresenceCopier {
  readonly #deps: CopierDeps;
  readonly #run: RetriedRun;

  constructor(deps: CopierDeps) {
    this.#deps = deps;
    const { timers } = deps;
    const failed = (error: unknown) =>
      writeLog('error', 'presence_not_copied', { failures: timers.failures(TIMER), error: errorText(error) });
    this.#run = new RetriedRun({ timers, timer: TIMER, failed });
  }

  /** Copies what is due, unless it is backing off. Joins a run in progress. Never rejects. */
  run(): Promise<void> {
    return this.#run.begin(async () => {
      while (this.#isDue()) await this.#copy();
    });
  }

  /** When the alarm should check the copy (ms); null for never. */
  nextAt(): number | null {
    const now = this.#deps.now();
    const dueAt = this.#deps.dueAt(now);
    if (dueAt === null) return null;
    return Math.max(dueAt, this.#deps.timers.dueAt(TIMER) ?? 0, this.#run.isRunning ? now + RESCUE_AFTER : 0);
  }

  async #copy(): Promise<void> {
    const copy = this.#deps.begin();
    const written = this.#deps.write(copy);
    if (!(await settledWithin(written, WRITE_TIMEOUT))) throw new Error('D1 did not answer in time');
    await written;
    this.#deps.end(copy);
    this.#deps.timers.clear(TIMER);
  }

  #isDue(): boolean {
    const now = this.#deps.now();
    const dueAt = this.#deps.dueAt(now);
    return dueAt !== null && dueAt <= now;
  }
}
