import type { Result, Router } from 'hono/router';
import { TrieRouter } from 'hono/router/trie-router';

/** Most remembered matches, and the longest remembered path (characters). Callers choose paths, so both are limited. */
const REMEMBERED = 2000;
const LONGEST_PATH = 300;

/**
 * Hono's router with a cache of matches. Its fast router cannot hold all paths of the hub, and matching several hundred
 * routes without it takes a tenth of a message's time. Clients repeat the same paths, such as a channel's messages or
 * an agent's chat.
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
