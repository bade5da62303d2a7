/** When a failed webhook is tried again (UMI documentation, 3: 2^n s and 0–1 s of jitter; n counts from 0). Pure. */

const MILLISECONDS_PER_HOUR = 3_600_000;
const MAX_BACKOFF_MILLISECONDS = 12 * MILLISECONDS_PER_HOUR;
const MAX_RETRY_AFTER_SECONDS = 24 * 3600;

/** Beyond this exponent the cap applies anyway. It keeps the power a safe integer. */
const MAX_EXPONENT = 30;

/**
 * Milliseconds from a failure to the next attempt. `failure` counts from 0; `random` is in [0, 1). `retryAfter`:
 * seconds that the receiver asked for, or null; it applies if it is longer. At most 12 h, with `retryAfter` 24 h.
 */
export function retryDelay(failure: number, random: number, retryAfter: number | null): number {
  const backoff = 2 ** Math.min(failure, MAX_EXPONENT) * 1000 + Math.floor(random * 1000);
  const asked = Math.min(retryAfter ?? 0, MAX_RETRY_AFTER_SECONDS) * 1000;
  return Math.max(Math.min(backoff, MAX_BACKOFF_MILLISECONDS), asked);
}

/** Whether a failed attempt (1 for the first) was the last. 3 retries make 4 attempts. */
export function isLastAttempt(attempt: number, maxRetryCount: number): boolean {
  return attempt > maxRetryCount;
}

/**
 * Milliseconds as whole seconds, rounded up: a queue ignores fractions, and an early wake-up is answered with `wait`.
 */
export function wholeSeconds(milliseconds: number): number {
  return Math.max(0, Math.ceil(milliseconds / 1000));
}

const DELAY_SECONDS = /^\d+$/;
const HTTP_DATES = [
  /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/,
  /^[A-Z][a-z]{5,8}, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT$/,
  /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/,
];

/**
 * The seconds that a `Retry-After` header asks for, rounded up, at most 24 h (RFC 9110, 10.2.3: seconds, or a date in
 * one of three forms). Null when there is no valid header. `now` in ms.
 */
export function parseRetryAfter(header: string | null, now: number): number | null {
  const text = header?.trim() ?? '';
  if (DELAY_SECONDS.test(text)) return Math.min(Number(text), MAX_RETRY_AFTER_SECONDS);
  if (!HTTP_DATES.some((form) => form.test(text))) return null;
  const at = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return Number.isNaN(at) ? null : Math.min(wholeSeconds(at - now), MAX_RETRY_AFTER_SECONDS);
}
