/** The longest pause between two attempts, in seconds (docs/webhooks.md, "Success, failure, retries"). */
const LONGEST_PAUSE = 43_200;
const MINUTE = 60;
const HOUR = 3600;

/** How long a webhook that fails is tried again, in words. Pauses double: 1, 2, 4 … seconds. */
export function retriesInWords(count: number | null): string {
  if (count === null || !(count >= 0)) return 'How often a webhook that failed is sent again.';
  if (count === 0) return 'A webhook that fails is not sent again.';
  const pauses = Array.from({ length: Math.min(count, 20) }, (_, retry) => Math.min(2 ** retry, LONGEST_PAUSE));
  const seconds = pauses.reduce((sum, pause) => sum + pause, 0);
  const warning = seconds < 10 * MINUTE ? ' A restart of the receiver may take longer.' : '';
  return `Gives up about ${lengthOf(seconds)} after the first attempt.${warning}`;
}

function lengthOf(seconds: number): string {
  if (seconds < 2 * MINUTE) return seconds === 1 ? 'a second' : `${seconds} seconds`;
  if (seconds < 2 * HOUR) return `${Math.round(seconds / MINUTE)} minutes`;
  return `${Math.round(seconds / HOUR)} hours`;
}
