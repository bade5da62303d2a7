import { type ChatFacts, endsAt, isPending } from '../../resources/chat.ts';

const HOUR = 3_600_000;

/** What D1 has of a chat beside what every message changes, and most of it stands in indexes: ended, pending, type, overdue after (ms). */
export type ChatFlags = readonly [is_ended: 0 | 1, is_pending: 0 | 1, chat_type: string, overdue_after: number | null];

/** A chat's end is rounded up to a whole hour, so that messages which move it seldom touch the index. */
export function flagsOf(facts: ChatFacts): ChatFlags {
  const end = endsAt(facts);
  const overdueAfter = end === null ? null : Math.ceil(end / HOUR) * HOUR;
  return [facts.ended_at === null ? 0 : 1, isPending(facts) ? 1 : 0, facts.chat_type, overdueAfter];
}

/**
 * What D1 is known to have of a chat's flags. They stand in indexes, and D1 writes an index again whenever its columns are
 * set, changed or not: a message that leaves them alone need not hand them over.
 *
 * Why rows without flags are safe, although batches may be lost, doubled and reordered: one is sent only after D1 has acknowledged a row
 * with these flags, below which it takes nothing any more; and since that row was sent, none with others was. So whatever is still under
 * way is either older and does nothing, or has the same flags. Only a rebuild takes that row away; its own rows have all flags, and mend
 * in D1 those of a row of the same `seq` that came before them without.
 */
export class ReplicatedFlags {
  /** The flags that were sent last and have stayed the same since the batch that ended at `seq`. */
  #sent: { seq: number; chat_id: string; flags: string } | null = null;
  #isCopied = false;

  /** Told that D1 has acknowledged the whole log up to `seq`. */
  acknowledge(seq: number): void {
    if (this.#sent !== null && seq >= this.#sent.seq) this.#isCopied = true;
  }

  /** Told what a batch that ends at `seq` hands over. */
  send(seq: number, chatId: string, flags: ChatFlags): void {
    if (this.#isSent(chatId, flags)) return;
    this.#sent = { seq, chat_id: chatId, flags: flags.join() };
    this.#isCopied = false;
  }

  /** Told that what was sent need not be in D1: it goes again, is deleted by a rebuild, or was refused. */
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
