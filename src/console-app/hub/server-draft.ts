import { call } from './call.ts';

/** So long (ms) after the last key the hub is given the text. */
const QUIET = 1_000;

/**
 * What somebody has begun to write in a chat, as the hub keeps it for their other devices. The browser has its own copy, so
 * nothing is lost when the hub is away: the next change is told.
 */
export class ServerDraft {
  readonly #path: string;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #pending: { text: string; isEmpty: boolean } | null = null;
  readonly #isKnown: () => boolean;
  /** Whether the hub has one, as far as this page has told it; null: it has told nothing. */
  #isThere: boolean | null = null;
  #kept: string | null = null;
  /** The last call. It never fails. */
  #last: Promise<void> = Promise.resolve();

  /** `isKnown`: whether the hub has told of one. */
  constructor(userId: string, chatId: string, isKnown: () => boolean) {
    this.#path = `/api/v5/users/${userId}/chats/${chatId}/draft`;
    this.#isKnown = isKnown;
  }

  /** Gives the hub a text a moment later. An empty one is deleted at once, since it was sent. */
  keep(text: string): void {
    clearTimeout(this.#timer);
    this.#pending = null;
    const isEmpty = text.trim() === '';
    if (isEmpty ? !(this.#isThere ?? this.#isKnown()) : text === this.#kept) return;
    this.#pending = { text, isEmpty };
    this.#timer = setTimeout(() => this.flush(), isEmpty ? 0 : QUIET);
  }

  /** Gives the hub at once what it would get a moment later. */
  flush(): void {
    clearTimeout(this.#timer);
    if (this.#pending !== null) this.#tell(this.#pending.text, this.#pending.isEmpty);
    this.#pending = null;
  }

  /** One after the other: a text that overtook its deletion would come back, as if it had not been sent. */
  #tell(text: string, isEmpty: boolean): void {
    this.#isThere = !isEmpty;
    this.#kept = isEmpty ? null : text;
    this.#last = this.#last.then(async () => {
      const { ok, status } = isEmpty
        ? await call(this.#path, { method: 'DELETE' })
        : await call(this.#path, { method: 'PUT', body: { message: text } });
      if (ok) return;
      if (this.#kept === text) this.#kept = null;
      // The hub still has it. The next change deletes it or takes its place.
      if (isEmpty && status !== 404) this.#isThere = true;
    });
  }
}
