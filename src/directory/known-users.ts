import type { IdentityDatabase } from '../db/database.ts';
import type { UserRow } from '../db/rows.ts';
import { createIsolateCache, STALE_FOR } from '../platform/isolate-cache.ts';
import { findUsers } from './users.ts';

const known = createIsolateCache<UserRow>({ clock: Date.now, limit: 10_000, staleFor: STALE_FOR });

/**
 * Users of an organization by id: at most `timeToLive` (ms) old, up to 10 minutes while D1 cannot be reached. Users
 * that this isolate does not have are read with one query.
 */
export async function findKnownUsers(
  database: IdentityDatabase,
  organizationId: string,
  ids: readonly string[],
  timeToLive: number,
): Promise<Map<string, UserRow>> {
  let query: Promise<Map<string, UserRow>> | null = null;
  const load = async (id: string) => {
    query ??= findUsers(database, organizationId, [...ids]).then((rows) => new Map(rows.map((row) => [row.id, row])));
    return (await query).get(id) ?? null;
  };
  const users = await Promise.all(ids.map((id) => known.get(`${organizationId}/${id}`, timeToLive, () => load(id))));
  return new Map(users.flatMap((user) => (user === null ? [] : [[user.id, user]])));
}

/** Forgets a user in this isolate. */
export function forgetUser(userId: string): void {
  known.purgeWhere(({ id }) => id === userId);
}
