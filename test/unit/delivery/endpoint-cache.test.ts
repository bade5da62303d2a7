import { describe, expect, it } from 'vitest';
import { EndpointCache } from '../../../src/delivery/endpoint-cache.ts';

/** A cache with a clock, and a database whose answers the test controls. */
function open() {
  let now = 1_000_000;
  let reads = 0;
  const cache = new EndpointCache<string>(() => now);
  return {
    cache,
    pass: (milliseconds: number) => {
      now += milliseconds;
    },
    reads: () => reads,
    get: (answer: string | Promise<string>) =>
      cache.get('key', async () => {
        reads += 1;
        return await answer;
      }),
  };
}

describe('the rows of receivers', () => {
  it('are read once a second', async () => {
    const { get, pass, reads } = open();
    expect(await get('old')).toBe('old');
    pass(999);
    expect(await get('new')).toBe('old');
    pass(1);
    expect(await get('new')).toBe('new');
    expect(reads()).toBe(2);
  });

  it('are used for a second more while one request reads them again, and no longer', async () => {
    const { get, pass, reads } = open();
    await get('old');
    pass(1000);
    const slow = Promise.withResolvers<string>();
    const first = get(slow.promise);
    expect(await get('new')).toBe('old');
    pass(999);
    expect(await get('new')).toBe('old');
    expect(reads()).toBe(2);
    pass(1);
    expect(await get('new')).toBe('new');
    slow.resolve('slow');
    expect(await first).toBe('slow');
  });

  it('are read by the next request when one could not be read', async () => {
    const { get, pass } = open();
    await get('old');
    pass(1000);
    await expect(get(Promise.reject(new Error('D1 is away')))).rejects.toThrow('D1 is away');
    expect(await get('new')).toBe('new');
  });

  it('are gone after a purge, even if their read began before it', async () => {
    const { cache, get } = open();
    await get('old');
    cache.purge('key');
    const slow = Promise.withResolvers<string>();
    const first = get(slow.promise);
    cache.purge('key');
    slow.resolve('before the change');
    expect(await first).toBe('before the change');
    expect(await get('new')).toBe('new');
    cache.purgeAll();
    expect(await get('newer')).toBe('newer');
  });
});
