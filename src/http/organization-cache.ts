import { createDirectoryCache } from '../directory/changes.ts';
import { findVisitorOrganization, type VisitorOrganization } from '../directory/revoked-visitors.ts';
import { cacheTimeToLive } from '../platform/isolate-cache.ts';
import { type AppContext, identityDatabase } from './app-environment.ts';

const organizations = createDirectoryCache<VisitorOrganization>({
  limit: 10_000,
  isConcerned: (change, { id }) =>
    (change.kind === 'organization' || change.kind === 'visitors') && change.organization_id === id,
});

/** The organization of a visitor, or of one who becomes a visitor. Cached like tokens. Null when there is none. */
export function knownOrganization(c: AppContext, organizationId: string): Promise<VisitorOrganization | null> {
  const load = () => findVisitorOrganization(identityDatabase(c), organizationId, Date.now());
  return organizations.get(organizationId, cacheTimeToLive(c.env), load);
}
