import { findVisitorOrganization, type VisitorOrganization } from '../directory/revoked-visitors.ts';
import { cacheTimeToLive, createIsolateCache, STALE_FOR } from '../platform/isolate-cache.ts';
import { type AppContext, identityDatabase } from './app-environment.ts';

const organizations = createIsolateCache<VisitorOrganization>({
  clock: () => Date.now(),
  limit: 10_000,
  staleFor: STALE_FOR,
});

/** The organization of a visitor, or of one who becomes a visitor. Cached like tokens. Null when there is none. */
export function knownOrganization(c: AppContext, organizationId: string): Promise<VisitorOrganization | null> {
  const load = () => findVisitorOrganization(identityDatabase(c), organizationId, Date.now());
  return organizations.get(organizationId, cacheTimeToLive(c.env), load);
}

/** Forgets an organization in this isolate. Other isolates forget it when their copy is AUTH_CACHE_SECONDS old. */
export function purgeKnownOrganization(organizationId: string): void {
  organizations.purge(organizationId);
}
