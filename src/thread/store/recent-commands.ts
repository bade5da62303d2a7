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

type Remembered = { seq: number; at: number; is_visitors: boolean };

/**
 * A command that was accepted before: the `seq` of its last event, which holds its answer. `is_other_request`: its key
 * stands for another request.
 */
export type AcceptedBefore = { seq: number; is_other_request: boolean };

/**
 * The commands of the last minute, each with the `seq` of its last event, which holds its answer. A repeated command
 * gets the same answer. Each event names its command, so a new instance reads them back from the log. Only commands
 * whose id follows from a client's key need rows.
 */
export class RecentCommands {
  readonly #sql: SqlStorage;
  /** Oldest first. Null until it is read from the log. */
  #recent: Map<string, Remembered> | null = null;
  #prunedAt = 0;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** The command as it was accepted before. Null when it never was, or too long ago. `now` in ms. */
  find({ command_id, keyed_request }: Command, now: number): AcceptedBefore | null {
    this.#forget(now);
    if (keyed_request !== undefined) return this.#findKeyed(command_id, keyed_request, now);
    const found = this.#load(now).get(command_id);
    return found === undefined ? null : { seq: found.seq, is_other_request: false };
  }

  /** The times (ms, oldest first) of the visitor's messages, and of their changes, in the last minute. `now` in ms. */
  visitorMessages(now: number): number[] {
    return [...this.#load(now).values()].flatMap(({ at, is_visitors }) => (is_visitors ? [at] : []));
  }

  #forget(now: number): void {
    for (const [id, { at }] of this.#recent ?? []) {
      if (at >= now - REMEMBERED_FOR) break;
      this.#recent?.delete(id);
    }
  }

  /**
   * Stores a client's key with the last event of its command. Must run in the transaction of the commit. Answers the
   * number of rows written.
   */
  writeKey(command: Command, events: readonly ThreadEvent[]): number {
    const last = events.at(-1);
    if (command.keyed_request === undefined || last === undefined) return 0;
    makeTable(this.#sql, 'keyed_commands');
    const { rowsWritten } = this.#sql.exec(
      'INSERT OR REPLACE INTO keyed_commands (id, request, seq, at) VALUES (?, ?, ?, ?)',
      command.command_id,
      command.keyed_request,
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
    for (const event of events) {
      const { command_id, seq, at } = event;
      this.#recent.set(command_id, { seq, at, is_visitors: isVisitors(event) });
    }
  }

  #load(now: number): Map<string, Remembered> {
    if (this.#recent !== null) return this.#recent;
    const found: [string, Remembered][] = [];
    let before = Number.MAX_SAFE_INTEGER;
    for (let isMore = hasTable(this.#sql, 'thread'); isMore; ) {
      const rows = this.#sql
        .exec<{ seq: number; at: number; command_id: string; sender_type: string | null }>(
          `SELECT seq, event ->> '$.at' AS at, event ->> '$.command_id' AS command_id,
             coalesce(event ->> '$.message.sender_type', event ->> '$.by') AS sender_type FROM events
           WHERE seq < ? ORDER BY seq DESC LIMIT ?`,
          before,
          EVENTS_AT_A_TIME,
        )
        .toArray();
      const recent = rows.filter(({ at }) => at >= now - REMEMBERED_FOR);
      found.push(
        ...recent.map(({ seq, at, command_id, sender_type }): [string, Remembered] => [
          command_id,
          { seq, at, is_visitors: sender_type === 'visitor' },
        ]),
      );
      before = rows.at(-1)?.seq ?? 0;
      isMore = recent.length === EVENTS_AT_A_TIME;
    }
    // Oldest first, so that the last event of a command remains.
    this.#recent = new Map(found.reverse());
    return this.#recent;
  }

  #findKeyed(id: string, request: string, now: number): AcceptedBefore | null {
    if (!hasTable(this.#sql, 'keyed_commands')) return null;
    const [row] = this.#sql.exec<{ request: string; seq: number }>(
      'SELECT request, seq FROM keyed_commands WHERE id = ? AND at >= ?',
      id,
      now - KEYS_REMEMBERED_FOR,
    );
    return row === undefined ? null : { seq: row.seq, is_other_request: row.request !== request };
  }
}

/** Whether the visitor wrote: a message, or a new text for one. */
function isVisitors(event: ThreadEvent): boolean {
  if (event.type === 'message_added') return event.message.sender_type === 'visitor';
  return 'by' in event && event.by === 'visitor';
}
