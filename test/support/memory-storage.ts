import type { Storage } from '../../src/console-app/replica/ports.ts';

/** A browser's storage in memory. Two outboxes with the same one are two tabs, or a page before and after a reload. */
export class MemoryStorage implements Storage {
  readonly #texts = new Map<string, string>();

  read(key: string): string | null {
    return this.#texts.get(key) ?? null;
  }

  write(key: string, text: string | null): void {
    if (text === null) this.#texts.delete(key);
    else this.#texts.set(key, text);
  }

  keys(prefix: string): string[] {
    return [...this.#texts.keys()].filter((key) => key.startsWith(prefix));
  }
}
