import type { TeamRow, UserRow } from '../db/rows.ts';
import type { TeamView } from '../resources/team.ts';
import type { NestedOrganization } from '../resources/user-account.ts';
import { IS_ONLINE } from './attendants.ts';
import type { DirectoryDatabases } from './read-routed-rooms.ts';
import { userFacts } from './users.ts';

type MemberSums = {
  team_id: string;
  member_count: number;
  present_member_count: number;
  is_online: number;
  is_humans_online: number;
};

/** A page of an organization's teams at `now` (ms): one trip for each database, whatever the page's size. */
export async function viewTeams(
  databases: DirectoryDatabases,
  organization: NestedOrganization,
  teams: readonly TeamRow[],
  now: number,
): Promise<TeamView[]> {
  if (teams.length === 0) return [];
  const ids = JSON.stringify(teams.map(({ id }) => id));
  const editors = teams.flatMap((team) => [team.created_by_user_id, team.updated_by_user_id]);
  const [[sums = [], users = []], connected] = await Promise.all([
    databases.identity.batch([
      [
        `SELECT team_members.team_id, COUNT(*) AS member_count, COALESCE(SUM(users.present_until > ?1), 0) AS present_member_count,
           COALESCE(MAX(${IS_ONLINE}), 0) AS is_online, COALESCE(MAX(${IS_ONLINE} AND users.is_bot = 0), 0) AS is_humans_online
         FROM team_members JOIN users ON users.id = team_members.user_id AND users.deleted_at IS NULL
         WHERE team_members.team_id IN (SELECT value FROM json_each(?2)) GROUP BY team_members.team_id`,
        now,
        ids,
      ],
      ['SELECT * FROM users WHERE id IN (SELECT value FROM json_each(?))', JSON.stringify([...new Set(editors)])],
    ]) as Promise<[MemberSums[], UserRow[]]>,
    databases.organization.all<{ id: string }>(
      `SELECT team.value AS id FROM json_each(?) AS team WHERE EXISTS (SELECT 1 FROM router_targets
         JOIN room_routers ON room_routers.router_id = router_targets.router_id
         JOIN rooms ON rooms.id = room_routers.room_id AND rooms.deleted_at IS NULL
         WHERE router_targets.kind = 'team' AND router_targets.target_id = team.value)`,
      ids,
    ),
  ]);
  const sumsOf = new Map(sums.map((row) => [row.team_id, row]));
  const factsOf = new Map(users.map((row) => [row.id, userFacts(row)]));
  const connectedIds = new Set(connected.map(({ id }) => id));
  return teams.map((team) => {
    const members = sumsOf.get(team.id);
    return {
      id: team.id,
      organization,
      name: team.name,
      display_name: team.display_name,
      created_by_user: factsOf.get(team.created_by_user_id ?? '') ?? null,
      updated_by_user: factsOf.get(team.updated_by_user_id ?? '') ?? null,
      member_count: members?.member_count ?? 0,
      present_member_count: members?.present_member_count ?? 0,
      is_online: members?.is_online === 1,
      is_humans_online: members?.is_humans_online === 1,
      is_connected_to_room: connectedIds.has(team.id),
      deleted_at: team.deleted_at,
      created_at: team.created_at,
      updated_at: team.updated_at,
    };
  });
}
