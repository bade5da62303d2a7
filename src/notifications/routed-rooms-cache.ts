import type { Cost } from '../db/cost.ts';
import { openIdentityDatabase, openOrganizationDatabase } from '../db/database.ts';
import { createDirectoryCache } from '../directory/changes.ts';
import { readRoutedRooms } from '../directory/read-routed-rooms.ts';
import type { RoutedRooms } from '../directory/routed-rooms.ts';
import { cacheTimeToLive } from '../platform/isolate-cache.ts';

/** Limit of the cache in rows, some 20 MB. Organizations differ from a few rows to many thousands. */
const MOST_ROWS_KEPT = 200_000;

const cache = createDirectoryCache<RoutedRooms>({
  limit: MOST_ROWS_KEPT,
  weightOf: ({ size }) => 1 + size,
  isConcerned: (change, routed) =>
    (change.kind === 'routing' && change.organization_ids.some((id) => routed.concern(id))) ||
    (change.kind === 'organization' && routed.concern(change.organization_id)),
});

/**
 * The rooms that are routed to an organization and to each of its users: at most AUTH_CACHE_SECONDS old, older while
 * they are read again or D1 cannot be reached. Rejects when D1 cannot be reached and this isolate has no copy.
 * `database` is the organization's.
 */
export async function routedRoomsOf(
  env: Env,
  cost: Cost,
  organization: { id: string; database: string },
): Promise<RoutedRooms> {
  const load = () =>
    readRoutedRooms(
      { identity: openIdentityDatabase(env, cost), organization: openOrganizationDatabase(env, organization, cost) },
      organization.id,
    );
  const found = await cache.get(organization.id, cacheTimeToLive(env), load);
  if (found === null) throw new Error('an organization always has routed rooms, if only none');
  return found;
}

/** The copy of this isolate, if it is younger than `age` (ms); null otherwise. */
export function cachedRoutedRooms(organizationId: string, age: number): RoutedRooms | null {
  return cache.peek(organizationId, age);
}
