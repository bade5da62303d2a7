/** Two numbers without a common measure: the multiples of each, modulo 1, fill the interval evenly. */
const GOLDEN_RATIO = 0.618033988749895;
const ROOT_OF_TWO = 0.414213562373095;

/**
 * Where a run of the watchdog begins: a place in [0, 1) that is another one in each minute (`now` in ms), so that nothing has
 * to be kept between runs.
 */
export function goldenPlaceAt(now: number): number {
  return placeAt(now, GOLDEN_RATIO);
}

/** The same by another step, for a second thing to begin in. */
export function otherPlaceAt(now: number): number {
  return placeAt(now, ROOT_OF_TWO);
}

/** The beginning of the name of a thread at this place among all names: 12 bits, then 62 that start with a small digit. */
export function threadNameAt(place: number): string {
  const high12 = Math.floor(place * 2 ** 12);
  const next30 = Math.floor(((place * 2 ** 12) % 1) * 2 ** 30);
  return high12.toString(16).padStart(3, '0') + next30.toString(16).padStart(8, '0');
}

function placeAt(now: number, step: number): number {
  return (Math.floor(now / 60_000) * step) % 1;
}
