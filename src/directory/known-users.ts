import type { IdentityDatabase } from '../db/database.ts';
import type { UserRow } from '../db/rows.ts';
import { createDirectoryCache } from './changes.ts';
import { findUsers } from './users.ts';

const known = createDirectoryCache<UserRow>({
  limit: 10_000,
  isConcerned: (change, { id }) => change.kind === 'user' && change.user_id === id,
});

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
