import { afterAll, beforeAll, expect } from 'vitest';

/**
 * Checks that the tests of a `describe` block write nothing: `state` is read before its first test and compared after its last. When that
 * fails, run the tests of the block one at a time (`-t`) to find the one that wrote.
 */
export function expectUntouched(state: () => Promise<unknown>): void {
  let before: unknown;

  beforeAll(async () => {
    before = await state();
  });

  afterAll(async () => {
    expect(await state(), 'the tests of this block write nothing').toEqual(before);
  });
}
