import type { IdentityDatabase, OrganizationDatabase } from '../db/database.ts';
import { RoutedRooms, type RoutingRows } from './routed-rooms.ts';

/**
 * The databases of the directory: users, teams and organizations are in the first, rooms and routers in their
 * organization's.
 */
export type DirectoryDatabases = { identity: IdentityDatabase; organization: OrganizationDatabase };

/**
 * Reads the rooms that are routed to an organization and to each of its users: one trip to each of the two databases,
 * however many users there are. The cost depends on the organization's rooms, routers, teams and their members.
 */
export async function readRoutedRooms(
  { identity, organization }: DirectoryDatabases,
  id: string,
): Promise<RoutedRooms> {
  const [room_ids, shared, routed, targets] = (await organization.batch([
    [`SELECT id FROM rooms WHERE organization_id = ?1 AND EXISTS (${ROUTED})`, id],
    [
      `SELECT rooms.id, rooms.organization_id FROM room_shares JOIN rooms ON rooms.id = room_shares.room_id
       WHERE room_shares.organization_id = ?1`,
      id,
    ],
    [`${ROUTED} UNION ${ROUTED_OF_SHARED}`, id],
    [
      `SELECT router_id, kind, target_id, include_bots FROM router_targets
       WHERE router_id IN (SELECT router_id FROM (${ROUTED} UNION ${ROUTED_OF_SHARED}))`,
      id,
    ],
  ])) as [{ id: string }[], RoutingRows['shared'], RoutingRows['routed'], RoutingRows['targets']];
  const owners = JSON.stringify([...new Set(shared.map(({ organization_id }) => organization_id))]);
  const [members, team_shares, privateOwners] = (await identity.batch([
    [
      `SELECT team_members.team_id, team_members.user_id FROM teams JOIN team_members ON team_members.team_id = teams.id
       WHERE teams.organization_id = ? AND teams.deleted_at IS NULL`,
      id,
    ],
    [
      `SELECT team_shares.team_id, team_shares.organization_id FROM teams JOIN team_shares ON team_shares.team_id = teams.id
       WHERE teams.organization_id = ? AND teams.deleted_at IS NULL`,
      id,
    ],
    ['SELECT id FROM organizations WHERE id IN (SELECT value FROM json_each(?)) AND private_chat_history = 1', owners],
  ])) as [RoutingRows['members'], RoutingRows['team_shares'], { id: string }[]];
  return new RoutedRooms({
    organization_id: id,
    room_ids: room_ids.map((row) => row.id),
    shared,
    routed,
    targets,
    members,
    team_shares,
    private_owner_ids: privateOwners.map((row) => row.id),
  });
}

/** The routers of the organization's rooms, and of the rooms that are shared with it. */
const ROUTED = `SELECT room_routers.room_id, room_routers.router_id, routers.organization_id FROM routers
  JOIN room_routers ON room_routers.router_id = routers.id WHERE routers.organization_id = ?1`;
const ROUTED_OF_SHARED = `SELECT room_routers.room_id, room_routers.router_id, routers.organization_id FROM room_shares
  JOIN room_routers ON room_routers.room_id = room_shares.room_id JOIN routers ON routers.id = room_routers.router_id
  WHERE room_shares.organization_id = ?1`;
