import { type ChatFacts, isPending } from '../resources/chat.ts';

/** The columns by which lists choose chats, as D1 stores them: ended, waiting, pending. */
export type ChatFlags = readonly [is_ended: 0 | 1, is_waiting: 0 | 1, is_pending: 0 | 1];

export function flagsOf(facts: ChatFacts): ChatFlags {
  return [facts.ended_at === null ? 0 : 1, facts.is_waiting ? 1 : 0, isPending(facts) ? 1 : 0];
}

type Handed = { seq: number; chat_id: string; flags: string };

/**
 * What D1 is known to have of a chat's flags. They stand in an index, and D1 writes an index again whenever its columns are
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
   * Told that a slice ends before the chat's last event. D1 may be ahead of it, after a restart, and then acknowledges the
   * row without taking its flags.
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
