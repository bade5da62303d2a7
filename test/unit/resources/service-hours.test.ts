import { describe, expect, it } from 'vitest';
import { isTimeZone, isWithinServiceHours, type ServiceSpan, WEEKDAYS } from '../../../src/resources/service-hours.ts';

const helsinki = (...hours: ServiceSpan[]) => ({ time_zone: 'Europe/Helsinki', hours });
const isOpen = (plan: Parameters<typeof isWithinServiceHours>[0], at: string) =>
  isWithinServiceHours(plan, Date.parse(at));

describe('a plan for office hours', () => {
  const plan = helsinki({ day: 'monday', from: '09:00', to: '17:00' });

  it.each<[string, boolean]>([
    ['2026-01-05T06:59:59.999Z', false],
    ['2026-01-05T07:00:00.000Z', true],
    ['2026-01-05T14:59:59.999Z', true],
    ['2026-01-05T15:00:00.000Z', false],
    ['2026-01-06T10:00:00.000Z', false],
    // In summer the same hours begin an hour earlier in UTC.
    ['2026-07-06T05:59:59.999Z', false],
    ['2026-07-06T06:00:00.000Z', true],
    ['2026-07-06T14:00:00.000Z', false],
  ])('at %s it is open: %s', (at, open) => {
    expect(isOpen(plan, at)).toBe(open);
  });
});

it('without spans is never open', () => {
  for (const day of ['04', '05', '06', '07', '08', '09', '10']) {
    expect([day, isOpen(helsinki(), `2026-01-${day}T12:00:00Z`)]).toEqual([day, false]);
  }
});

it('knows each day of the week, and lets a night go on over midnight', () => {
  const all = helsinki(...WEEKDAYS.map((day) => ({ day, from: '00:00', to: '24:00' })));
  for (let hour = 0; hour < 7 * 24; hour++) {
    expect(isWithinServiceHours(all, Date.parse('2026-01-04T00:00:00Z') + hour * 3_600_000)).toBe(true);
  }
  const night = helsinki(
    { day: 'friday', from: '22:00', to: '24:00' },
    { day: 'saturday', from: '00:00', to: '02:00' },
  );
  const spring = ['19:59', '20:00', '21:59', '22:00', '23:59'].map((time) => isOpen(night, `2026-01-09T${time}:00Z`));
  expect(spring).toEqual([false, true, true, true, true]);
  expect(isOpen(night, '2026-01-10T00:00:00Z')).toBe(false);
});

describe('when the clocks change', () => {
  // 29 March 2026: 03:00 is followed by 04:00. 25 October 2026: 04:00 is followed by 03:00.
  const early = helsinki({ day: 'sunday', from: '03:30', to: '04:30' });

  it('a time that is skipped never comes, and the rest of its span holds', () => {
    expect(isOpen(early, '2026-03-29T00:59:59.999Z')).toBe(false);
    expect(isOpen(early, '2026-03-29T01:00:00.000Z')).toBe(true);
    expect(isOpen(early, '2026-03-29T01:30:00.000Z')).toBe(false);
    const skipped = helsinki({ day: 'sunday', from: '03:00', to: '04:00' });
    for (let minute = 0; minute < 24 * 60; minute++) {
      expect(isWithinServiceHours(skipped, Date.parse('2026-03-28T22:00:00Z') + minute * 60_000)).toBe(false);
    }
  });

  it('a time that comes twice counts twice', () => {
    const at = (time: string) => isOpen(early, `2026-10-25T${time}:00.000Z`);
    expect(['00:29', '00:30', '00:59', '01:00', '01:29', '01:30', '02:29', '02:30'].map(at)).toEqual([
      false,
      true,
      true,
      false,
      false,
      true,
      true,
      false,
    ]);
  });

  it('a half hour’s change of Lord Howe counts too', () => {
    const plan = { time_zone: 'Australia/Lord_Howe', hours: [{ day: 'monday' as const, from: '09:00', to: '10:00' }] };
    expect([isOpen(plan, '2026-01-04T22:00:00Z'), isOpen(plan, '2026-01-04T23:00:00Z')]).toEqual([true, false]);
    expect([isOpen(plan, '2026-07-05T22:29:00Z'), isOpen(plan, '2026-07-05T22:30:00Z')]).toEqual([false, true]);
  });
});

it('knows the time zones of the IANA database, and no offsets', () => {
  for (const name of ['Europe/Helsinki', 'europe/helsinki', 'UTC', 'America/Argentina/Buenos_Aires']) {
    expect([name, isTimeZone(name)]).toEqual([name, true]);
  }
  for (const name of ['', '+02:00', 'Europe/Atlantis', 'Helsinki', ' UTC']) {
    expect([name, isTimeZone(name)]).toEqual([name, false]);
  }
});
