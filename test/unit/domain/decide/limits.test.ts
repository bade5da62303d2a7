import { describe, expect, test } from 'vitest';
import { secondsToWait } from '../../../../src/domain/decide/limits.ts';

const LIMIT = { most: 3, period: 60_000 };
const NOW = 1_000_000;

describe('a limit', () => {
  test.each([
    ['nothing came before', [], null],
    ['there is room for one more', [NOW - 2, NOW - 1], null],
    ['the oldest has just left', [NOW - 60_000, NOW - 2, NOW - 1], null],
    ['the oldest leaves in a moment', [NOW - 59_999, NOW - 2, NOW - 1], 1],
    ['all have just come', [NOW, NOW, NOW], 60],
    ['there were more, before the limit was on', [NOW - 50_000, NOW - 40_000, NOW - 30_000, NOW - 20_000], 20],
  ])('when %s', (_when, times, seconds) => {
    expect(secondsToWait(times, LIMIT, NOW)).toBe(seconds);
  });

  test('that is off lets everything through', () => {
    expect(secondsToWait([NOW, NOW, NOW], null, NOW)).toBeNull();
    expect(secondsToWait([NOW, NOW, NOW], undefined, NOW)).toBeNull();
  });
});
