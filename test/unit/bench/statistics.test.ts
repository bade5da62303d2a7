import { describe, expect, it } from 'vitest';
import { atLeast, atMost, below, ratios } from '../../../bench/report.ts';
import { median, percentile, spread } from '../../../bench/statistics.ts';

describe('the figures of several runs', () => {
  it('are the median with the minimum and the maximum', () => {
    expect(spread([30, 10, 20], 1)).toBe('20.0 [10.0–30.0]');
    expect(spread([10.5], 1)).toBe('10.5');
    expect(median([4, 1, 3, 2])).toBe(2);
  });

  it('are sorted as numbers, not as texts', () => {
    expect(median([100, 9, 20])).toBe(20);
  });

  it('are unknown when one of them is unknown', () => {
    expect(spread([1, Number.NaN, 3], 1)).toBe('unknown');
  });

  it('have percentiles by nearest rank', () => {
    const hundred = Array.from({ length: 100 }, (_, place) => place + 1);
    expect([0, 0.5, 0.95, 1].map((share) => percentile(hundred, share))).toEqual([1, 50, 95, 100]);
  });
});

describe('goals', () => {
  it('are judged by the median', () => {
    expect(atLeast('a', [0.5, 0.65, 0.7], 0.65).isMet).toBe(true);
    expect(atLeast('a', [0.5, 0.6, 0.9], 0.65).isMet).toBe(false);
    expect(atMost('a', [5, 5, 9], 5).isMet).toBe(true);
    expect(below('a', [20, 20, 1], 20).isMet).toBe(false);
  });

  it('are missed by unknown figures', () => {
    for (const judge of [atLeast, atMost, below]) expect(judge('a', [Number.NaN], 1).isMet).toBe(false);
    expect(atLeast('a', ratios([1], []), 0.5).isMet).toBe(false);
  });

  it('compare the figures run by run', () => {
    expect(ratios([10, 30], [20, 10])).toEqual([0.5, 3]);
  });
});
