/**
 * A cache in the memory of one isolate, for values that D1 owns and that may be a little old. Only values are kept, never
 * their absence. While the loader fails, a value is served for up to `staleFor` ms after it was loaded.
 */
export type IsolateCache<Value> = {
  /**
   * The value of a key, loaded unless a copy younger than `timeToLive` (ms; 0: nothing is kept) is there. Null when there is
   * none. Throws what the loader throws when no copy is young enough to stand in.
   */
  get(key: string, timeToLive: number, load: () => Promise<Value | null>): Promise<Value | null>;
  purge(key: string): void;
  purgeWhere(matches: (value: Value) => boolean): void;
};

type Entry<Value> = { value: Value; loadedAt: number };

/** @param options `clock` gives ms; above `limit` entries the one loaded longest ago is dropped. */
export function createIsolateCache<Value>(options: {
  clock: () => number;
  limit: number;
  staleFor: number;
}): IsolateCache<Value> {
  const entries = new Map<string, Entry<Value>>();
  // A load that began before a purge may bring back what the purge was to remove: it is used once and not kept.
  let purges = 0;

  function keep(key: string, entry: Entry<Value>): void {
    entries.delete(key);
    entries.set(key, entry);
    if (entries.size <= options.limit) return;
    const oldest = entries.keys().next();
    if (!oldest.done) entries.delete(oldest.value);
  }

  return {
    // Loads are not shared between requests: workerd forbids waiting for another request's I/O.
    async get(key, timeToLive, load) {
      if (timeToLive <= 0) return load();
      const known = entries.get(key);
      const now = options.clock();
      if (known !== undefined && now - known.loadedAt < timeToLive) return known.value;
      const purgesBefore = purges;
      let value: Value | null;
      try {
        value = await load();
      } catch (error) {
        const stillThere = entries.get(key);
        if (stillThere !== undefined && options.clock() - stillThere.loadedAt < options.staleFor)
          return stillThere.value;
        throw error;
      }
      if (value === null) entries.delete(key);
      else if (purges === purgesBefore) keep(key, { value, loadedAt: now });
      return value;
    },
    purge(key) {
      purges += 1;
      entries.delete(key);
    },
    purgeWhere(matches) {
      purges += 1;
      for (const [key, { value }] of entries) if (matches(value)) entries.delete(key);
    },
  };
}

/** How long a value may stand in while D1 cannot be reached, in ms (ENGINE 7). */
export const STALE_FOR = 10 * 60_000;

/** The time to live of cached directory data in ms; a malformed setting keeps nothing. */
export function cacheTimeToLive(env: { AUTH_CACHE_SECONDS: string }): number {
  const seconds = Number(env.AUTH_CACHE_SECONDS);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 0;
}
