import { describe, expect, it } from 'vitest';
import { isLastAttempt, parseRetryAfter, retryDelay, wholeSeconds } from '../../../src/delivery/retry-schedule.ts';

const HOUR = 3_600_000;

describe('retryDelay', () => {
  it.each([
    [0, 1_000],
    [1, 2_000],
    [2, 4_000],
    [3, 8_000],
    [10, 1_024_000],
    [15, 32_768_000],
    [16, 12 * HOUR],
    [20, 12 * HOUR],
    [1_000, 12 * HOUR],
  ])('waits 2^%i seconds, at most 12 h', (failure, delay) => {
    expect(retryDelay(failure, 0, null)).toBe(delay);
  });

  it('adds less than a second of jitter, in whole milliseconds', () => {
    expect(retryDelay(0, 0.5, null)).toBe(1_500);
    expect(retryDelay(0, 0.999999, null)).toBe(1_999);
    expect(retryDelay(20, 0.999999, null)).toBe(12 * HOUR);
  });

  it('waits as long as the receiver asks, when that is longer, up to 24 h', () => {
    expect(retryDelay(0, 0, 30)).toBe(30_000);
    expect(retryDelay(5, 0.25, 30)).toBe(32_250);
    expect(retryDelay(0, 0, 13 * 3600)).toBe(13 * HOUR);
    expect(retryDelay(0, 0, 999_999)).toBe(24 * HOUR);
    expect(retryDelay(0, 0.5, 0)).toBe(1_500);
  });
});

describe('isLastAttempt', () => {
  it('gives 3 retries 4 attempts', () => {
    expect([1, 2, 3, 4].map((attempt) => isLastAttempt(attempt, 3))).toEqual([false, false, false, true]);
    expect(isLastAttempt(1, 0)).toBe(true);
  });
  it('ends at once when the limit was lowered meanwhile', () => {
    expect(isLastAttempt(7, 3)).toBe(true);
  });
});

describe('wholeSeconds', () => {
  it.each([
    [-5, 0],
    [0, 0],
    [1, 1],
    [1_000, 1],
    [1_001, 2],
  ])('rounds %i ms up to %i s', (milliseconds, seconds) => {
    expect(wholeSeconds(milliseconds)).toBe(seconds);
  });
});

describe('parseRetryAfter', () => {
  const now = Date.UTC(1994, 10, 6, 8, 49, 7);
  it.each([
    ['0', 0],
    ['120', 120],
    [' 7 ', 7],
    ['86400', 86_400],
    ['86401', 86_400],
    ['999999999999999', 86_400],
    ['99999999999999999999', 86_400],
    ['9'.repeat(400), 86_400],
    ['00000000000000000000007', 7],
    ['Sun, 06 Nov 1994 08:49:37 GMT', 30],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 30],
    ['Sun Nov  6 08:49:37 1994', 30],
    ['Sun, 06 Nov 1994 08:49:00 GMT', 0],
    ['Sun, 06 Nov 2044 08:49:37 GMT', 86_400],
  ])('reads %j as %i seconds', (header, seconds) => {
    expect(parseRetryAfter(header, now)).toBe(seconds);
  });

  it.each([null, '', '-1', '1.5', '1e3', 'soon', '1994-11-06T08:49:37Z', 'Sun, 99 Nov 1994 08:49:37 GMT'])(
    'reads nothing from %j',
    (header) => {
      expect(parseRetryAfter(header, now)).toBeNull();
    },
  );

  it('rounds the rest of a second up', () => {
    expect(parseRetryAfter('Sun, 06 Nov 1994 08:49:37 GMT', now + 1)).toBe(30);
  });
});
