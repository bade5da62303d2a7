import { errorText, writeLog } from '../platform/log.ts';

/** A projector counts an organization's bytes in memory until there are so many: one more row for about 100 messages. */
const COUNTED_AT_ONCE = 100_000;
/** Most organizations that are counted at the same time. Beyond them the count of the oldest is lost. */
const ORGANIZATIONS = 10_000;

export type StorageMeterDeps = {
  /** Adds bytes to the organization's count of the day. */
  add: (organizationId: string, bytes: number) => Promise<void>;
  background: (work: Promise<unknown>) => void;
};

/**
 * Counts the bytes that organizations store, without a row or a trip for each batch. What is not added yet is lost with
 * the projector's memory.
 */
export class StorageMeter {
  readonly #deps: StorageMeterDeps;
  readonly #bytes = new Map<string, number>();

  constructor(deps: StorageMeterDeps) {
    this.#deps = deps;
  }

  /** Counts a batch that D1 has taken. */
  count(organizationId: string, size: number): void {
    const bytes = (this.#bytes.get(organizationId) ?? 0) + size;
    this.#bytes.delete(organizationId);
    if (bytes >= COUNTED_AT_ONCE) {
      this.#deps.background(this.#add(organizationId, bytes));
      return;
    }
    this.#bytes.set(organizationId, bytes);
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
