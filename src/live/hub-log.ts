import type { ThreadUpdate } from '../notifications/notifications.ts';
import { appendEvents, deleteEventsUpTo, eventsAfter, type LoggedEvent, readLogRange } from './hub-store.ts';
import type { LogRange } from './log-rules.ts';

/** Limit of the events that are kept in memory, in characters of JSON. */
const KEPT_AT_HAND = 4_000_000;

/** The hub's log, with its newest events in memory. Only `reload` works without the tables. */
export class HubLog {
  readonly #sql: SqlStorage;
  #range: LogRange | null = null;
  #recent: LoggedEvent[] = [];
  #recentCharacters = 0;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** The numbers of the stored events. */
  range(): LogRange {
    this.#range ??= readLogRange(this.#sql);
    return this.#range;
  }

  /** Appends events of a thread and deletes the oldest above `most`. Must run in a transaction. */
  append(thread: string, entries: readonly ThreadUpdate[], now: number, most: number): void {
    const { floor, head } = this.range();
    const appended = appendEvents(this.#sql, thread, entries, head, now);
    const newHead = head + entries.length;
    const newFloor = Math.max(floor, newHead - most);
    if (newFloor > floor) deleteEventsUpTo(this.#sql, newFloor);
    this.#range = { floor: newFloor, head: newHead };
    this.#remember(appended);
  }

  /** The events after a number, in order, at most `limit`. */
  after(number: number, limit: number): LoggedEvent[] {
    const first = this.#recent[0]?.number;
    if (first === undefined || number + 1 < first) return eventsAfter(this.#sql, number, limit);
    const place = number + 1 - first;
    return this.#recent.slice(place, place + limit);
  }

  /** Forgets what is in memory. Needed when rows were deleted without this class. */
  reload(): void {
    this.#range = null;
    this.#recent = [];
    this.#recentCharacters = 0;
  }

  #remember(appended: readonly LoggedEvent[]): void {
    for (const event of appended) {
      this.#recent.push(event);
      this.#recentCharacters += event.characters;
    }
    let surplus = 0;
    while (this.#recentCharacters > KEPT_AT_HAND && surplus < this.#recent.length - 1) {
      this.#recentCharacters -= this.#recent[surplus]?.characters ?? 0;
      surplus += 1;
    }
    this.#recent.splice(0, surplus);
  }
}
