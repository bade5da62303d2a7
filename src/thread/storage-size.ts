import type { Command } from '../domain/commands.ts';

/** An object holds 10 GB; above this it refuses commands, so that deliveries and the alarm still have room. Bytes. */
const FULL_AT = 8_000_000_000;
/** What ends a chat, or tells it of what is so already, is small and goes on. */
const OF_A_FULL_THREAD: ReadonlySet<Command['type']> = new Set([
  'change_presence',
  'close_thread',
  'end_overdue_chats',
  'update_chat',
]);

/** Whether a thread of `size` bytes has no room for a command. */
export function isTooFullFor(command: Command, size: number): boolean {
  return size > FULL_AT && !OF_A_FULL_THREAD.has(command.type);
}

/** Commands between two looks at the size: none stores more than a few megabytes, and asking SQLite costs as much as a message does. */
const CHECK_EVERY = 50;

/** The size of an object's storage in bytes, as it was a few commands ago. */
export class StorageSize {
  readonly #sql: Pick<SqlStorage, 'databaseSize'>;
  #size = 0;
  #asked = 0;

  constructor(sql: Pick<SqlStorage, 'databaseSize'>) {
    this.#sql = sql;
  }

  get bytes(): number {
    if (this.#asked % CHECK_EVERY === 0) this.#size = this.#sql.databaseSize;
    this.#asked += 1;
    return this.#size;
  }
}
