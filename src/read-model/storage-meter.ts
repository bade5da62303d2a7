import { errorText, writeLog } from '../platform/log.ts';

/** Bytes are added to an organization's count in D1 in portions: one more row for about 50 messages. */
const PORTION = 100_000;
/** Most organizations that are counted at the same time. Beyond them the oldest starts anew. */
const ORGANIZATIONS = 10_000;

export type StorageMeterDeps = {
  /** Adds bytes to the organization's count of the day. */
  add: (organizationId: string, bytes: number) => Promise<void>;
  background: (work: Promise<unknown>) => void;
  /** A number in [0, 1). */
  random: () => number;
};

/**
 * Counts the bytes that organizations store, without a row or a trip for each batch. What is not added yet is in memory,
 * which the platform destroys after ten seconds of silence. So each count starts at a random place in a portion: what
 * is lost with memory was then, on average, added before. The count of an organization is right on average, however
 * often memory is lost. Its standard deviation is at most the square root of `PORTION` times the bytes, and half a
 * portion while the memory lasts.
 */
export class StorageMeter {
  readonly #deps: StorageMeterDeps;
  readonly #bytes = new Map<string, number>();

  constructor(deps: StorageMeterDeps) {
    this.#deps = deps;
  }

  /** Counts a batch that D1 has taken. `size`: in bytes. */
  count(organizationId: string, size: number): void {
    const bytes = (this.#bytes.get(organizationId) ?? Math.floor(this.#deps.random() * PORTION)) + size;
    const rest = bytes % PORTION;
    this.#bytes.delete(organizationId);
    this.#bytes.set(organizationId, rest);
    if (bytes >= PORTION) this.#deps.background(this.#add(organizationId, bytes - rest));
    const [oldest] = this.#bytes.keys();
    if (this.#bytes.size > ORGANIZATIONS && oldest !== undefined) this.#bytes.delete(oldest);
  }

  /** Never rejects. What could not be added is counted again with the next batch. */
  async #add(organizationId: string, bytes: number): Promise<void> {
    try {
      await this.#deps.add(organizationId, bytes);
    } catch (error) {
      writeLog('warn', 'stored_bytes_not_counted', { error: errorText(error) });
      this.#bytes.set(organizationId, (this.#bytes.get(organizationId) ?? 0) + bytes);
    }
  }
}
