import { errorText, writeLog } from '../platform/log.ts';
import { settledWithin } from '../platform/timeout.ts';
import type { Timers } from '../platform/timers.ts';

/** Most calls to threads in flight: a Durable Object has six connections. */
const WIDTH = 6;
/**
 * Most chats in one run. The alarm goes on with the others. A call may be made twice, and an invocation may make 1,000.
 */
const MOST_OF_A_RUN = 400;
/** Timeout of a call (ms). A call that exceeds it counts as failed and goes on without delaying other chats. */
const CALL_TIMEOUT = 10_000;
/** When the alarm checks calls in flight (ms): a crash would end them. */
const RESCUE_AFTER = 30_000;

/** `received`: the chat knows it. `unwatched`: the chat wants no further reports about this user. */
export type SendResult = 'received' | 'unwatched';

export type BroadcasterDeps = {
  /** Chats whose knowledge of the user's presence is wrong or unknown, at most `limit`. */
  outdated: (limit: number) => string[];
  isOutdated: (chatId: string) => boolean;
  isPresent: () => boolean;
  /** Reports the presence to a chat. Rejects when that has failed. */
  send: (chatId: string, isPresent: boolean) => Promise<SendResult>;
  /** Stores the result of a report. */
  record: (chatId: string, isPresent: boolean, result: SendResult) => void;
  /** Stores which chats have failed, and when each is tried again. */
  timers: Timers;
  /** ms since 1970. */
  now: () => number;
};

type Call = { isInvalid: boolean };

/**
 * Reports a user's presence to their chats: six at a time, and one call to each chat at a time, so that none overtakes
 * another. Which chats are outdated, and which back off, is stored in rows; only the calls in flight are in memory.
 * Each chat backs off for itself.
 */
export class PresenceBroadcaster {
  readonly #deps: BroadcasterDeps;
  readonly #queue = new Set<string>();
  readonly #calls = new Map<string, Call>();
  readonly #workers = new Set<Promise<void>>();
  /** How many more chats this run may report to. */
  #left = 0;

  constructor(deps: BroadcasterDeps) {
    this.#deps = deps;
  }

  /**
   * Reports to the outdated chats that are not backing off, as many as one run may. Resolves when no call is in flight.
   * Never rejects.
   */
  async run(): Promise<void> {
    if (this.#workers.size === 0) this.#left = MOST_OF_A_RUN;
    this.#forgetFailures();
    for (const chatId of this.#outdated(MOST_OF_A_RUN)) this.#enqueue(chatId);
    while (this.#workers.size > 0) await Promise.all(this.#workers);
  }

  /** Ignores the result of a call in flight and ends the backing off: the thread has contacted this object itself. */
  invalidate(chatId: string): void {
    const call = this.#calls.get(chatId);
    if (call !== undefined) call.isInvalid = true;
    this.#deps.timers.clear(timerOf(chatId));
  }

  /** Whether a call to the chat is in flight. */
  isSending(chatId: string): boolean {
    return this.#calls.has(chatId);
  }

  /** When the alarm should check outdated chats (ms); null when there are none. */
  nextAt(): number | null {
    const now = this.#deps.now();
    const times = this.#outdated(1).map((chatId) => {
      if (this.#calls.has(chatId) || this.#queue.has(chatId)) return now + RESCUE_AFTER;
      return this.#deps.timers.dueAt(timerOf(chatId)) ?? now;
    });
    return times.length === 0 ? null : times.reduce((one, other) => Math.min(one, other));
  }

  /** A chat that has failed and needs no report now, because the user came back, starts without failures. */
  #forgetFailures(): void {
    const { timers } = this.#deps;
    for (const name of timers.due()) {
      const chatId = chatOf(name);
      if (chatId !== null && !this.#deps.isOutdated(chatId)) timers.clear(name);
    }
  }

  /** Outdated chats; among them, if there are enough, at least `count` that are neither in flight nor backing off. */
  #outdated(count: number): string[] {
    const others = this.#calls.size + this.#queue.size + this.#deps.timers.names().length;
    return this.#deps.outdated(count + others);
  }

  #enqueue(chatId: string): void {
    if (this.#calls.has(chatId) || this.#queue.has(chatId)) return;
    if (this.#deps.timers.isBackingOff(timerOf(chatId)) || this.#left === 0) return;
    this.#left -= 1;
    this.#queue.add(chatId);
    if (this.#workers.size >= WIDTH) return;
    const worker = this.#work()
      .catch((error: unknown) => writeLog('error', 'telling_chats_failed', { error: errorText(error) }))
      .finally(() => this.#workers.delete(worker));
    this.#workers.add(worker);
  }

  /** Works through the queue, one chat after the other. */
  async #work(): Promise<void> {
    for (;;) {
      const [chatId] = this.#queue;
      if (chatId === undefined) return;
      this.#queue.delete(chatId);
      if (!this.#deps.isOutdated(chatId)) continue;
      const isOver = await settledWithin(this.#send(chatId), CALL_TIMEOUT);
      if (!isOver) this.#fail(chatId, new Error('the thread did not answer in time'));
    }
  }

  /** One call to a chat, with what follows from its result. */
  async #send(chatId: string): Promise<void> {
    const call: Call = { isInvalid: false };
    this.#calls.set(chatId, call);
    try {
      const isPresent = this.#deps.isPresent();
      const result = await this.#deps.send(chatId, isPresent);
      if (!call.isInvalid) {
        this.#deps.timers.clear(timerOf(chatId));
        this.#deps.record(chatId, isPresent, result);
      }
    } catch (error) {
      this.#fail(chatId, error);
    } finally {
      this.#calls.delete(chatId);
    }
    // The user may have come or gone meanwhile. At the end of a run the alarm continues.
    if (this.#deps.isOutdated(chatId)) this.#enqueue(chatId);
  }

  #fail(chatId: string, error: unknown): void {
    const { timers } = this.#deps;
    timers.fail(timerOf(chatId));
    const failures = timers.failures(timerOf(chatId));
    writeLog('error', 'presence_not_told', { chat_id: chatId, failures, error: errorText(error) });
  }
}

const PREFIX = 'chat/';

function timerOf(chatId: string): string {
  return `${PREFIX}${chatId}`;
}

/** The chat of a timer; null when the timer is not a chat's. */
function chatOf(timer: string): string | null {
  return timer.startsWith(PREFIX) ? timer.slice(PREFIX.length) : null;
}
