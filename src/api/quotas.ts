import type { AppContext } from '../http/app-environment.ts';
import { knownOrganization } from '../http/organization-cache.ts';
import type { Refusal } from '../http/refusals.ts';
import { QUOTAS, type QuotaName, quotasOf } from '../resources/quotas.ts';

/** A quota of the organization of the request. Other isolates follow a change when their copy is AUTH_CACHE_SECONDS old. */
export async function quotaOf<Name extends QuotaName>(
  c: AppContext,
  name: Name,
): Promise<{ name: Name; limit: number }> {
  const organization = await knownOrganization(c, c.var.organization.id);
  return { name, limit: organization === null ? QUOTAS[name] : quotasOf(organization.quotas)[name] };
}

/** The refusal of a request that would exceed a quota. */
export function quotaReached({ name, limit }: { name: QuotaName; limit: number }): Refusal {
  return { reason: 'quota_reached', quota: name, limit };
}
