import { noCost } from '../../../src/db/cost.ts';
import type { Keyset, KeysetValue } from '../../../src/db/keyset.ts';
import { insertOrganization } from '../../../src/directory/organizations.ts';
import { type DirectoryDatabases, readRoutedRooms } from '../../../src/directory/read-routed-rooms.ts';
import { insertRoom } from '../../../src/directory/rooms.ts';
import type { HistoryOptions } from '../../../src/directory/routed-rooms.ts';
import { insertRouter, type RouterTarget } from '../../../src/directory/routers.ts';
import { insertShare, type SharedKind } from '../../../src/directory/shares.ts';
import { insertTeamMember } from '../../../src/directory/team-members.ts';
import { insertTeam } from '../../../src/directory/teams.ts';
import { insertUser } from '../../../src/directory/users.ts';
import { QUOTAS } from '../../../src/resources/quotas.ts';
import { newUuid } from '../../../src/resources/uuid.ts';
import { firstDatabase } from './first-database.ts';

export const cost = noCost();
export const database = firstDatabase(cost);

export const databases: DirectoryDatabases = { identity: database, organization: database };

/** Reads the rooms that are routed to a user, without a cache. */
export async function reachOfUser(
  from: DirectoryDatabases,
  organizationId: string,
  id: string,
  options: HistoryOptions,
  is_bot = false,
) {
  return (await readRoutedRooms(from, organizationId)).ofUser({ id, is_bot }, options);
}

/** Reads the rooms that are routed to an organization, without a cache. */
export async function reachOfOrganization(from: DirectoryDatabases, organizationId: string, options: HistoryOptions) {
  return (await readRoutedRooms(from, organizationId)).ofOrganization(options);
}

export const AT = 1_772_000_000_000;

export async function newOrganization(options: { private_chat_history?: 0 | 1 } = {}): Promise<string> {
  const id = newUuid(AT);
  await insertOrganization(database, {
    id,
    name: 'Harbour',
    has_active_subscription: 1,
    private_chats: 0,
    private_chat_history: options.private_chat_history ?? 0,
    message_list_days: null,
    chat_retention_days: null,
    unanswered_retention_days: 7,
    created_at: AT,
  });
  return id;
}

export async function newRoom(organizationId: string): Promise<string> {
  const id = newUuid(AT);
  const room = { id, name: 'Support', display_name: 'Support', language_code: 'en', created_at: AT };
  await insertRoom(database, organizationId, room, QUOTAS.rooms);
  return id;
}

export async function newUser(organizationId: string, first_name = 'Ada', is_bot: 0 | 1 = 0): Promise<string> {
  const id = newUuid(AT);
  const names = { first_name, last_name: '', alias: null, avatar_id: null, avatar_url: null, email: null };
  const user = { id, ...names, is_bot, is_staff: 0, created_at: AT } as const;
  await insertUser(database, organizationId, user, QUOTAS.users);
  return id;
}

/** A team of the organization with the given members. */
export async function newTeam(organizationId: string, ...members: string[]): Promise<string> {
  const id = newUuid(AT);
  const names = { name: 'Night', display_name: 'Night shift' };
  await insertTeam(database, organizationId, { id, ...names, created_by_user_id: null, created_at: AT }, QUOTAS.teams);
  for (const member of members) await insertTeamMember(database, organizationId, id, member, AT);
  return id;
}

/** A router of the organization for the given rooms. */
export async function newRouter(
  organizationId: string,
  room_ids: readonly string[],
  targets: readonly RouterTarget[],
): Promise<string> {
  const id = newUuid(AT);
  await insertRouter(
    database,
    organizationId,
    { id, name: 'Router', targets, room_ids, created_at: AT },
    QUOTAS.routers,
  );
  return id;
}

export async function share(kind: SharedKind, owner: string, id: string, partner: string): Promise<void> {
  await insertShare(databases, { kind, id, owner_id: owner, partner_id: partner }, { now: AT });
}

/** Makes a user present until `until` (ms), as their object would. */
export async function bePresent(userId: string, until: number): Promise<void> {
  await database.run('UPDATE users SET present_until = ? WHERE id = ?', until, userId);
}

export function page(
  limit: number,
  key: readonly KeysetValue[] | null = null,
  direction: Keyset['direction'] = 'next',
): Keyset {
  return { limit, key, direction };
}
