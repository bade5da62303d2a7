import { errorText, writeLog } from '../platform/log.ts';
import { settledWithin } from '../platform/timeout.ts';
import type { Timers } from '../platform/timers.ts';

/** Calls to threads under way at a time: a Durable Object has six connections. */
const WIDTH = 6;
/**
 * Chats that are told before the teller rests; the alarm goes on with the others. A call may be made twice, and an invocation may make
 * 1,000 of them.
 */
const MOST_OF_A_RUN = 400;
/** A call that takes longer (ms) counts as failed and goes on without holding up the other chats. */
const CALL_TIMEOUT = 10_000;
/** The alarm looks after calls under way, which a crash would end, this much later (ms). */
const RESCUE_AFTER = 30_000;

/** A chat was told, or wants to hear no more of this user. */
export type SendResult = 'received' | 'unwatched';

export type BroadcasterDeps = {
  /** Chats that must hear whether the user is present, so many at most. */
  outdated: (limit: number) => string[];
  isOutdated: (chatId: string) => boolean;
  isPresent: () => boolean;
  /** Tells a chat; rejects when that failed. */
  send: (chatId: string, isPresent: boolean) => Promise<SendResult>;
  /** Writes down how it went. */
  record: (chatId: string, isPresent: boolean, result: SendResult) => void;
  /** Keeps which chats failed, and when each is tried again. */
  timers: Timers;
  /** ms since 1970. */
  now: () => number;
};

type Call = { isInvalid: boolean };

/**
 * Tells the chats of a user that they came or went: six at a time, one call to a chat at a time, so that none overtakes another. What
 * is untold and what backs off are rows; only the calls under way are memory. A chat that fails backs off for itself.
 */
export class PresenceBroadcaster {
  readonly #deps: BroadcasterDeps;
  readonly #queue = new Set<string>();
  readonly #calls = new Map<string, Call>();
  readonly #workers = new Set<Promise<void>>();
  /** How many chats may still be told before the teller rests. */
  #left = 0;

  constructor(deps: BroadcasterDeps) {
    this.#deps = deps;
  }

  /**
   * Tells what is untold and not backing off, so much of it as one stretch may. Resolves when no call is left to wait for; never
   * rejects.
   */
  async run(): Promise<void> {
    if (this.#workers.size === 0) this.#left = MOST_OF_A_RUN;
    this.#forgetFailures();
    for (const chatId of this.#outdated(MOST_OF_A_RUN)) this.#enqueue(chatId);
    while (this.#workers.size > 0) await Promise.all(this.#workers);
  }

  /** The thread has spoken for itself: what a call under way achieves says nothing any more, and there is no reason to back off. */
  invalidate(chatId: string): void {
    const call = this.#calls.get(chatId);
    if (call !== undefined) call.isInvalid = true;
    this.#deps.timers.clear(timerOf(chatId));
  }

  isSending(chatId: string): boolean {
    return this.#calls.has(chatId);
  }

  /** When the alarm should look after untold chats (ms); null when there are none. */
  nextAt(): number | null {
    const now = this.#deps.now();
    const times = this.#outdated(1).map((chatId) => {
      if (this.#calls.has(chatId) || this.#queue.has(chatId)) return now + RESCUE_AFTER;
      return this.#deps.timers.dueAt(timerOf(chatId)) ?? now;
    });
    return times.length === 0 ? null : times.reduce((one, other) => Math.min(one, other));
  }

  /** A chat that failed and then had nothing to hear, because the user came back, begins anew. */
  #forgetFailures(): void {
    const { timers } = this.#deps;
    for (const name of timers.due()) {
      const chatId = chatOf(name);
      if (chatId !== null && !this.#deps.isOutdated(chatId)) timers.clear(name);
    }
  }

  /** Untold chats, among them at least `count` that are neither under way nor backing off, if there are so many. */
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

  /** Takes one chat after the other. */
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

  /** One call to a chat, and what follows from it. */
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
    // The user may have come or gone meanwhile. At the end of a stretch the alarm sees to it.
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

/** Null when the timer is not a chat's. */
function chatOf(timer: string): string | null {
  return timer.startsWith(PREFIX) ? timer.slice(PREFIX.length) : null;
}
