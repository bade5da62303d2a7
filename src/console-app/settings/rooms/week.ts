import type { ServiceHours, ServiceSpan } from '../../../resources/service-hours.ts';

export type Day = ServiceSpan['day'];

/** The days of a week as people plan them, from Monday on. */
export const DAYS: readonly { readonly day: Day; readonly name: string }[] = [
  { day: 'monday', name: 'Monday' },
  { day: 'tuesday', name: 'Tuesday' },
  { day: 'wednesday', name: 'Wednesday' },
  { day: 'thursday', name: 'Thursday' },
  { day: 'friday', name: 'Friday' },
  { day: 'saturday', name: 'Saturday' },
  { day: 'sunday', name: 'Sunday' },
];

const OFFICE_HOURS = { from: '09:00', to: '17:00' };
const WORKDAYS: readonly Day[] = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday'];

/** The plan that a new editor begins with: Monday to Friday. */
export function officeHours(timeZone: string): ServiceHours {
  return { time_zone: timeZone, hours: WORKDAYS.map((day) => ({ day, ...OFFICE_HOURS })) };
}

/** The spans of a day, each with its place in the plan. */
export function spansOf(hours: readonly ServiceSpan[], day: Day): { span: ServiceSpan; place: number }[] {
  return hours.flatMap((span, place) => (span.day === day ? [{ span, place }] : []));
}

/** With one more span on a day: after its last one, or the office hours. A full day stays as it is. */
export function withSpan(hours: readonly ServiceSpan[], day: Day): ServiceSpan[] {
  const last = spansOf(hours, day)
    .map(({ span }) => span.to)
    .sort()
    .at(-1);
  if (last === undefined) return [...hours, { day, ...OFFICE_HOURS }];
  return last >= '23:59' ? [...hours] : [...hours, { day, from: last, to: '24:00' }];
}

export function withoutSpan(hours: readonly ServiceSpan[], place: number): ServiceSpan[] {
  return hours.filter((_, at) => at !== place);
}

export function changedSpan(
  hours: readonly ServiceSpan[],
  place: number,
  change: Partial<Pick<ServiceSpan, 'from' | 'to'>>,
): ServiceSpan[] {
  return hours.map((span, at) => (at === place ? { ...span, ...change } : span));
}

/** With Monday's spans on the days until Friday, in place of theirs. */
export function mondayUntilFriday(hours: readonly ServiceSpan[]): ServiceSpan[] {
  const monday = hours.filter(({ day }) => day === 'monday');
  const others = hours.filter(({ day }) => !WORKDAYS.includes(day));
  return [...WORKDAYS.flatMap((day) => monday.map((span) => ({ ...span, day }))), ...others];
}

/** What a browser's field for a time shows of the end of a span, and back: it knows no 24:00. */
export const shownEnd = (to: string) => (to === '24:00' ? '00:00' : to);
export const endOf = (shown: string) => (shown === '00:00' ? '24:00' : shown);

/** What is wrong with a span, in words; null when nothing is. */
export function problemOfSpan({ from, to }: ServiceSpan): string | null {
  if (from === '' || to === '') return 'Enter both times.';
  return from < to ? null : 'The end must be later than the start.';
}
