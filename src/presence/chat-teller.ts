import { errorText, writeLog } from '../log.ts';
import { backoffAfter } from './backoff.ts';
import { settledWithin } from './settled-within.ts';

/** Calls to threads under way at a time: a Durable Object has six connections. */
const WIDTH = 6;
/** A call that takes longer (ms) goes on without holding up the other chats. */
const PATIENCE = 10_000;
/** The alarm looks after chats that nobody is telling, as after a crash, this much later (ms). */
const RESCUE_AFTER = 30_000;

/** A chat was told, or wants to hear no more of this user. */
export type Told = 'told' | 'unwatched';

export type TellerPorts = {
  /** The chats that do not know whether the user is present. */
  untold: () => string[];
  isUntold: (chatId: string) => boolean;
  isPresent: () => boolean;
  /** Tells a chat; rejects when that failed. */
  tell: (chatId: string, isPresent: boolean) => Promise<Told>;
  /** Writes down how it went. */
  settle: (chatId: string, isPresent: boolean, told: Told) => void;
  now: () => number;
  /** Told when a chat could not be told, with the time of the next try (ms). */
  failed: (retryAt: number) => void;
};

type Call = { isDisowned: boolean };
type Failure = { count: number; retryAt: number };

/**
 * Tells the chats of a user that he came or went: six at a time, one call to a chat at a time, so that none overtakes another. What is
 * still untold is known from the rows; only the backoff is memory.
 */
export class ChatTeller {
  readonly #ports: TellerPorts;
  readonly #queue = new Set<string>();
  readonly #calls = new Map<string, Call>();
  readonly #failures = new Map<string, Failure>();
  readonly #workers = new Set<Promise<void>>();

  constructor(ports: TellerPorts) {
    this.#ports = ports;
  }

  /** Tells what is untold and not backing off. Resolves when no call is left to wait for; never rejects. */
  async run(): Promise<void> {
    for (const chatId of this.#ports.untold()) this.#enqueue(chatId);
    while (this.#workers.size > 0) await Promise.all(this.#workers);
  }

  /** The thread has spoken for itself: what a call under way achieves says nothing any more, and there is no reason to back off. */
  disown(chatId: string): void {
    const call = this.#calls.get(chatId);
    if (call !== undefined) call.isDisowned = true;
    this.#failures.delete(chatId);
  }

  isTelling(chatId: string): boolean {
    return this.#calls.has(chatId);
  }

  /** When the alarm should look after untold chats (ms); null when there are none. */
  nextAt(): number | null {
    const now = this.#ports.now();
    const times = this.#ports.untold().map((chatId) => this.#failures.get(chatId)?.retryAt ?? now + RESCUE_AFTER);
    return times.length === 0 ? null : Math.min(...times);
  }

  #enqueue(chatId: string): void {
    if (this.#calls.has(chatId) || (this.#failures.get(chatId)?.retryAt ?? 0) > this.#ports.now()) return;
    this.#queue.add(chatId);
    if (this.#workers.size >= WIDTH) return;
    const worker = this.#work()
      .catch((error: unknown) => writeLog('error', 'telling_chats_failed', { error: errorText(error) }))
      .finally(() => this.#workers.delete(worker));
    this.#workers.add(worker);
  }

  /** Takes one chat after the other. */
  async #work(): Promise<void> {
    for (;;) {
      const [chatId] = this.#queue;
      if (chatId === undefined) return;
      this.#queue.delete(chatId);
      if (!this.#ports.isUntold(chatId)) continue;
      await settledWithin(this.#tell(chatId), PATIENCE);
    }
  }

  /** One call to a chat, and what follows from it. */
  async #tell(chatId: string): Promise<void> {
    const call: Call = { isDisowned: false };
    this.#calls.set(chatId, call);
    try {
      const isPresent = this.#ports.isPresent();
      const told = await this.#ports.tell(chatId, isPresent);
      if (!call.isDisowned) {
        this.#failures.delete(chatId);
        this.#ports.settle(chatId, isPresent, told);
      }
    } catch (error) {
      this.#fail(chatId, error);
    } finally {
      this.#calls.delete(chatId);
    }
    // The user may have come or gone meanwhile.
    if (this.#ports.isUntold(chatId)) this.#enqueue(chatId);
  }

  #fail(chatId: string, error: unknown): void {
    const count = (this.#failures.get(chatId)?.count ?? 0) + 1;
    const retryAt = this.#ports.now() + backoffAfter(count);
    this.#failures.set(chatId, { count, retryAt });
    writeLog('error', 'presence_not_told', { chat_id: chatId, failures: count, error: errorText(error) });
    this.#ports.failed(retryAt);
  }
}
