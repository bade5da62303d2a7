import { type ChatFacts, endsAt, isPending } from '../resources/chat.ts';

const HOUR = 3_600_000;

/** What D1 has of a chat beside what every message changes, and most of it stands in indexes: ended, pending, type, overdue after (ms). */
export type ChatFlags = readonly [is_ended: 0 | 1, is_pending: 0 | 1, chat_type: string, overdue_after: number | null];

/** A chat's end is rounded up to a whole hour, so that messages which move it seldom touch the index. */
export function flagsOf(facts: ChatFacts): ChatFlags {
  const end = endsAt(facts);
  const overdueAfter = end === null ? null : Math.ceil(end / HOUR) * HOUR;
  return [facts.ended_at === null ? 0 : 1, isPending(facts) ? 1 : 0, facts.chat_type, overdueAfter];
}

type Handed = { seq: number; chat_id: string; flags: string };

/**
 * What D1 is known to have of a chat's flags. They stand in indexes, and D1 writes an index again whenever its columns are
 * set, changed or not: a message that leaves them alone need not hand them over.
 */
export class CopiedFlags {
  #sent: Handed | null = null;
  #copied: Handed | null = null;

  /** Told the mark up to which D1 has acknowledged the log. */
  acknowledge(seq: number): void {
    if (this.#sent !== null && seq >= this.#sent.seq) this.#copied = this.#sent;
  }

  /** Told what a slice that ends at `seq` hands over. Other flags than before may reach D1 also without its acknowledgement. */
  send(seq: number, chatId: string, flags: ChatFlags): void {
    if (!this.has(chatId, flags)) this.#copied = null;
    this.#sent = { seq, chat_id: chatId, flags: flags.join() };
  }

  /**
   * Told that a slice ends before the chat's last event, or that everything goes again. D1 may be ahead of it and then
   * acknowledges the row without taking its flags.
   */
  forget(): void {
    this.#sent = null;
    this.#copied = null;
  }

  /** Whether D1 has these flags of the chat. */
  has(chatId: string, flags: ChatFlags): boolean {
    return this.#copied?.chat_id === chatId && this.#copied.flags === flags.join();
  }
}
