import type { ThreadUpdate } from '../../notifications/notifications.ts';

/** Bounds of what is kept: entries, and characters of their JSON. */
const ENTRIES = 200;
const CHARACTERS = 1_000_000;

type Kept = { update: ThreadUpdate; characters: number };

/** The newest events of a log as hubs are told of them, in memory, so that telling reads nothing. */
export class RecentUpdates {
  /** The tail has everything above `#from` up to `#upto`. */
  #from = 0;
  #upto = 0;
  #kept: Kept[] = [];
  #characters = 0;

  /** Adds the entries of the events above `before` up to `upto`. */
  add(before: number, entries: readonly ThreadUpdate[], upto: number): void {
    if (before !== this.#upto) this.#restart(before);
    for (const update of entries) {
      const characters = JSON.stringify(update).length;
      this.#kept.push({ update, characters });
      this.#characters += characters;
    }
    this.#upto = upto;
    while (this.#kept.length > ENTRIES || this.#characters > CHARACTERS) this.#dropOldest();
  }

  /** The first `limit` entries above `seq` and how far they go; null when the tail does not reach back that far. */
  after(seq: number, limit: number): { entries: ThreadUpdate[]; upto: number } | null {
    if (seq < this.#from || seq >= this.#upto) return null;
    const above = this.#kept.filter(({ update }) => update.seq > seq).map(({ update }) => update);
    const entries = above.slice(0, limit);
    const isAll = entries.length === above.length;
    return { entries, upto: isAll ? this.#upto : (entries.at(-1)?.seq ?? this.#upto) };
  }

  #restart(from: number): void {
    this.#from = from;
    this.#kept = [];
    this.#characters = 0;
  }

  #dropOldest(): void {
    const oldest = this.#kept.shift();
    if (oldest === undefined) return;
    this.#from = oldest.update.seq;
    this.#characters -= oldest.characters;
  }
}
