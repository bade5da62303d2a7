/** The size of an entry: places, and characters of text. Also the limits of a tail. */
export type TailWeight = { places: number; characters: number };

/**
 * The newest entries of a log in memory, so that reading them costs no query. It drops the oldest ones beyond its
 * limits. It never answers with a gap. Storage has the entries that the tail lacks.
 */
export class BoundedTail<Entry extends { seq: number }> {
  readonly #limits: TailWeight;
  readonly #weigh: (entry: Entry) => TailWeight;
  /** It holds all entries above `#from`, up to `#upto`. */
  #from = 0;
  #upto = 0;
  #kept: { entry: Entry; weight: TailWeight }[] = [];
  #weight: TailWeight = { places: 0, characters: 0 };

  constructor(limits: TailWeight, weigh: (entry: Entry) => TailWeight) {
    this.#limits = limits;
    this.#weigh = weigh;
  }

  /**
   * Adds the entries above `before`, up to `upto`; not every `seq` needs an entry. If entries before them are missing,
   * the tail starts again with them.
   */
  add(before: number, entries: readonly Entry[], upto: number): void {
    if (before !== this.#upto) this.#restart(before);
    for (const entry of entries) {
      const weight = this.#weigh(entry);
      this.#kept.push({ entry, weight });
      this.#weight.places += weight.places;
      this.#weight.characters += weight.characters;
    }
    this.#upto = upto;
    while (this.#weight.places > this.#limits.places || this.#weight.characters > this.#limits.characters) {
      this.#dropOldest();
    }
  }

  /** Forgets everything up to `seq`. */
  forget(seq: number): void {
    for (let [oldest] = this.#kept; oldest !== undefined && oldest.entry.seq <= seq; [oldest] = this.#kept) {
      this.#dropOldest();
    }
    this.#from = Math.max(this.#from, Math.min(seq, this.#upto));
  }

  /**
   * The first `limit` entries above `seq`, and the last `seq` covered. Null when the tail does not reach from `seq` on.
   */
  after(seq: number, limit = Number.POSITIVE_INFINITY): { entries: Entry[]; upto: number } | null {
    if (seq < this.#from || seq >= this.#upto) return null;
    const above = this.#kept.flatMap(({ entry }) => (entry.seq > seq ? [entry] : []));
    const entries = above.slice(0, limit);
    const isAll = entries.length === above.length;
    return { entries, upto: isAll ? this.#upto : (entries.at(-1)?.seq ?? this.#upto) };
  }

  #restart(from: number): void {
    this.#from = from;
    this.#kept = [];
    this.#weight = { places: 0, characters: 0 };
  }

  #dropOldest(): void {
    const oldest = this.#kept.shift();
    if (oldest === undefined) return;
    this.#from = oldest.entry.seq;
    this.#weight.places -= oldest.weight.places;
    this.#weight.characters -= oldest.weight.characters;
  }
}
