import { hasTable } from './sqlite.ts';

/** The wait (ms) after the first failure. Each further failure doubles it, up to `last`. */
export type Backoff = { first: number; last: number };

/** 1 s, 2 s, 4 s … 5 min: for work that is repeated until it succeeds. */
export const BACKOFF: Backoff = { first: 1000, last: 300_000 };

type Timer = { due_at: number; failures: number };

export type TimerDeps = {
  sql: SqlStorage;
  /** The time in ms since 1970. Tests have their own. */
  now?: () => number;
  /** A number in [0, 1). */
  random?: () => number;
  /** Makes the object's alarm ring at a time (ms) or earlier. */
  armBy: (at: number) => void;
};

/**
 * What is due in an object, and how often it has failed. These are rows: the platform destroys the memory of an idle
 * object after ten seconds, so nothing else survives silence, a crash or a deployment. The alarm rings for the
 * earliest. Must not be changed inside a transaction, because memory would not roll back with it.
 */
export class Timers {
  readonly #deps: Required<TimerDeps>;
  readonly #timers = new Map<string, Timer>();
  #hasTable: boolean;

  /** Reads the rows of an earlier instance. */
  constructor(deps: TimerDeps) {
    this.#deps = { now: () => Date.now(), random: () => Math.random(), ...deps };
    this.#hasTable = hasTable(deps.sql, 'timers');
    if (!this.#hasTable) return;
    const rows = deps.sql.exec<Timer & { name: string }>('SELECT name, due_at, failures FROM timers');
    for (const { name, ...timer } of rows) this.#timers.set(name, timer);
  }

  /** Makes `name` due at `at` (ms), with no failures. */
  set(name: string, at: number): void {
    this.#write(name, { due_at: at, failures: 0 });
  }

  /** Removes `name`, whose work is done. Writes nothing when it was not due. */
  clear(name: string): void {
    if (this.#timers.delete(name)) this.#deps.sql.exec('DELETE FROM timers WHERE name = ?', name);
  }

  /** Counts one more failure of `name`. Answers when it is due again (ms). */
  fail(name: string, backoff: Backoff = BACKOFF): number {
    const failures = this.failures(name) + 1;
    const due_at = this.#deps.now() + backoffAfter(failures, backoff, this.#deps.random());
    this.#write(name, { due_at, failures });
    return due_at;
  }

  /** When `name` is due (ms); null when it is not. */
  dueAt(name: string): number | null {
    return this.#timers.get(name)?.due_at ?? null;
  }

  /** How many times in a row `name` has failed. */
  failures(name: string): number {
    return this.#timers.get(name)?.failures ?? 0;
  }

  /** Whether `name` has failed and may not be tried again yet. */
  isBackingOff(name: string): boolean {
    const timer = this.#timers.get(name);
    return timer !== undefined && timer.failures > 0 && timer.due_at > this.#deps.now();
  }

  /** The names that are due, the longest overdue first. */
  due(): string[] {
    const now = this.#deps.now();
    const due = [...this.#timers].filter(([, { due_at }]) => due_at <= now);
    return due.sort(([, one], [, other]) => one.due_at - other.due_at).map(([name]) => name);
  }

  /** All names with a timer, due or not. */
  names(): string[] {
    return [...this.#timers.keys()];
  }

  /** The earliest time (ms) at which anything is due; null when nothing is. */
  next(): number | null {
    let next: number | null = null;
    for (const { due_at } of this.#timers.values()) next = next === null ? due_at : Math.min(next, due_at);
    return next;
  }

  /** Forgets what is in memory: the object has deleted all its tables. */
  forgetAll(): void {
    this.#timers.clear();
    this.#hasTable = false;
  }

  #write(name: string, timer: Timer): void {
    const before = this.#timers.get(name);
    if (before?.due_at !== timer.due_at || before.failures !== timer.failures) {
      this.#makeTable();
      this.#deps.sql.exec(
        `INSERT INTO timers (name, due_at, failures) VALUES (?1, ?2, ?3)
         ON CONFLICT (name) DO UPDATE SET due_at = ?2, failures = ?3`,
        name,
        timer.due_at,
        timer.failures,
      );
      this.#timers.set(name, timer);
    }
    this.#deps.armBy(timer.due_at);
  }

  /** Most objects never fail, so the table is made on demand. */
  #makeTable(): void {
    if (this.#hasTable) return;
    this.#deps.sql.exec(
      `CREATE TABLE timers (
        name TEXT PRIMARY KEY, due_at INTEGER NOT NULL, failures INTEGER NOT NULL) WITHOUT ROWID`,
    );
    this.#hasTable = true;
  }
}

/**
 * The wait (ms) after a number of failures in a row (1 for the first). `random` in [0, 1) decides a quarter of it, so
 * that objects which failed together do not return together.
 */
export function backoffAfter(failures: number, { first, last }: Backoff, random: number): number {
  const whole = Math.min(last, first * 2 ** (failures - 1));
  return Math.round(whole * (0.75 + random / 4));
}
