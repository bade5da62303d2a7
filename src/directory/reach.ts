import type { Database } from '../db/database.ts';
import type { Reach } from '../resources/chat-grant.ts';
import { privateHistoryOwners } from './organizations.ts';

/** Where the directory lies: users, teams and organizations in the first database, rooms and routers in their organization's. */
export type DirectoryDatabases = { identity: Database; organization: Database };

/** Without private history, shared rooms whose owner keeps its chat history private are left out (seed 001, Routed chats). */
export type ReachOptions = { includesPrivateHistory: boolean };

const NOBODY: Reach = { organization_id: null, room_ids: [] };

/**
 * The rooms whose chats are routed to a user: those with a router that names him, one of his teams, his organization as a partner,
 * or all users of the room's own organization; and the own rooms without any router (seed 001, Routed chats; protocol.md 4.6). Rooms of
 * others count while they are shared with his organization, teams while the router's owner has them. A deleted room keeps its reach, a
 * deleted user or team has none.
 */
export async function reachOfUser(
  databases: DirectoryDatabases,
  organizationId: string,
  userId: string,
  options: ReachOptions,
): Promise<Reach> {
  const [users = [], teams = []] = await databases.identity.batch([
    ['SELECT id FROM users WHERE id = ? AND organization_id = ? AND deleted_at IS NULL', userId, organizationId],
    [
      `SELECT teams.id, teams.organization_id AS router_owner FROM team_members JOIN teams ON teams.id = team_members.team_id
       WHERE team_members.user_id = ?1 AND teams.organization_id = ?2 AND teams.deleted_at IS NULL
       UNION ALL
       SELECT teams.id, team_shares.organization_id FROM team_members JOIN teams ON teams.id = team_members.team_id
       JOIN team_shares ON team_shares.team_id = teams.id
       WHERE team_members.user_id = ?1 AND teams.organization_id = ?2 AND teams.deleted_at IS NULL`,
      userId,
      organizationId,
    ],
  ]);
  if (users.length === 0) return NOBODY;
  const parameters = [organizationId, userId, JSON.stringify(teams)] as const;
  const [closed = [], shared = []] = (await databases.organization.batch([
    [
      `SELECT 1 FROM routers JOIN room_routers AS routed ON routed.router_id = routers.id JOIN rooms ON rooms.id = routed.room_id
       WHERE routers.organization_id = ?1 AND NOT EXISTS (${TARGETS_OF_ROOM} AND (router_targets.kind = 'all' OR ${NAMES_USER}))
       LIMIT 1`,
      ...parameters,
    ],
    [
      `SELECT rooms.id, rooms.organization_id FROM room_shares JOIN rooms ON rooms.id = room_shares.room_id
       WHERE room_shares.organization_id = ?1 AND EXISTS (${TARGETS_OF_ROOM} AND ${NAMES_USER})`,
      ...parameters,
    ],
  ])) as [unknown[], SharedRoom[]];
  const sharedIds = await withoutPrivateHistory(databases.identity, shared, options);
  // Rooms without routers reach everybody: only where one with routers does not reach him his own rooms must be named.
  if (closed.length === 0) return { organization_id: organizationId, room_ids: sharedIds };
  const own = await databases.organization.all<{ id: string }>(
    `SELECT id FROM rooms WHERE organization_id = ?1
       AND (NOT EXISTS (SELECT 1 FROM room_routers WHERE room_routers.room_id = rooms.id)
         OR EXISTS (${TARGETS_OF_ROOM} AND (router_targets.kind = 'all' OR ${NAMES_USER})))`,
    ...parameters,
  );
  return { organization_id: null, room_ids: [...own.map(({ id }) => id), ...sharedIds] };
}

/** The rooms whose chats are routed to an organization: its own, and those that others share with it (seed 001, Routed chats). */
export async function reachOfOrganization(
  databases: DirectoryDatabases,
  organizationId: string,
  options: ReachOptions,
): Promise<Reach> {
  const shared = await databases.organization.all<SharedRoom>(
    `SELECT rooms.id, rooms.organization_id FROM room_shares JOIN rooms ON rooms.id = room_shares.room_id
     WHERE room_shares.organization_id = ?`,
    organizationId,
  );
  return {
    organization_id: organizationId,
    room_ids: await withoutPrivateHistory(databases.identity, shared, options),
  };
}

const TARGETS_OF_ROOM = `SELECT 1 FROM room_routers
  JOIN routers AS naming ON naming.id = room_routers.router_id
  JOIN router_targets ON router_targets.router_id = naming.id
  WHERE room_routers.room_id = rooms.id`;

/** ?1 his organization, ?2 the user, ?3 JSON array of his teams, each with an organization whose routers may name it. */
const NAMES_USER = `(
  (router_targets.kind = 'user' AND router_targets.target_id = ?2)
  OR (router_targets.kind = 'organization' AND router_targets.target_id = ?1)
  OR (router_targets.kind = 'team' AND EXISTS (SELECT 1 FROM json_each(?3) AS team
    WHERE team.value ->> 'id' = router_targets.target_id AND team.value ->> 'router_owner' = naming.organization_id)))`;

type SharedRoom = { id: string; organization_id: string };

async function withoutPrivateHistory(
  identity: Database,
  rooms: readonly SharedRoom[],
  { includesPrivateHistory }: ReachOptions,
): Promise<string[]> {
  if (includesPrivateHistory || rooms.length === 0) return rooms.map(({ id }) => id);
  const owners = await privateHistoryOwners(identity, [...new Set(rooms.map((room) => room.organization_id))]);
  return rooms.filter((room) => !owners.has(room.organization_id)).map(({ id }) => id);
}
