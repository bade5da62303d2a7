import { describe, expect, it } from 'vitest';
import { retriesInWords } from '../../../src/console-app/settings/channels/retries.ts';
import {
  changedSpan,
  endOf,
  mondayUntilFriday,
  officeHours,
  problemOfSpan,
  shownEnd,
  spansOf,
  withoutSpan,
  withSpan,
} from '../../../src/console-app/settings/rooms/week.ts';

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

describe('the service hours of a room', () => {
  const monday = { day: 'monday' as const, from: '09:00', to: '12:00' };

  it('begin with office hours, which a further span follows until the end of the day', () => {
    const { hours, time_zone } = officeHours('Europe/Helsinki');
    expect([time_zone, hours.length, hours[0]]).toEqual(['Europe/Helsinki', 5, { ...monday, to: '17:00' }]);
    expect(withSpan([], 'sunday')).toEqual([{ day: 'sunday', from: '09:00', to: '17:00' }]);
    const two = withSpan([monday], 'monday');
    expect(two).toEqual([monday, { day: 'monday', from: '12:00', to: '24:00' }]);
    expect(withSpan(two, 'monday')).toEqual(two);
    expect(spansOf(two, 'monday').map(({ place }) => place)).toEqual([0, 1]);
  });

  it('change and go by their place, and are copied from Monday until Friday', () => {
    const plan = [monday, { ...monday, day: 'friday' as const, to: '10:00' }, { ...monday, day: 'sunday' as const }];
    expect(changedSpan(plan, 1, { to: '11:00' })[1]).toEqual({ day: 'friday', from: '09:00', to: '11:00' });
    expect(withoutSpan(plan, 0)).toEqual(plan.slice(1));
    const copied = mondayUntilFriday(plan);
    expect(copied.map(({ day, to }) => `${day} ${to}`)).toEqual([
      'monday 12:00',
      'tuesday 12:00',
      'wednesday 12:00',
      'thursday 12:00',
      'friday 12:00',
      'sunday 12:00',
    ]);
  });

  it('end at midnight as a browser shows it, and say what is wrong', () => {
    expect([shownEnd('24:00'), endOf('00:00'), endOf('17:00')]).toEqual(['00:00', '24:00', '17:00']);
    expect(problemOfSpan(monday)).toBeNull();
    expect(problemOfSpan({ ...monday, to: '09:00' })).toBe('The end must be later than the start.');
    expect(problemOfSpan({ ...monday, from: '' })).toBe('Enter both times.');
  });
});
