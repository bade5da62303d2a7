import { describe, expect, it } from 'vitest';
import { cacheTimeToLive, createIsolateCache, REFRESH_DEADLINE } from '../../../src/platform/isolate-cache.ts';

function setUp(limit = 10) {
  const clock = { now: 1000 };
  const cache = createIsolateCache<string>({ clock: () => clock.now, limit, staleFor: 100 });
  let loads = 0;
  const load = (value: string | null) => async () => {
    loads += 1;
    return value;
  };
  const fail = async (): Promise<string | null> => {
    throw new Error('unreachable');
  };
  return { clock, cache, load, fail, loads: () => loads };
}

describe('isolate cache', () => {
  it('loads once for each time to live', async () => {
    const { clock, cache, load, loads } = setUp();
    expect(await cache.get('a', 30, load('1'))).toBe('1');
    clock.now += 29;
    expect(await cache.get('a', 30, load('2'))).toBe('1');
    clock.now += 1;
    expect(await cache.get('a', 30, load('2'))).toBe('2');
    expect(loads()).toBe(2);
  });

  it('keeps nothing with a time to live of zero, not even for failures', async () => {
    const { cache, load, fail, loads } = setUp();
    await cache.get('a', 0, load('1'));
    expect(await cache.get('a', 0, load('2'))).toBe('2');
    expect(loads()).toBe(2);
    await expect(cache.get('a', 0, fail)).rejects.toThrow('unreachable');
  });

  it('serves stale values while the loader fails, up to their limit', async () => {
    const { clock, cache, load, fail } = setUp();
    await cache.get('a', 30, load('1'));
    clock.now += 99;
    expect(await cache.get('a', 30, fail)).toBe('1');
    clock.now += 1;
    await expect(cache.get('a', 30, fail)).rejects.toThrow('unreachable');
    await expect(cache.get('b', 30, fail)).rejects.toThrow('unreachable');
  });

  it('never keeps an absence, and forgets a value that no longer exists', async () => {
    const { clock, cache, load, fail } = setUp();
    expect(await cache.get('a', 30, load(null))).toBeNull();
    expect(await cache.get('a', 30, load('1'))).toBe('1');
    clock.now += 30;
    expect(await cache.get('a', 30, load(null))).toBeNull();
    await expect(cache.get('a', 30, fail)).rejects.toThrow('unreachable');
  });

  it('purges by key and by value, including what is being loaded', async () => {
    const { cache, load } = setUp();
    await cache.get('a', 30, load('1'));
    cache.purge('a');
    expect(await cache.get('a', 30, load('2'))).toBe('2');
    cache.purgeWhere((value) => value === '2');
    expect(await cache.get('a', 30, load('3'))).toBe('3');

    let finish: (value: string) => void = () => {};
    const loading = cache.get('b', 30, () => new Promise<string>((resolve) => (finish = resolve)));
    cache.purge('b');
    finish('old');
    expect(await loading).toBe('old');
    expect(await cache.get('b', 30, load('new'))).toBe('new');
  });

  it('serves the old value while one request loads, and lets another load when that one does not finish', async () => {
    const { clock, cache, load, loads } = setUp();
    await cache.get('a', 30, load('old'));
    clock.now += 30;
    const loading = Promise.withResolvers<string>();
    const first = cache.get('a', 30, () => loading.promise);
    expect(await cache.get('a', 30, load('second'))).toBe('old');
    expect(loads()).toBe(1);
    clock.now += 20;
    loading.resolve('new');
    expect([await first, await cache.get('a', 30, load('third'))]).toEqual(['new', 'new']);
  });

  it('lets another request load when the first takes too long, and keeps the newer value', async () => {
    const clock = { now: 0 };
    const cache = createIsolateCache<string>({ clock: () => clock.now, limit: 9, staleFor: 60_000 });
    await cache.get('a', 30, async () => 'old');
    clock.now += 30;
    const lost = Promise.withResolvers<string>();
    const first = cache.get('a', 30, () => lost.promise);
    const refuse = () => Promise.reject(new Error('another one is loading'));
    clock.now += REFRESH_DEADLINE - 1;
    expect(await cache.get('a', 30, refuse)).toBe('old');
    clock.now += 1;
    expect(await cache.get('a', 30, async () => 'new')).toBe('new');
    lost.resolve('late');
    expect([await first, cache.peek('a', 30)]).toEqual(['late', 'new']);
  });

  it('never serves an old value that was purged, or is too old', async () => {
    const { clock, cache, load } = setUp();
    await cache.get('a', 30, load('old'));
    clock.now += 30;
    const loading = Promise.withResolvers<string>();
    const first = cache.get('a', 30, () => loading.promise);
    cache.purge('a');
    expect(await cache.get('a', 30, load('new'))).toBe('new');
    loading.resolve('old again');
    await first;
    expect(cache.peek('a', 30)).toBe('new');
    clock.now += 100;
    void cache.get('a', 30, () => new Promise(() => {}));
    expect(await cache.get('a', 30, load('newest'))).toBe('newest');
  });

  it('keeps many values that were loaded at once, but none that were purged meanwhile', async () => {
    const { cache } = setUp();
    const keep = cache.beginLoad();
    keep('a', '1');
    keep('b', null);
    expect([cache.peek('a', 30), cache.peek('b', 30), cache.peek('a', 0)]).toEqual(['1', null, null]);
    const late = cache.beginLoad();
    cache.purgeWhere(() => true);
    late('a', '2');
    expect(cache.peek('a', 30)).toBe(null);
  });

  it('counts the weights of entries, and keeps the newest whatever its weight', async () => {
    const cache = createIsolateCache<number>({ clock: () => 0, limit: 10, staleFor: 100, weightOf: (value) => value });
    const keep = cache.beginLoad();
    for (const [key, value] of Object.entries({ a: 4, b: 4, c: 4 })) keep(key, value);
    expect(['a', 'b', 'c'].map((key) => cache.peek(key, 30))).toEqual([null, 4, 4]);
    keep('d', 99);
    expect(['b', 'c', 'd'].map((key) => cache.peek(key, 30))).toEqual([null, null, 99]);
    keep('e', 1);
    expect(['d', 'e'].map((key) => cache.peek(key, 30))).toEqual([null, 1]);
  });

  it('holds no more than its limit', async () => {
    const { cache, load, loads } = setUp(2);
    for (const key of ['a', 'b', 'c']) await cache.get(key, 30, load(key));
    await cache.get('c', 30, load('x'));
    await cache.get('b', 30, load('x'));
    expect(loads()).toBe(3);
    await cache.get('a', 30, load('x'));
    expect(loads()).toBe(4);
  });

  it('reads its time to live from the setting', () => {
    expect(['30', '0', '', 'x', '-1'].map((AUTH_CACHE_SECONDS) => cacheTimeToLive({ AUTH_CACHE_SECONDS }))).toEqual([
      30_000, 0, 0, 0, 0,
    ]);
  });
});
