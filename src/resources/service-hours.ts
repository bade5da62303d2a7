/** The days of a week plan, in the order of JavaScript's week. */
export const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const;

/** A part of a day: from a time (HH:MM) to before another one; `24:00` is the day's end. */
export type ServiceSpan = { day: (typeof WEEKDAYS)[number]; from: string; to: string };

/** When a room is open, week by week. `time_zone`: a name of the IANA database, such as `Europe/Helsinki`. */
export type ServiceHours = { time_zone: string; hours: ServiceSpan[] };

/**
 * Whether a plan has the room open at a time (ms). What counts is what a clock on the wall of the time zone shows: a time
 * that a change of the clocks repeats counts twice, one that it skips never comes.
 */
export function isWithinServiceHours({ time_zone, hours }: ServiceHours, at: number): boolean {
  const { day, time } = wallClock(time_zone, at);
  return hours.some((span) => span.day === day && span.from <= time && time < span.to);
}

/** Whether a text names a time zone of the IANA database. Offsets such as `+02:00` know no summer time. */
export function isTimeZone(text: string): boolean {
  if (!/^[A-Za-z]/.test(text)) return false;
  try {
    clockOf(text);
    return true;
  } catch {
    return false;
  }
}

function wallClock(timeZone: string, at: number): { day: string; time: string } {
  const parts = new Map(
    clockOf(timeZone)
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  );
  return { day: parts.get('weekday')?.toLowerCase() ?? '', time: `${parts.get('hour')}:${parts.get('minute')}` };
}

/** Making one costs far more than asking it. */
const clocks = new Map<string, Intl.DateTimeFormat>();
/** There are about 600 names of time zones, each in any case. */
const MOST_CLOCKS = 1000;

/** Throws a RangeError for an unknown time zone. */
function clockOf(timeZone: string): Intl.DateTimeFormat {
  const known = clocks.get(timeZone);
  if (known !== undefined) return known;
  const clock = new Intl.DateTimeFormat('en-US', {
    timeZone,
    weekday: 'long',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  if (clocks.size >= MOST_CLOCKS) clocks.clear();
  clocks.set(timeZone, clock);
  return clock;
}
