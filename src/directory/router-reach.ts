import { isInRoomSet } from '../resources/chat-grant.ts';
import type { DirectoryDatabases } from './read-routed-rooms.ts';
import { RoutedRooms, type RoutedUser, type RoutingRows } from './routed-rooms.ts';
import type { RouterTarget } from './routers.ts';

/** Up to how many people, and how many bots, are counted. */
export const MOST_REACHED = 1_000;

/** Limits of the rows that a count reads: partners, memberships in the named teams, users of whole organizations. */
const MOST_PARTNERS = 1_000;
const MOST_MEMBERSHIPS = 50_000;
const MOST_USERS = 10_000;

/** The room and the router of the question. Nobody stores them. */
const ROOM = 'room';
const ROUTER = 'router';

type Candidates = {
  /** Users whom the targets may mean. */
  users: (RoutedUser & { organization_id: string })[];
  /** The members of the named teams, and which of these teams are shared with the router's organization. */
  members: (RoutingRows['members'][number] & { organization_id: string })[];
  team_shares: RoutingRows['team_shares'];
};

/**
 * How many people and bots a router of the organization with these targets would reach in these rooms. The rule is that
 * of `RoutedRooms`: it is asked for one room, which is shared with each partner with whom one of the rooms is shared.
 */
export async function countReached(
  databases: DirectoryDatabases,
  organizationId: string,
  targets: readonly RouterTarget[],
  roomIds: readonly string[],
): Promise<{ users: number; bots: number }> {
  const { users, members, team_shares } = await readCandidates(databases, organizationId, targets, roomIds);
  const room = { id: ROOM, organization_id: organizationId };
  const rows = {
    routed: [{ room_id: ROOM, router_id: ROUTER, organization_id: organizationId }],
    targets: targets.map(({ kind, id, include_bots }) => ({
      ...{ router_id: ROUTER, kind, target_id: id },
      include_bots: include_bots ? (1 as const) : (0 as const),
    })),
    team_shares,
    private_owner_ids: [],
  };
  const counts = { users: 0, bots: 0 };
  const membersOf = Map.groupBy(members, (member) => member.organization_id);
  for (const [owner, candidates] of Map.groupBy(users, (user) => user.organization_id)) {
    const isOwn = owner === organizationId;
    const routed = new RoutedRooms({
      ...rows,
      organization_id: owner,
      room_ids: isOwn ? [ROOM] : [],
      shared: isOwn ? [] : [room],
      members: membersOf.get(owner) ?? [],
    });
    for (const user of candidates) {
      if (isInRoomSet(room, routed.ofUser(user, { includesPrivateHistory: true }))) {
        counts[user.is_bot ? 'bots' : 'users'] += 1;
      }
    }
  }
  return { users: Math.min(counts.users, MOST_REACHED), bots: Math.min(counts.bots, MOST_REACHED) };
}

/** One trip to each of the two databases. */
async function readCandidates(
  { identity, organization }: DirectoryDatabases,
  organizationId: string,
  targets: readonly RouterTarget[],
  roomIds: readonly string[],
): Promise<Candidates> {
  const partners = await organization.all<{ id: string }>(
    `SELECT DISTINCT room_shares.organization_id AS id FROM rooms JOIN room_shares ON room_shares.room_id = rooms.id
     WHERE rooms.id IN (SELECT value FROM json_each(?)) AND rooms.organization_id = ? LIMIT ${MOST_PARTNERS}`,
    JSON.stringify(roomIds),
    organizationId,
  );
  const admitted = new Set([organizationId, ...partners.map(({ id }) => id)]);
  const named = (kind: RouterTarget['kind']) => targets.flatMap((target) => (target.kind === kind ? [target.id] : []));
  const whole = [...named('organization'), ...named('all').map(() => organizationId)];
  const teams = JSON.stringify(named('team'));
  const ids = JSON.stringify([...admitted]);
  const [members, team_shares, users] = (await identity.batch([
    [MEMBERSHIPS, teams, ids],
    [
      `SELECT team_id, organization_id FROM team_shares
       WHERE team_id IN (SELECT value FROM json_each(?)) AND organization_id = ?`,
      teams,
      organizationId,
    ],
    [
      // Routers name users of their own organization only: a partner's user of a known id is nobody's to ask for.
      `SELECT users.id, organization_id, is_bot FROM json_each(?3) AS named CROSS JOIN users ON users.id = named.value
         WHERE deleted_at IS NULL AND organization_id = ?5
       UNION SELECT id, organization_id, is_bot FROM users WHERE deleted_at IS NULL
         AND organization_id IN (SELECT value FROM json_each(?2)) AND id IN (SELECT user_id FROM (${MEMBERSHIPS}))
       UNION SELECT * FROM (SELECT id, organization_id, is_bot FROM users WHERE deleted_at IS NULL
         AND organization_id IN (SELECT value FROM json_each(?4)) LIMIT ${MOST_USERS})`,
      teams,
      ids,
      JSON.stringify(named('user')),
      JSON.stringify(whole.filter((id) => id !== null && admitted.has(id))),
      organizationId,
    ],
  ])) as [Candidates['members'], Candidates['team_shares'], { id: string; organization_id: string; is_bot: number }[]];
  return { members, team_shares, users: users.map((user) => ({ ...user, is_bot: user.is_bot === 1 })) };
}

/** The members of teams (?1) that belong to certain organizations (?2). */
const MEMBERSHIPS = `SELECT teams.organization_id, team_members.team_id, team_members.user_id
  FROM teams JOIN team_members ON team_members.team_id = teams.id
  WHERE teams.id IN (SELECT value FROM json_each(?1)) AND teams.deleted_at IS NULL
    AND teams.organization_id IN (SELECT value FROM json_each(?2)) LIMIT ${MOST_MEMBERSHIPS}`;
