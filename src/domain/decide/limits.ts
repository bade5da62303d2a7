import type { Limit } from '../commands.ts';

/**
 * Seconds until one more is within a limit; null when it is now, or without a limit. `times`: of the earlier ones, oldest
 * first. Times in ms.
 */
export function secondsToWait(times: readonly number[], limit: Limit | null | undefined, now: number): number | null {
  if (limit == null) return null;
  const recent = times.filter((at) => at > now - limit.period);
  const leaving = recent.at(-limit.most);
  if (recent.length < limit.most || leaving === undefined) return null;
  return Math.max(1, Math.ceil((leaving + limit.period - now) / 1000));
}
