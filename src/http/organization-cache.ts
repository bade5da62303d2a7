import type { OrganizationRow } from '../db/rows.ts';
import { findOrganization } from '../directory/organizations.ts';
import { cacheTimeToLive, createIsolateCache, STALE_FOR } from '../platform/isolate-cache.ts';
import { type AppContext, identityDatabase } from './app-environment.ts';

const organizations = createIsolateCache<OrganizationRow>({
  clock: () => Date.now(),
  limit: 10_000,
  staleFor: STALE_FOR,
});

/** An organization that a request names without a user's token. Cached like tokens. Null when there is none. */
export function knownOrganization(c: AppContext, organizationId: string): Promise<OrganizationRow | null> {
  const load = () => findOrganization(identityDatabase(c), organizationId);
  return organizations.get(organizationId, cacheTimeToLive(c.env), load);
}

/** Forgets an organization in this isolate. Other isolates forget it when their copy is AUTH_CACHE_SECONDS old. */
export function purgeKnownOrganization(organizationId: string): void {
  organizations.purge(organizationId);
}
