import { describe, expect, it } from 'vitest';
import { cacheTimeToLive, createIsolateCache } from '../../src/isolate-cache.ts';

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

  it('never keeps an absence, and forgets a value that is gone', async () => {
    const { clock, cache, load, fail } = setUp();
    expect(await cache.get('a', 30, load(null))).toBeNull();
    expect(await cache.get('a', 30, load('1'))).toBe('1');
    clock.now += 30;
    expect(await cache.get('a', 30, load(null))).toBeNull();
    await expect(cache.get('a', 30, fail)).rejects.toThrow('unreachable');
  });

  it('purges by key and by value, also what is being loaded at that moment', async () => {
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
