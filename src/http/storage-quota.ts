import { DAY, dayOf } from '../resources/clock.ts';
import type { QuotaName } from '../resources/quotas.ts';
import type { AppMiddleware } from './app-environment.ts';
import { refuse } from './refusals.ts';

const NAME: QuotaName = 'stored_bytes';

/**
 * Refuses to store more of an organization that has stored its bytes of the day: 429 until the next day begins (UTC).
 * Must follow authentication, whose cached row has the count, so it costs nothing and follows within AUTH_CACHE_SECONDS.
 */
export const limitStorage: AppMiddleware = async (c, next) => {
  const { stored } = (c.get('visitor') ?? c.get('keyHolder') ?? c.get('principal')).organization;
  const now = Date.now();
  if (stored.day === dayOf(now) && stored.bytes >= stored.quota) {
    const seconds = Math.ceil(((dayOf(now) + 1) * DAY - now) / 1000);
    return refuse(c, { reason: 'day_quota_reached', quota: NAME, limit: stored.quota, seconds });
  }
  await next();
};
