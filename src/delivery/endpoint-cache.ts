/** How long a receiver's row is used without reading D1 (ms). */
const FRESH_FOR = 1000;
/** How much longer other requests use it while one reads it again (ms). */
const WHILE_READ = 1000;
const MAX_ROWS = 10_000;

type Kept<Row> = { row: Row; read_at: number; is_being_read: boolean };

/**
 * Rows of receivers in the memory of one isolate. A receiver that is switched off or deleted elsewhere is so here
 * within two seconds. Their secrets are kept unwrapped; tokens are made at each attempt.
 */
export class EndpointCache<Row> {
  readonly #rows = new Map<string, Kept<Row>>();
  readonly #now: () => number;
  /** A read that began before a purge may bring back an old row. It is used once and not kept. */
  #purges = 0;

  /** `now` answers ms. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** The row of a key: the kept one if it is recent, else read with `read`. Throws what `read` throws. */
  async get(key: string, read: () => Promise<Row>): Promise<Row> {
    const kept = this.#rows.get(key);
    const read_at = this.#now();
    const age = kept === undefined ? Number.POSITIVE_INFINITY : read_at - kept.read_at;
    if (kept !== undefined && age < (kept.is_being_read ? FRESH_FOR + WHILE_READ : FRESH_FOR)) return kept.row;
    if (kept !== undefined) kept.is_being_read = true;
    const purges = this.#purges;
    try {
      const row = await read();
      if (purges === this.#purges) this.#keep(key, { row, read_at, is_being_read: false });
      return row;
    } finally {
      if (kept !== undefined) kept.is_being_read = false;
    }
  }

  /** Forgets a row. */
  purge(key: string): void {
    this.#purges += 1;
    this.#rows.delete(key);
  }

  /** Forgets all rows. */
  purgeAll(): void {
    this.#purges += 1;
    this.#rows.clear();
  }

  #keep(key: string, kept: Kept<Row>): void {
    if (this.#rows.size >= MAX_ROWS) this.#rows.clear();
    this.#rows.set(key, kept);
  }
}
