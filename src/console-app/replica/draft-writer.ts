import type { Draft } from './known.ts';
import type { Loader } from './loader.ts';
import type { CallHub, Clock } from './ports.ts';

export type DraftWriterDependencies = {
  userId: string;
  call: CallHub;
  clock: Clock;
  loader: Loader;
  /** Whether the user takes part in a chat, which then need not be routed to them. */
  isOwn(chatId: string): boolean;
  /** What the user has begun to write, before the hub has it; null for nothing. */
  onDraft(chatId: string, draft: Draft | null): void;
};

/** The hub has a text this long (ms) after the first of some key presses. */
const WRITTEN_AFTER = 1_000;

/** Brings to the hub what the user begins to write, so that their other devices have it. */
export class DraftWriter {
  readonly #dependencies: DraftWriterDependencies;
  readonly #texts = new Map<string, string>();
  readonly #heard = new Map<string, Draft>();

  constructor(dependencies: DraftWriterDependencies) {
    this.#dependencies = dependencies;
  }

  /** An empty text ends the draft. */
  write(chatId: string, text: string): void {
    const { clock, loader, onDraft } = this.#dependencies;
    this.#texts.set(chatId, text);
    const updated_at = new Date(clock.now()).toISOString();
    onDraft(chatId, text === '' ? null : { chat_id: chatId, message: text, updated_at });
    loader.ask(`draft/${chatId}`, () => this.#bring(chatId), WRITTEN_AFTER);
  }

  /** Whether this page is writing, so that what the hub tells of the draft must wait. */
  isWriting(chatId: string): boolean {
    return this.#texts.has(chatId);
  }

  /** What was told of a draft while this page is writing. */
  hear(chatId: string, draft: Draft): void {
    this.#heard.set(chatId, draft);
  }

  async #bring(chatId: string): Promise<boolean> {
    const { userId, call, isOwn, onDraft } = this.#dependencies;
    const text = this.#texts.get(chatId) ?? '';
    const path = `/api/v5/users/${userId}/${isOwn(chatId) ? 'chats' : 'routed_chats'}/${chatId}/draft`;
    const request =
      text === '' ? { method: 'DELETE' as const, path } : { method: 'PUT' as const, path, body: { message: text } };
    const answer = await call(request).catch(() => null);
    if (answer === null || answer.status === 401 || answer.status === 429 || answer.status >= 500) return false;
    // The user has written on.
    if (this.#texts.get(chatId) !== text) return true;
    const heard = this.#heard.get(chatId);
    this.#texts.delete(chatId);
    this.#heard.delete(chatId);
    if (answer.status === 200) onDraft(chatId, laterOf(answer.body as Draft, heard));
    else if (text === '') onDraft(chatId, null);
    // A refusal, of an encrypted chat for example, leaves the draft on this page.
    return true;
  }
}

/** Another device may have written after this one, and was told before this one was answered. */
function laterOf(stored: Draft, heard: Draft | undefined): Draft {
  return heard !== undefined && heard.updated_at > stored.updated_at ? heard : stored;
}
