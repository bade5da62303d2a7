import type { Cost } from '../db/cost.ts';
import { db } from '../db/database.ts';
import { readReaches } from '../directory/reach.ts';
import type { Reaches } from '../directory/reaches.ts';
import { cacheTimeToLive, createIsolateCache, STALE_FOR } from '../platform/isolate-cache.ts';

/** Counted in rows, because an organization may have a few or many thousands of them: some 20 MB. */
const MOST_ROWS_KEPT = 200_000;

const reaches = createIsolateCache<Reaches>({
  clock: () => Date.now(),
  limit: MOST_ROWS_KEPT,
  staleFor: STALE_FOR,
  weightOf: ({ size }) => 1 + size,
});

/**
 * What is routed to an organization and to each of its users: at most AUTH_CACHE_SECONDS old, and older while it is read anew or D1
 * cannot be reached. Rejects when D1 cannot be reached and this isolate does not know. `database` is the organization's.
 */
export async function reachesOf(
  env: Env,
  cost: Cost,
  organization: { id: string; database: string },
): Promise<Reaches> {
  const load = () =>
    readReaches({ identity: db(env, null, cost), organization: db(env, organization, cost) }, organization.id);
  const found = await reaches.get(organization.id, cacheTimeToLive(env), load);
  if (found === null) throw new Error('an organization always has a reach');
  return found;
}

/** What this isolate has of that, if it is younger than `age` (ms). */
export function knownReaches(organizationId: string, age: number): Reaches | null {
  return reaches.peek(organizationId, age);
}

/** Forgets all of it in this isolate. */
export function purgeReaches(): void {
  reaches.purgeWhere(() => true);
}
