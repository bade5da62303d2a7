import { describe, expect, it } from 'vitest';
import { retriesInWords } from '../../../src/console-app/settings/channels/retries.ts';

describe('the retries of a channel in words', () => {
  it.each([
    [0, 'A webhook that fails is not sent again.'],
    [1, 'Gives up about a second after the first attempt. A restart of the receiver may take longer.'],
    [3, 'Gives up about 7 seconds after the first attempt. A restart of the receiver may take longer.'],
    [8, 'Gives up about 4 minutes after the first attempt. A restart of the receiver may take longer.'],
    [10, 'Gives up about 17 minutes after the first attempt.'],
    [12, 'Gives up about 68 minutes after the first attempt.'],
    [20, 'Gives up about 66 hours after the first attempt.'],
  ])('%i', (count, words) => {
    expect(retriesInWords(count)).toBe(words);
  });

  it('say what is asked while there is no number', () => {
    for (const nothing of [null, Number.NaN, -1]) expect(retriesInWords(nothing)).toMatch(/^How often/);
  });
});
