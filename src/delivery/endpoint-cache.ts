/** A receiver's row is used for so long (ms) without a look at D1. */
const FRESH_FOR = 1000;
/** While one request reads a row anew, others use the old one for so much longer (ms). */
const WHILE_READ = 1000;
const MAX_ROWS = 10_000;

type Kept<Row> = { row: Row; read_at: number; is_being_read: boolean };

/**
 * Rows of receivers in the memory of one isolate: what is switched off or deleted elsewhere holds here within two seconds. The rows are
 * kept, not what is made of them, so secrets and tokens follow the clock at each attempt.
 */
export class EndpointCache<Row> {
  readonly #rows = new Map<string, Kept<Row>>();
  readonly #now: () => number;
  /** A read that began before a purge may bring back what the purge was to remove: it is used once and not kept. */
  #purges = 0;

  /** `now` gives ms. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** The row of a key, read with `read` unless there is one that is young enough. Throws what `read` throws. */
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

  purge(key: string): void {
    this.#purges += 1;
    this.#rows.delete(key);
  }

  purgeAll(): void {
    this.#purges += 1;
    this.#rows.clear();
  }

  #keep(key: string, kept: Kept<Row>): void {
    if (this.#rows.size >= MAX_ROWS) this.#rows.clear();
    this.#rows.set(key, kept);
  }
}
