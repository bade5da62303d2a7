import type { OrganizationDatabase } from '../db/database.ts';

/**
 * Names of the threads in a database, in their order, above `after` and at most `limit`. It reads across organizations,
 * which only a rebuild may do.
 */
export async function listThreadNames(database: OrganizationDatabase, after: string, limit: number): Promise<string[]> {
  const rows = await database.all<{ id: string }>(
    'SELECT id FROM threads WHERE id > ? ORDER BY id LIMIT ?',
    after,
    limit,
  );
  return rows.map(({ id }) => id);
}
