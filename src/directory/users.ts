import type { Database } from '../db/database.ts';
import { type Keyset, keysetClauses } from '../db/keyset.ts';
import type { UserRow } from '../db/rows.ts';
import type { UserFacts } from '../resources/user.ts';
import { assignments } from './assignments.ts';

/** The user as threads record him and as resources nest him. */
export function userFacts(row: Omit<UserRow, 'email' | 'deleted_at' | 'created_at' | 'updated_at'>): UserFacts {
  return {
    id: row.id,
    first_name: row.first_name,
    last_name: row.last_name,
    organization_id: row.organization_id,
    alias: row.alias,
    avatar: row.avatar_id !== null && row.avatar_url !== null ? { id: row.avatar_id, url: row.avatar_url } : null,
    is_bot: row.is_bot === 1,
    is_staff: row.is_staff === 1,
  };
}

/** A user of the organization who is not deleted. */
export function findUser(database: Database, organizationId: string, userId: string): Promise<UserRow | null> {
  return database.first<UserRow>(
    'SELECT * FROM users WHERE id = ? AND organization_id = ? AND deleted_at IS NULL',
    userId,
    organizationId,
  );
}

/** Those of the given users who belong to the organization and are not deleted, in no particular order. */
export function findUsers(database: Database, organizationId: string, userIds: readonly string[]): Promise<UserRow[]> {
  return database.all<UserRow>(
    `SELECT * FROM users
     WHERE id IN (SELECT value FROM json_each(?)) AND organization_id = ? AND deleted_at IS NULL`,
    JSON.stringify(userIds),
    organizationId,
  );
}

/** Users of the organization in the order of their ids, without deleted ones. */
export function listUsers(database: Database, organizationId: string, keyset: Keyset): Promise<UserRow[]> {
  const { where, orderBy, parameters } = keysetClauses({ columns: ['id'], descending: false }, keyset);
  return database.all<UserRow>(
    `SELECT * FROM users WHERE organization_id = ? AND deleted_at IS NULL AND ${where} ORDER BY ${orderBy}`,
    organizationId,
    ...parameters,
  );
}

export type NewUser = Omit<UserRow, 'organization_id' | 'deleted_at' | 'updated_at'>;

/** Adds a user to an organization that exists. Null when the id is taken. */
export function insertUser(database: Database, organizationId: string, user: NewUser): Promise<UserRow | null> {
  return database.first<UserRow>(
    `INSERT INTO users (id, organization_id, first_name, last_name, alias, avatar_id, avatar_url, email, is_bot, is_staff,
       created_at, updated_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT DO NOTHING RETURNING *`,
    user.id,
    organizationId,
    user.first_name,
    user.last_name,
    user.alias,
    user.avatar_id,
    user.avatar_url,
    user.email,
    user.is_bot,
    user.is_staff,
    user.created_at,
    user.created_at,
  );
}

export type UserChanges = Partial<Omit<NewUser, 'id' | 'created_at'>>;

/** Changes what is given. Null when the organization has no such user. */
export function updateUser(
  database: Database,
  organizationId: string,
  userId: string,
  changes: UserChanges,
  now: number,
): Promise<UserRow | null> {
  const { set, parameters } = assignments({ ...changes, updated_at: now });
  return database.first<UserRow>(
    `UPDATE users SET ${set} WHERE id = ? AND organization_id = ? AND deleted_at IS NULL RETURNING *`,
    ...parameters,
    userId,
    organizationId,
  );
}

/** Marks a user as deleted; his tokens stop working with it. False when the organization has no such user. */
export async function deleteUser(
  database: Database,
  organizationId: string,
  userId: string,
  now: number,
): Promise<boolean> {
  const { changes } = await database.run(
    'UPDATE users SET deleted_at = ?, updated_at = ? WHERE id = ? AND organization_id = ? AND deleted_at IS NULL',
    now,
    now,
    userId,
    organizationId,
  );
  return changes > 0;
}
