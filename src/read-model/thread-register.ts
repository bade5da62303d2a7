import type { Database } from '../db/database.ts';

/**
 * Names of the threads of a database above `after`, in their order: the register of what exists. Crosses organizations, as
 * only a rebuild may. At most `limit`.
 */
export async function listThreadNames(database: Database, after: string, limit: number): Promise<string[]> {
  const rows = await database.all<{ id: string }>(
    'SELECT id FROM threads WHERE id > ? ORDER BY id LIMIT ?',
    after,
    limit,
  );
  return rows.map(({ id }) => id);
}
