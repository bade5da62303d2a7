import type { Clock } from './ports.ts';

/** Reads something and says whether it is done. If not, it is tried again. */
export type Work = () => Promise<boolean>;

/** `again`: how long after its end it is to run once more (ms); null: not at all. */
type Job = { work: Work; isRunning: boolean; again: number | null; failures: number; cancel: () => void };

const SHORTEST_WAIT = 1_000;
const LONGEST_WAIT = 30_000;

/** Reads by name: one at a time for each, once more when asked meanwhile, and again while the hub has no answer. */
export class Loader {
  readonly #clock: Clock;
  readonly #onFault: (error: unknown) => void;
  readonly #jobs = new Map<string, Job>();
  /** When each was begun last (ms). */
  readonly #begunAt = new Map<string, number>();

  constructor(clock: Clock, onFault: (error: unknown) => void) {
    this.#clock = clock;
    this.#onFault = onFault;
  }

  has(name: string): boolean {
    return this.#jobs.has(name);
  }

  /** `delay` in ms: what is asked for meanwhile is read once. */
  ask(name: string, work: Work, delay = 0): void {
    const known = this.#jobs.get(name);
    if (known !== undefined) {
      known.work = work;
      if (known.isRunning) known.again = Math.min(known.again ?? delay, delay);
      return;
    }
    const job: Job = { work, isRunning: false, again: null, failures: 0, cancel: () => {} };
    this.#jobs.set(name, job);
    if (delay === 0) this.#run(name, job);
    else job.cancel = this.#clock.after(delay, () => this.#run(name, job));
  }

  /** Asks for what is not to be read within `pause` (ms) of the last time: what made it stale may make it so again. */
  askAfter(name: string, work: Work, pause: number): void {
    const begunAt = this.#begunAt.get(name) ?? Number.NEGATIVE_INFINITY;
    this.ask(name, work, this.#clock.now() - begunAt < pause ? pause : 0);
  }

  /** Tries now what waits for another attempt. */
  hurry(): void {
    for (const [name, job] of this.#jobs) {
      if (job.isRunning) continue;
      job.cancel();
      this.#run(name, job);
    }
  }

  forget(name: string): void {
    this.#jobs.get(name)?.cancel();
    this.#jobs.delete(name);
  }

  stop(): void {
    for (const name of [...this.#jobs.keys()]) this.forget(name);
  }

  #run(name: string, job: Job): void {
    job.isRunning = true;
    this.#begunAt.set(name, this.#clock.now());
    job.again = null;
    job.work().then(
      (isDone) => this.#ran(name, job, isDone),
      (error: unknown) => {
        this.#onFault(error);
        this.#ran(name, job, true);
      },
    );
  }

  #ran(name: string, job: Job, isDone: boolean): void {
    if (this.#jobs.get(name) !== job) return;
    job.isRunning = false;
    if (job.again === 0) this.#run(name, job);
    else if (job.again !== null) job.cancel = this.#clock.after(job.again, () => this.#run(name, job));
    else if (isDone) this.#jobs.delete(name);
    else {
      const wait = Math.min(LONGEST_WAIT, SHORTEST_WAIT * 2 ** Math.min(job.failures, 10));
      job.failures += 1;
      job.cancel = this.#clock.after(wait, () => this.#run(name, job));
    }
  }
}
