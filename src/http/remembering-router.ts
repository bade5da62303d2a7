import type { Result, Router } from 'hono/router';
import { TrieRouter } from 'hono/router/trie-router';

/** Answers that are remembered, and the longest path (characters) that is: paths are a caller's to choose. */
const REMEMBERED = 2000;
const LONGEST_PATH = 300;

/**
 * Hono's router with a memory. Some of the paths are ones that its fast router refuses, and walking the tree of several hundred routes
 * costs a message a tenth of its time. What talks to a hub comes back to the same paths: a channel's messages, an agent's chat.
 */
export class RememberingRouter<T> implements Router<T> {
  readonly name = 'RememberingRouter';
  readonly #router = new TrieRouter<T>();
  /** Oldest first. */
  readonly #known = new Map<string, Result<T>>();

  add(method: string, path: string, handler: T): void {
    this.#known.clear();
    this.#router.add(method, path, handler);
  }

  match(method: string, path: string): Result<T> {
    const key = `${method} ${path}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const found = this.#router.match(method, path);
    if (path.length <= LONGEST_PATH) this.#remember(key, found);
    return found;
  }

  #remember(key: string, found: Result<T>): void {
    this.#known.set(key, found);
    if (this.#known.size <= REMEMBERED) return;
    const oldest = this.#known.keys().next();
    if (!oldest.done) this.#known.delete(oldest.value);
  }
}
