import { type ChatFacts, endsAt, forgetsKeyAt, isPending } from '../../resources/chat.ts';

const HOUR = 3_600_000;

/**
 * The columns of a chat that not every message changes, most of them indexed: ended, pending, type, overdue after (ms).
 */
export type ChatFlags = readonly [is_ended: 0 | 1, is_pending: 0 | 1, chat_type: string, overdue_after: number | null];

/**
 * The flags of a chat. Its end, or that of its key, is rounded up to a whole hour, so that messages which move it rarely
 * change the index.
 */
export function flagsOf(facts: ChatFacts): ChatFlags {
  const end = endsAt(facts) ?? forgetsKeyAt(facts);
  const overdueAfter = end === null ? null : Math.ceil(end / HOUR) * HOUR;
  return [facts.ended_at === null ? 0 : 1, isPending(facts) ? 1 : 0, facts.chat_type, overdueAfter];
}

/**
 * The flags of a chat that D1 is known to have. They are indexed, and D1 writes an index whenever its columns are set,
 * changed or not. So a message that leaves the flags alone does not send them.
 *
 * Rows without flags are safe, although batches may be lost, repeated and reordered. Such a row is sent only after D1
 * has acknowledged a row with these flags, and only if no row with other flags was sent since. Whatever is still in
 * flight is either older and has no effect, or has the same flags. Only a rebuild deletes the acknowledged row. Its own
 * rows carry all flags, and correct in D1 those of a row with the same `seq` that came earlier without them.
 */
export class ReplicatedFlags {
  /** The flags that were sent last, unchanged since the batch that ended at `seq`. */
  #sent: { seq: number; chat_id: string; flags: string } | null = null;
  #isCopied = false;

  /** Notes that D1 has acknowledged the whole log up to `seq`. */
  acknowledge(seq: number): void {
    if (this.#sent !== null && seq >= this.#sent.seq) this.#isCopied = true;
  }

  /** Notes the flags of a batch that ends at `seq`. */
  send(seq: number, chatId: string, flags: ChatFlags): void {
    if (this.#isSent(chatId, flags)) return;
    this.#sent = { seq, chat_id: chatId, flags: flags.join() };
    this.#isCopied = false;
  }

  /** Notes that D1 may not have what was sent: it is sent again, deleted by a rebuild, or was refused. */
  forget(): void {
    this.#sent = null;
    this.#isCopied = false;
  }

  /** Whether D1 has these flags of the chat. */
  has(chatId: string, flags: ChatFlags): boolean {
    return this.#isCopied && this.#isSent(chatId, flags);
  }

  #isSent(chatId: string, flags: ChatFlags): boolean {
    return this.#sent?.chat_id === chatId && this.#sent.flags === flags.join();
  }
}
