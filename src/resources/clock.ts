/** ISO 8601 UTC with three fraction digits and `Z`: the only form in which a time leaves the hub. `at` in ms. */
export function isoTime(at: number): string {
  return new Date(at).toISOString();
}

export function isoTimeOrNull(at: number | null): string | null {
  return at === null ? null : isoTime(at);
}
