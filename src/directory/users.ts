import type { IdentityDatabase, Statement } from '../db/database.ts';
import { CREATION_ORDERS, type Keyset, type KeysetOrder, keysetClauses } from '../db/keyset.ts';
import type { UserRow } from '../db/rows.ts';
import type { UserFacts } from '../resources/user.ts';
import type { NestedOrganization, UserAccount, UserPreferences, UserProfile } from '../resources/user-account.ts';
import { assignments } from './assignments.ts';
import { deleteRepliesOf } from './canned-replies.ts';
import { changing } from './changes.ts';
import { type Inserted, insertBelow, isBelow } from './quotas.ts';

/** The columns that threads record of a user. */
export type UserFactsRow = Pick<
  UserRow,
  'id' | 'first_name' | 'last_name' | 'organization_id' | 'alias' | 'avatar_id' | 'avatar_url' | 'is_bot' | 'is_staff'
>;

/** A user as threads record them and resources nest them. */
export function userFacts(row: UserFactsRow): UserFacts {
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

/** A user's account; `now` (ms) decides whether they are present. */
export function userAccount(row: UserRow, organization: NestedOrganization, now: number): UserAccount {
  return {
    facts: userFacts(row),
    organization,
    email: row.email,
    extension: row.extension,
    did: row.did,
    profile: userProfile(row),
    is_online_enabled: row.is_online_enabled === 1,
    is_present: row.present_until !== null && row.present_until > now,
    current_chat_count: row.current_chat_count,
    deleted_at: row.deleted_at,
    created_at: row.created_at,
    updated_at: row.updated_at,
  };
}

const NO_PROFILE: UserProfile = { title: null, phone: null, gender: null, birthday: null };

/** The profile in a user's row. */
export function userProfile(row: Pick<UserRow, 'profile'>): UserProfile {
  return { ...NO_PROFILE, ...(JSON.parse(row.profile) as Partial<UserProfile>) };
}

/** As a row has them. What a console keeps is a text there, so that a change replaces it as a whole. */
type StoredPreferences = Omit<UserPreferences, 'console'> & { console: string };

/** The preferences in a user's row, with defaults for missing ones. */
export function userPreferences(row: Pick<UserRow, 'preferences'>): UserPreferences {
  const { console = '{}', ...stored } = JSON.parse(row.preferences) as Partial<StoredPreferences>;
  return { chat_capacity: null, ui_language_code: 'en', ...stored, console: JSON.parse(console) };
}

/** A user of the organization; null when there is none or they are deleted. */
export function findUser(database: IdentityDatabase, organizationId: string, userId: string): Promise<UserRow | null> {
  return database.first<UserRow>(
    'SELECT * FROM users WHERE id = ? AND organization_id = ? AND deleted_at IS NULL',
    userId,
    organizationId,
  );
}

/** Those of the given users who belong to the organization and are not deleted, in any order. */
export function findUsers(
  database: IdentityDatabase,
  organizationId: string,
  userIds: readonly string[],
): Promise<UserRow[]> {
  return database.all<UserRow>(
    `SELECT * FROM users
     WHERE id IN (SELECT value FROM json_each(?)) AND organization_id = ? AND deleted_at IS NULL`,
    JSON.stringify(userIds),
    organizationId,
  );
}

/** Which of the given users, of any organization, are deleted. Memberships show it (Chats API, Chat memberships). */
export async function findDeletedUsers(
  database: IdentityDatabase,
  userIds: readonly string[],
): Promise<ReadonlySet<string>> {
  if (userIds.length === 0) return new Set();
  const rows = await database.all<{ id: string }>(
    'SELECT id FROM users WHERE id IN (SELECT value FROM json_each(?)) AND deleted_at IS NOT NULL',
    JSON.stringify(userIds),
  );
  return new Set(rows.map(({ id }) => id));
}

/** The orderings of lists of users, with the columns of each. */
export const USER_ORDERS = {
  ...CREATION_ORDERS,
  email: { columns: ['email_order', 'id'], descending: false },
  '-email': { columns: ['email_order', 'id'], descending: true },
} as const satisfies Record<string, KeysetOrder>;

export type UserOrdering = keyof typeof USER_ORDERS;

/** The indexes of a list: of all users, and of those who are not deleted. */
const USER_INDEXES = {
  created_at: { all: 'users_by_created_at', undeleted: 'users_undeleted_by_created_at' },
  email_order: { all: 'users_by_email', undeleted: 'users_undeleted_by_email' },
};

/** Lists the users of the organization. A key holds the ordering's columns in USER_ORDERS. */
export function listUsers(
  database: IdentityDatabase,
  organizationId: string,
  { ordering, includesDeleted }: { ordering: UserOrdering; includesDeleted: boolean },
  keyset: Keyset,
): Promise<UserRow[]> {
  const order = USER_ORDERS[ordering];
  const { where, orderBy, parameters } = keysetClauses(order, keyset);
  const { all, undeleted } = USER_INDEXES[order.columns[0]];
  const users = includesDeleted
    ? `users INDEXED BY ${all} WHERE TRUE`
    : `users INDEXED BY ${undeleted} WHERE deleted_at IS NULL`;
  return database.all<UserRow>(
    `SELECT * FROM ${users} AND organization_id = ? AND ${where} ORDER BY ${orderBy}`,
    organizationId,
    ...parameters,
  );
}

type UserColumns = Pick<
  UserRow,
  | 'first_name'
  | 'last_name'
  | 'alias'
  | 'avatar_id'
  | 'avatar_url'
  | 'email'
  | 'is_bot'
  | 'is_staff'
  | 'extension'
  | 'did'
>;

type Changeable = UserColumns & Pick<UserRow, 'is_online_enabled'>;

/** A new user; columns that are left out have their defaults. */
export type NewUser = Pick<UserRow, 'id' | 'first_name' | 'created_at'> & {
  [Column in keyof Changeable]?: Changeable[Column] | undefined;
} & { profile?: { [Key in keyof UserProfile]?: UserProfile[Key] | undefined } };

/**
 * Adds a user to an organization that exists, if it has fewer than `limit`. Refused when the id, the extension or the
 * direct number is taken.
 */
export function insertUser(
  database: IdentityDatabase,
  organizationId: string,
  user: NewUser,
  limit: number,
): Promise<Inserted<UserRow>> {
  const quota = { name: 'users', limit } as const;
  const insert: Statement = [
    `INSERT INTO users (id, organization_id, first_name, last_name, alias, avatar_id, avatar_url, email, is_bot, is_staff,
       extension, did, profile, is_online_enabled, created_at, updated_at)
     SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, json_patch('{}', ?), ?, ?, ? WHERE ${isBelow(quota)}
     ON CONFLICT DO NOTHING RETURNING *`,
    user.id,
    organizationId,
    user.first_name,
    user.last_name ?? '',
    user.alias ?? null,
    user.avatar_id ?? null,
    user.avatar_url ?? null,
    user.email ?? null,
    user.is_bot ?? 0,
    user.is_staff ?? 0,
    user.extension ?? null,
    user.did ?? null,
    JSON.stringify(user.profile ?? {}),
    user.is_online_enabled ?? 1,
    user.created_at,
    user.created_at,
    organizationId,
  ];
  // Nobody had the user's lines before.
  return changing({ kind: 'user', organization_id: organizationId, user_id: user.id }, () =>
    insertBelow<UserRow>(database, quota, organizationId, insert),
  );
}

/**
 * Undefined, or a key missing from `profile` or `preferences`, leaves a value as it is. Null there means the default.
 */
export type UserChanges = { [Column in keyof Changeable]?: Changeable[Column] | undefined } & {
  profile?: { [Key in keyof UserProfile]?: UserProfile[Key] | undefined };
  preferences?: { [Key in keyof StoredPreferences]?: StoredPreferences[Key] | null | undefined };
};

/** Changes a user. Null when the organization has no such user, or their new extension or direct number is taken. */
export function updateUser(
  database: IdentityDatabase,
  organizationId: string,
  userId: string,
  { profile, preferences, ...columns }: UserChanges,
  now: number,
): Promise<UserRow | null> {
  return changing({ kind: 'user', organization_id: organizationId, user_id: userId }, async () => {
    const { set, parameters } = assignments({ ...columns, updated_at: now });
    return database.first<UserRow>(
      `UPDATE OR IGNORE users SET profile = json_patch(profile, ?), preferences = json_patch(preferences, ?), ${set}
       WHERE id = ? AND organization_id = ? AND deleted_at IS NULL RETURNING *`,
      JSON.stringify(profile ?? {}),
      JSON.stringify(preferences ?? {}),
      ...parameters,
      userId,
      organizationId,
    );
  });
}

/** Which of these names of a telephone line another user of the organization has; null: neither. */
export async function findTakenLine(
  database: IdentityDatabase,
  organizationId: string,
  userId: string,
  { extension = null, did = null }: { extension?: string | null | undefined; did?: string | null | undefined },
): Promise<'extension' | 'did' | null> {
  const row = await database.first<{ line: 'extension' | 'did' }>(
    `SELECT 'extension' AS line FROM users INDEXED BY users_by_extension
       WHERE organization_id = ?1 AND extension = ?2 AND deleted_at IS NULL AND id <> ?4
     UNION ALL SELECT 'did' FROM users INDEXED BY users_by_did
       WHERE organization_id = ?1 AND did = ?3 AND deleted_at IS NULL AND id <> ?4
     LIMIT 1`,
    organizationId,
    extension,
    did,
    userId,
  );
  return row?.line ?? null;
}

/**
 * Marks a user as deleted, so their tokens stop working, and deletes their canned replies. Null when the organization
 * never had such a user.
 */
export function deleteUser(
  database: IdentityDatabase,
  organizationId: string,
  userId: string,
  now: number,
): Promise<'deleted' | 'was_deleted' | null> {
  return changing({ kind: 'user', organization_id: organizationId, user_id: userId }, async () => {
    const [deleted = [], known = []] = await database.batch([
      [
        `UPDATE users SET deleted_at = ?, updated_at = ? WHERE id = ? AND organization_id = ? AND deleted_at IS NULL
         RETURNING id`,
        now,
        now,
        userId,
        organizationId,
      ],
      ['SELECT id FROM users WHERE id = ? AND organization_id = ?', userId, organizationId],
      deleteRepliesOf('users', userId, organizationId),
    ]);
    if (deleted.length > 0) return 'deleted';
    return known.length > 0 ? 'was_deleted' : null;
  });
}
