import type { Command } from '../../domain/commands.ts';
import type { ThreadEvent } from '../../domain/events.ts';
import { hasTable } from '../../platform/sqlite.ts';
import { makeTable } from './schema.ts';

/** How long a command is remembered, in ms. A Worker repeats a command within seconds. */
export const REMEMBERED_FOR = 60_000;
/** How long a key that a client chose is remembered, in ms. */
const KEYS_REMEMBERED_FOR = 24 * 3_600_000;
/** Interval between deletions of expired keys, in ms. */
const PRUNE_EVERY = 3_600_000;
/** Number of events that are read at a time, from the end of the log backwards. */
const EVENTS_AT_A_TIME = 200;

type Remembered = { seq: number; at: number };

/**
 * The commands of the last minute, each with the `seq` of its last event, which holds its answer. A repeated command
 * gets the same answer. Each event names its command, so a new instance reads them back from the log. Only keys that a
 * client chose need rows.
 */
export class RecentCommands {
  readonly #sql: SqlStorage;
  /** Oldest first. Null until it is read from the log. */
  #recent: Map<string, Remembered> | null = null;
  #prunedAt = 0;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** The `seq` of the event that answered a command. Null when it was never accepted, or too long ago. `now` in ms. */
  find({ command_id, has_client_key }: Command, now: number): number | null {
    const recent = this.#load(now);
    for (const [id, { at }] of recent) {
      if (at >= now - REMEMBERED_FOR) break;
      recent.delete(id);
    }
    return recent.get(command_id)?.seq ?? (has_client_key ? this.#findKey(command_id, now) : null);
  }

  /**
   * Stores a client's key with the last event of its command. Must run in the transaction of the commit. Answers the
   * number of rows written.
   */
  writeKey(command: Command, events: readonly ThreadEvent[]): number {
    const last = events.at(-1);
    if (!command.has_client_key || last === undefined) return 0;
    makeTable(this.#sql, 'keyed_commands');
    const { rowsWritten } = this.#sql.exec(
      'INSERT OR REPLACE INTO keyed_commands (id, seq, at) VALUES (?, ?, ?)',
      command.command_id,
      last.seq,
      last.at,
    );
    if (last.at - this.#prunedAt < PRUNE_EVERY) return rowsWritten;
    this.#sql.exec('DELETE FROM keyed_commands WHERE at < ?', last.at - KEYS_REMEMBERED_FOR);
    this.#prunedAt = last.at;
    return rowsWritten;
  }

  /** Notes committed events. */
  add(events: readonly ThreadEvent[]): void {
    if (this.#recent === null) return;
    for (const { command_id, seq, at } of events) this.#recent.set(command_id, { seq, at });
  }

  #load(now: number): Map<string, Remembered> {
    if (this.#recent !== null) return this.#recent;
    const found: [string, Remembered][] = [];
    let before = Number.MAX_SAFE_INTEGER;
    for (let isMore = hasTable(this.#sql, 'thread'); isMore; ) {
      const rows = this.#sql
        .exec<{ seq: number; at: number; command_id: string }>(
          `SELECT seq, event ->> '$.at' AS at, event ->> '$.command_id' AS command_id FROM events
           WHERE seq < ? ORDER BY seq DESC LIMIT ?`,
          before,
          EVENTS_AT_A_TIME,
        )
        .toArray();
      const recent = rows.filter(({ at }) => at >= now - REMEMBERED_FOR);
      found.push(...recent.map(({ seq, at, command_id }): [string, Remembered] => [command_id, { seq, at }]));
      before = rows.at(-1)?.seq ?? 0;
      isMore = recent.length === EVENTS_AT_A_TIME;
    }
    // Oldest first, so that the last event of a command remains.
    this.#recent = new Map(found.reverse());
    return this.#recent;
  }

  #findKey(id: string, now: number): number | null {
    if (!hasTable(this.#sql, 'keyed_commands')) return null;
    const rows = this.#sql.exec<{ seq: number }>(
      'SELECT seq FROM keyed_commands WHERE id = ? AND at >= ?',
      id,
      now - KEYS_REMEMBERED_FOR,
    );
    return rows.toArray()[0]?.seq ?? null;
  }
}
