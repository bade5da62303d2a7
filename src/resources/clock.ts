/**
 * A time as ISO 8601 in UTC, with three fraction digits and `Z`: the only form in which the hub shows times. `at` in
 * ms.
 */
export function isoTime(at: number): string {
  return new Date(at).toISOString();
}

/** The same for a time that may be null. */
export function isoTimeOrNull(at: number | null): string | null {
  return at === null ? null : isoTime(at);
}

/** Whether a text is an existing day as YYYY-MM-DD. */
export function isDay(text: string): boolean {
  const at = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(text);
}

/** A day in ms. */
export const DAY = 24 * 3_600_000;

/** The day of a time (ms): days since 1970, UTC. */
export function dayOf(at: number): number {
  return Math.floor(at / DAY);
}
