import type { Command } from '../domain/commands.ts';

/** Above this size (bytes) an object refuses commands. It can hold 10 GB; the rest is for deliveries and the alarm. */
const FULL_AT = 8_000_000_000;
/** Commands that a full thread still takes: they are small, and end a chat, report what has happened anyway,
 * or make room. */
const OF_A_FULL_THREAD: ReadonlySet<Command['type']> = new Set([
  'change_presence',
  'close_thread',
  'delete_message',
  'end_overdue_chats',
  'note_webhooks',
  'purge',
  'update_chat',
]);

/** Whether a thread of `size` bytes has no room for a command. */
export function isTooFullFor(command: Command, size: number): boolean {
  return size > FULL_AT && !OF_A_FULL_THREAD.has(command.type);
}

/**
 * Number of commands between two reads of the size. A command stores a few megabytes at most, and reading the size
 * costs as much as a message.
 */
const CHECK_EVERY = 50;

/** The size of an object's storage, as it was a few commands ago. */
export class StorageSize {
  readonly #sql: Pick<SqlStorage, 'databaseSize'>;
  #size = 0;
  #asked = 0;

  constructor(sql: Pick<SqlStorage, 'databaseSize'>) {
    this.#sql = sql;
  }

  /** The size in bytes. */
  get bytes(): number {
    if (this.#asked % CHECK_EVERY === 0) this.#size = this.#sql.databaseSize;
    this.#asked += 1;
    return this.#size;
  }
}
