import { reasonOf } from './hub-reads.ts';
import { type Message, placeOf, type Thread } from './known.ts';
import { type CallHub, type Clock, type HubAnswer, type Storage, storedValue } from './ports.ts';

/** What is sent: the body of POST `/users/<u>/chats/<c>/messages`. */
export type NewMessage = {
  readonly message: string;
  readonly selected_reply_suggestion_id?: string | null;
  readonly attachments?: readonly SentFile[];
};

/** A file of the hub that goes with a message. `title`: its name. */
export type SentFile = { readonly file_id: string; readonly title: string };

/** A message on its way. It stays until the hub has stored it, or the user discards it. */
export type OutboxEntry = {
  /** Its `Idempotency-Key`: however often it is sent, it is stored once. */
  readonly key: string;
  /** Where it was written. Opening another chat changes nothing. */
  readonly chat_id: string;
  readonly content: NewMessage;
  /** When it was written (ms). */
  readonly written_at: number;
  /** Grows with each entry. */
  readonly order: number;
  /** The place of the newest message that was known when it was written: what it becomes comes after it. */
  readonly after: number;
  readonly state: EntryState;
  /** False while the browser cannot store it: it is lost with the page. */
  readonly is_kept: boolean;
};

export type EntryState =
  | { readonly is: 'waiting' }
  | { readonly is: 'sending' }
  /** The hub has refused it, or it is too old to be sent again by itself. `status` is null for the latter. */
  | { readonly is: 'failed'; readonly status: number | null; readonly reason: string };

export type OutboxDependencies = {
  userId: string;
  call: CallHub;
  clock: Clock;
  storage: Storage;
  newKey(): string;
  onChange(entries: readonly OutboxEntry[]): void;
  /** The hub has the message. Called before the entry goes. */
  onStored(entry: OutboxEntry, message: Message): void;
  /** The session has ended: nothing is sent until `flush`. */
  onSignedOut(): void;
};

/** For so long the hub knows a key (docs/api.md). A minute less, since clocks and networks are slow. In ms. */
export const RESENT_FOR = 24 * 3_600_000 - 60_000;
const SHORTEST_WAIT = 1_000;
const LONGEST_WAIT = 30_000;

const TOO_OLD = 'It was not sent within a day. The chat may have it: look before you send it again.';

/**
 * Sends messages, each exactly once and those of a chat in their order, however often the network breaks or the page is
 * loaded again. Entries are in the storage before they are sent.
 */
export class Outbox {
  readonly #dependencies: OutboxDependencies;
  #entries: readonly OutboxEntry[];
  /** How often the hub could not be reached in a row, by chat. */
  readonly #failures = new Map<string, number>();
  /** How to cancel the next attempt of a chat. */
  readonly #retries = new Map<string, () => void>();
  /** Who waits for what is on its way to a chat. */
  readonly #waiters = new Map<string, ((isSent: boolean) => void)[]>();
  #isSignedOut = false;
  #isStopped = false;

  /** Takes over what is in the storage. `flush` begins to send. */
  constructor(dependencies: OutboxDependencies) {
    this.#dependencies = dependencies;
    this.#entries = this.#stored();
  }

  get entries(): readonly OutboxEntry[] {
    return this.#entries;
  }

  /** Sends a message and answers its key. `after`: the place of the newest message of the chat that is known. */
  send(chatId: string, content: NewMessage, after: number): string {
    const { clock, newKey } = this.#dependencies;
    const order = Math.max(0, ...this.#entries.map((entry) => entry.order)) + 1;
    const state = { is: 'waiting' } as const;
    const key = newKey();
    const entry = { key, chat_id: chatId, content, written_at: clock.now(), order, after, state, is_kept: true };
    this.#set([...this.#entries, this.#kept(entry)]);
    this.#next(chatId);
    return key;
  }

  /** Sends a failed message again: with its key, or with a new one when the hub has forgotten that. */
  retry(key: string): void {
    const entry = this.#find(key);
    if (entry?.state.is !== 'failed') return;
    if (!this.#isTooOld(entry)) this.#change({ ...entry, state: { is: 'waiting' } });
    else {
      this.discard(key);
      this.send(entry.chat_id, entry.content, entry.after);
    }
    this.#next(entry.chat_id);
  }

  /** Forgets a failed message, or one that waits. One that is being sent may be stored already: it stays. */
  discard(key: string): OutboxEntry | null {
    const entry = this.#find(key);
    if (entry === null || entry.state.is === 'sending') return null;
    this.#remove(entry);
    return entry;
  }

  /**
   * Resolves when nothing is on its way to a chat any more. False: a message was refused, or cannot be sent now. Messages
   * that had failed before count for nothing.
   */
  sent(chatId: string): Promise<boolean> {
    const isOnItsWay = this.#entries.some(({ chat_id, state }) => chat_id === chatId && state.is !== 'failed');
    if (!isOnItsWay) return Promise.resolve(true);
    if (this.#isSignedOut || this.#isStopped || this.#retries.has(chatId)) return Promise.resolve(false);
    return new Promise((resolve) => this.#waiters.set(chatId, [...(this.#waiters.get(chatId) ?? []), resolve]));
  }

  /** Sends now what waits: the network is back, or the user has signed in again. */
  flush(): void {
    this.#isSignedOut = false;
    this.#failures.clear();
    for (const chatId of new Set(this.#entries.map(({ chat_id }) => chat_id))) this.#next(chatId);
  }

  /** Nothing is sent any more. What waits stays in the storage. */
  stop(): void {
    this.#isStopped = true;
    for (const cancel of this.#retries.values()) cancel();
    this.#retries.clear();
    for (const chatId of [...this.#waiters.keys()]) this.#settle(chatId, false);
  }

  #next(chatId: string): void {
    this.#retries.get(chatId)?.();
    this.#retries.delete(chatId);
    const open = this.#entries.filter(({ chat_id, state }) => chat_id === chatId && state.is !== 'failed');
    const [entry] = open;
    if (entry === undefined) this.#settle(chatId, true);
    if (this.#isSignedOut || this.#isStopped || entry === undefined || entry.state.is === 'sending') return;
    if (this.#isTooOld(entry)) {
      this.#fail(entry, null, TOO_OLD);
      return;
    }
    const sending = { ...entry, state: { is: 'sending' } as const };
    this.#change(sending);
    const { call, userId } = this.#dependencies;
    call({
      method: 'POST',
      path: `/api/v5/users/${userId}/chats/${chatId}/messages`,
      body: entry.content,
      idempotencyKey: entry.key,
    }).then(
      (answer) => this.#answered(sending, answer),
      () => this.#unanswered(sending, null),
    );
  }

  #answered(entry: OutboxEntry, { status, body, retryAfter }: HubAnswer): void {
    if (status === 200) {
      this.#failures.delete(entry.chat_id);
      const message = body as Message;
      this.#dependencies.onStored(entry, message);
      this.#remove(entry);
      // What follows in the chat comes after it, also when it has the same text.
      const isBehind = ({ chat_id }: OutboxEntry) => chat_id === entry.chat_id;
      this.#entries = this.#entries.map((each) => (isBehind(each) ? { ...each, after: placeOf(message) } : each));
      this.#next(entry.chat_id);
    } else if (status === 401) {
      this.#isSignedOut = true;
      this.#change({ ...entry, state: { is: 'waiting' } });
      this.#settle(entry.chat_id, false);
      this.#dependencies.onSignedOut();
    } else if (status === 429 || status >= 500) this.#unanswered(entry, retryAfter);
    else this.#fail(entry, status, reasonOf(body));
  }

  /** Whether the hub has it is not known. It is sent again with the same key, after 1 s, 2 s, 4 s … 30 s. */
  #unanswered(entry: OutboxEntry, retryAfter: number | null): void {
    this.#change({ ...entry, state: { is: 'waiting' } });
    this.#settle(entry.chat_id, false);
    if (this.#isStopped) return;
    const failures = this.#failures.get(entry.chat_id) ?? 0;
    this.#failures.set(entry.chat_id, failures + 1);
    const wait = Math.min(LONGEST_WAIT, SHORTEST_WAIT * 2 ** Math.min(failures, 10));
    const then = () => this.#next(entry.chat_id);
    this.#retries.set(entry.chat_id, this.#dependencies.clock.after(Math.max(wait, (retryAfter ?? 0) * 1000), then));
  }

  #fail(entry: OutboxEntry, status: number | null, reason: string): void {
    this.#change({ ...entry, state: { is: 'failed', status, reason } });
    this.#settle(entry.chat_id, false);
    this.#next(entry.chat_id);
  }

  #settle(chatId: string, isSent: boolean): void {
    const waiters = this.#waiters.get(chatId) ?? [];
    this.#waiters.delete(chatId);
    for (const resolve of waiters) resolve(isSent);
  }

  #isTooOld({ written_at }: OutboxEntry): boolean {
    return this.#dependencies.clock.now() - written_at >= RESENT_FOR;
  }

  #find(key: string): OutboxEntry | null {
    return this.#entries.find((entry) => entry.key === key) ?? null;
  }

  #change(entry: OutboxEntry): void {
    // After a reload nobody knows whether it was sent: in the storage it waits all that time.
    const next = entry.state.is === 'sending' ? entry : this.#kept(entry);
    this.#set(this.#entries.map((each) => (each.key === entry.key ? next : each)));
  }

  #remove({ key }: OutboxEntry): void {
    this.#set(this.#entries.filter((entry) => entry.key !== key));
    this.#dependencies.storage.write(this.#place(key), null);
  }

  #set(entries: readonly OutboxEntry[]): void {
    this.#entries = entries;
    this.#dependencies.onChange(entries);
  }

  #kept(entry: OutboxEntry): OutboxEntry {
    try {
      const kept = { ...entry, is_kept: true };
      this.#dependencies.storage.write(this.#place(entry.key), JSON.stringify(kept));
      return kept;
    } catch {
      return { ...entry, is_kept: false };
    }
  }

  #stored(): OutboxEntry[] {
    const { storage } = this.#dependencies;
    const values = storage.keys(this.#place('')).map((key) => storedValue(storage.read(key)));
    return values.filter(isEntry).sort((one, other) => one.order - other.order);
  }

  #place(key: string): string {
    return `umi.outbox.${this.#dependencies.userId}.${key}`;
  }
}

function isEntry(value: unknown): value is OutboxEntry {
  const { key, chat_id, content, written_at, order, after, state } = (value ?? {}) as Partial<OutboxEntry>;
  const areNumbers = [written_at, order, after].every((each) => typeof each === 'number');
  const isAddressed = typeof key === 'string' && typeof chat_id === 'string';
  return isAddressed && areNumbers && typeof content?.message === 'string' && typeof state?.is === 'string';
}

/**
 * The messages of a thread without those that an entry of the outbox shows already. The hub may tell of a message before
 * it answers its sender, and when the answer was lost.
 */
export function withoutEchoes(thread: Thread, entries: readonly OutboxEntry[], userId: string): readonly Message[] {
  if (entries.length === 0) return thread.messages;
  const isEcho = (message: Message) =>
    message.sender_id === userId &&
    entries.some(
      ({ content, after, state }) => state.is !== 'failed' && hasContent(message, content) && placeOf(message) > after,
    );
  return thread.messages.filter((message) => !isEcho(message));
}

function hasContent({ message, attachments }: Message, content: NewMessage): boolean {
  const sent = content.attachments ?? [];
  const files = attachments.flatMap(({ file }) => file?.id ?? []);
  return content.message === (message ?? '') && sent.every(({ file_id }, place) => file_id === files[place]);
}
