/** What fails is tried again after 1 s, then after twice as long each time, up to 5 min. */
const FIRST_BACKOFF = 1000;
const LAST_BACKOFF = 300_000;

/** How long to wait after this many failures in a row, the first being 1. ms. */
export function backoffAfter(failures: number): number {
  return Math.min(LAST_BACKOFF, FIRST_BACKOFF * 2 ** (failures - 1));
}
