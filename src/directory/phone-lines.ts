import type { IdentityDatabase } from '../db/database.ts';
import type { UserRow } from '../db/rows.ts';
import { createDirectoryCache } from './changes.ts';
import { numbersOf } from './numbers.ts';

/** Most users with a telephone line that are listed. */
const LISTED_USERS = 1000;

/** Nobody is remembered too, since most numbers are those of contacts. */
type Line = { organization_id: string; user: UserRow | null };

const byLine = createDirectoryCache<Line>({
  limit: 10_000,
  isConcerned: (change, { organization_id, user }) =>
    change.kind === 'user' && (user === null ? change.organization_id === organization_id : change.user_id === user.id),
});

/**
 * The user of an organization who has an extension or a direct number; the extension counts first. Null for nobody. At
 * most `timeToLive` (ms) old.
 */
export async function findUserByLine(
  database: IdentityDatabase,
  organizationId: string,
  line: string,
  timeToLive: number,
): Promise<UserRow | null> {
  const found = await byLine.get(`${organizationId}/${line}`, timeToLive, async () => ({
    organization_id: organizationId,
    user: await database.first<UserRow>(
      `SELECT * FROM (
         SELECT 1 AS place, * FROM users INDEXED BY users_by_extension
           WHERE organization_id = ?1 AND extension = ?2 AND deleted_at IS NULL
         UNION ALL SELECT 2, * FROM users INDEXED BY users_by_did
           WHERE organization_id = ?1 AND did = ?2 AND deleted_at IS NULL)
       ORDER BY place LIMIT 1`,
      organizationId,
      line,
    ),
  }));
  return found?.user ?? null;
}

/** The users of an organization who have an extension, in its order, with their numbers; at most LISTED_USERS. */
export async function listUsersWithLine(
  database: IdentityDatabase,
  organizationId: string,
): Promise<(UserRow & { number: number })[]> {
  const [, rows] = await database.batch([
    [
      `INSERT INTO numbers (id) SELECT id FROM users INDEXED BY users_by_extension
       WHERE organization_id = ?1 AND extension IS NOT NULL AND deleted_at IS NULL
       ORDER BY extension LIMIT ${LISTED_USERS} ON CONFLICT DO NOTHING`,
      organizationId,
    ],
    [
      `SELECT users.*, numbers.number FROM users INDEXED BY users_by_extension JOIN numbers ON numbers.id = users.id
       WHERE organization_id = ?1 AND extension IS NOT NULL AND deleted_at IS NULL ORDER BY extension LIMIT ${LISTED_USERS}`,
      organizationId,
    ],
  ]);
  return (rows ?? []) as (UserRow & { number: number })[];
}

/** The user whom a number stands for; null for nobody of the organization. */
export function findUserByNumber(
  database: IdentityDatabase,
  organizationId: string,
  number: number,
): Promise<UserRow | null> {
  return database.first<UserRow>(
    `SELECT users.* FROM numbers JOIN users ON users.id = numbers.id
     WHERE numbers.number = ? AND users.organization_id = ? AND users.deleted_at IS NULL`,
    number,
    organizationId,
  );
}

/** Numbers never change, so an isolate may keep them. */
const numbers = new Map<string, number>();
const KEPT_NUMBERS = 50_000;

/** The numbers of an organization and of a user, from memory where they are known. */
export async function keptNumbersOf(
  database: IdentityDatabase,
  organizationId: string,
  userId: string,
): Promise<{ organization: number; user: number }> {
  const [organization, user] = [numbers.get(organizationId), numbers.get(userId)];
  if (organization !== undefined && user !== undefined) return { organization, user };
  const [first, second] = await numbersOf(database, organizationId, userId);
  if (second === null) throw new Error('a user has no number');
  if (numbers.size >= KEPT_NUMBERS) numbers.clear();
  numbers.set(organizationId, first).set(userId, second);
  return { organization: first, user: second };
}

/** The number of an organization, from memory where it is known. */
export async function keptNumberOf(database: IdentityDatabase, organizationId: string): Promise<number> {
  const known = numbers.get(organizationId);
  if (known !== undefined) return known;
  const [number] = await numbersOf(database, organizationId, null);
  if (numbers.size >= KEPT_NUMBERS) numbers.clear();
  numbers.set(organizationId, number);
  return number;
}
