const TIME = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const WITH_SECONDS = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const DAY = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const LONG_DAY = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });
const WITH_YEAR = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric' });
const WHOLE = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

export const timeOf = (iso: string): string => TIME.format(new Date(iso));

/** Day and time in full, to be shown on demand. */
export const wholeTimeOf = (iso: string): string => WHOLE.format(new Date(iso));

/** Short enough for a row: the time of today, else the day. `now` in ms. */
export function shortTime(iso: string, now: number): string {
  const [then, today] = [new Date(iso), new Date(now)];
  if (then.toDateString() === today.toDateString()) return TIME.format(then);
  return (then.getFullYear() === today.getFullYear() ? DAY : WITH_YEAR).format(then);
}

/** The heading of a day's messages. `now` in ms. */
export function dayOf(iso: string, now: number): string {
  const [then, today] = [new Date(iso), new Date(now)];
  if (then.toDateString() === today.toDateString()) return 'Today';
  const yesterday = new Date(now);
  yesterday.setDate(yesterday.getDate() - 1);
  if (then.toDateString() === yesterday.toDateString()) return 'Yesterday';
  return (then.getFullYear() === today.getFullYear() ? LONG_DAY : WITH_YEAR).format(then);
}

/** How long somebody waits: 0:07, 12:30, 3 h 05, 2 d. `now` in ms. */
export function waitOf(since: string, now: number): string {
  const seconds = Math.max(0, Math.floor((now - Date.parse(since)) / 1000));
  const minutes = Math.floor(seconds / 60);
  const two = (number: number) => String(number).padStart(2, '0');
  if (minutes < 60) return `${minutes}:${two(seconds % 60)}`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${two(minutes % 60)}` : `${Math.floor(hours / 24)} d`;
}

/** How long it takes until a time, at least 0:00. `now` in ms. */
export const untilOf = (iso: string, now: number): string => waitOf(new Date(now).toISOString(), Date.parse(iso));

/** The time with seconds, with the day unless that is today. `now` in ms. */
export function exactTime(iso: string, now: number): string {
  const then = new Date(iso);
  const time = WITH_SECONDS.format(then);
  return then.toDateString() === new Date(now).toDateString() ? time : `${shortTime(iso, now)}, ${time}`;
}

/** How long something took, in seconds: 0:42, 1:02:03. */
export function durationOf(seconds: number): string {
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, Math.floor(seconds) % 60];
  const two = (number: number) => String(number).padStart(2, '0');
  return hours === 0 ? `${minutes}:${two(rest)}` : `${hours}:${two(minutes)}:${two(rest)}`;
}
