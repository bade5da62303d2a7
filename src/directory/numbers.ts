import type { IdentityDatabase } from '../db/database.ts';

/**
 * The numbers of an organization and a user: positive integers that never change, for apps that expect an integer where
 * the hub has a UUID. A number is given when it is first asked for. Null for no user.
 */
export async function numbersOf(
  identity: IdentityDatabase,
  organizationId: string,
  userId: string | null,
): Promise<[organization: number, user: number | null]> {
  const ids = JSON.stringify(userId === null ? [organizationId] : [organizationId, userId]);
  const [, rows] = await identity.batch([
    ['INSERT INTO numbers (id) SELECT value FROM json_each(?) WHERE true ON CONFLICT DO NOTHING', ids],
    ['SELECT id, number FROM numbers WHERE id IN (SELECT value FROM json_each(?))', ids],
  ]);
  const numbers = new Map(
    (rows as { id: string; number: number }[] | undefined)?.map(({ id, number }) => [id, number]),
  );
  const organization = numbers.get(organizationId);
  const user = userId === null ? null : numbers.get(userId);
  if (organization === undefined || user === undefined) throw new Error('a number that was just given is not there');
  return [organization, user];
}
