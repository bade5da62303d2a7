/**
 * A cache in the memory of one isolate, for values that D1 owns and that may be a little old. It keeps values, never
 * their absence. While the loader fails, a value is served for up to `staleFor` ms after it was loaded.
 */
export type IsolateCache<Value> = {
  /**
   * The value of a key: the copy if it is younger than `timeToLive` (ms; 0 keeps nothing), else loaded. While one
   * request loads, others get the old copy, for at most REFRESH_DEADLINE. Null when there is no value. Throws the
   * loader's error when no copy is young enough to replace it.
   */
  get(key: string, timeToLive: number, load: () => Promise<Value | null>): Promise<Value | null>;
  /** The copy of a key if it is younger than `age` (ms); null otherwise. */
  peek(key: string, age: number): Value | null;
  /**
   * For loading many values at once: call it before the load and pass the values to the function that it answers (null:
   * no value). Nothing is kept that was purged during the load.
   */
  beginLoad(): (key: string, value: Value | null) => void;
  purge(key: string): void;
  purgeWhere(matches: (value: Value, key: string) => boolean): void;
};

/** After this time (ms) another request may load the value too: the first one may never finish. */
export const REFRESH_DEADLINE = 5000;

type Entry<Value> = { value: Value; loadedAt: number; weight: number; refreshedBy: number };

/**
 * @param options `clock` in ms. Above `limit` the entries that were loaded first are dropped. `weightOf`: how much an
 * entry counts; the newest is kept whatever its weight.
 */
export function createIsolateCache<Value>(options: {
  clock: () => number;
  limit: number;
  staleFor: number;
  weightOf?: (value: Value) => number;
}): IsolateCache<Value> {
  const entries = new Map<string, Entry<Value>>();
  let weight = 0;
  // A load that began before a purge may bring back an old value. It is used once and not kept.
  let purges = 0;

  function drop(key: string): void {
    weight -= entries.get(key)?.weight ?? 0;
    entries.delete(key);
  }

  function keep(key: string, value: Value, loadedAt: number): void {
    const known = entries.get(key);
    // Another load has brought a newer value while this one took longer than the deadline.
    if (known !== undefined && known.loadedAt > loadedAt) return;
    drop(key);
    const entry = { value, loadedAt, weight: options.weightOf?.(value) ?? 1, refreshedBy: 0 };
    entries.set(key, entry);
    weight += entry.weight;
    for (const oldest of entries.keys()) {
      if (weight <= options.limit || oldest === key) return;
      drop(oldest);
    }
  }

  function beginLoad(): (key: string, value: Value | null) => void {
    const purgesBefore = purges;
    const loadedAt = options.clock();
    return (key, value) => {
      if (value === null) drop(key);
      else if (purges === purgesBefore) keep(key, value, loadedAt);
    };
  }

  function peek(key: string, age: number): Value | null {
    const known = entries.get(key);
    return known !== undefined && options.clock() - known.loadedAt < age ? known.value : null;
  }

  return {
    // Requests do not share a load: workerd forbids waiting for the I/O of another request.
    async get(key, timeToLive, load) {
      if (timeToLive <= 0) return load();
      const young = peek(key, timeToLive);
      if (young !== null) return young;
      const known = entries.get(key);
      const now = options.clock();
      if (known !== undefined) {
        if (now < known.refreshedBy && now - known.loadedAt < options.staleFor) return known.value;
        known.refreshedBy = now + REFRESH_DEADLINE;
      }
      const loaded = beginLoad();
      let value: Value | null;
      try {
        value = await load();
      } catch (error) {
        const old = peek(key, options.staleFor);
        if (old !== null) return old;
        throw error;
      }
      loaded(key, value);
      return value;
    },
    peek,
    beginLoad,
    purge(key) {
      purges += 1;
      drop(key);
    },
    purgeWhere(matches) {
      purges += 1;
      for (const [key, { value }] of entries) if (matches(value, key)) drop(key);
    },
  };
}

/** How long a value may be served while D1 cannot be reached, in ms. */
export const STALE_FOR = 10 * 60_000;

/** The time to live of cached directory data in ms. A malformed setting gives 0: nothing is kept. */
export function cacheTimeToLive(env: { AUTH_CACHE_SECONDS: string }): number {
  const seconds = Number(env.AUTH_CACHE_SECONDS);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 0;
}
