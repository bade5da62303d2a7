import type { Flag, RoomRow, RouterTargetKind, UserRow } from '../db/rows.ts';
import type { Attendants } from '../resources/organization.ts';
import type { RoomView } from '../resources/room.ts';
import { isWithinServiceHours, type ServiceHours } from '../resources/service-hours.ts';
import { type AttendanceColumns, attendanceColumns, attendantsOf, IS_ONLINE } from './attendants.ts';
import type { DirectoryDatabases } from './read-routed-rooms.ts';
import { userFacts } from './users.ts';

/** A page of rooms at `now` (ms), own or shared: one trip for each database, whatever the page's size. */
export async function viewRooms(
  databases: DirectoryDatabases,
  rooms: readonly RoomRow[],
  now: number,
): Promise<RoomView[]> {
  if (rooms.length === 0) return [];
  const routing = await readRouting(databases, rooms);
  const people = await readPeople(databases, rooms, routing, now);
  return rooms.map((room) => {
    const partners = new Set(
      routing.shares.filter(({ room_id }) => room_id === room.id).map((share) => share.organization_id),
    );
    const attendants = routing.targets
      .filter(({ room_id }) => room_id === room.id)
      .map((target) => attendantsOfTarget(target, room, partners, people));
    const isRouted = routing.targets.some(({ room_id }) => room_id === room.id);
    const reached = isRouted ? attendants : [peopleOf(people.organizations.get(room.organization_id))];
    return {
      id: room.id,
      organization: { id: room.organization_id, name: people.names.get(room.organization_id) ?? '' },
      name: room.name,
      display_name: room.display_name,
      language_code: room.language_code,
      domain: room.domain,
      is_shared: partners.size > 0,
      ...openingOf(room, now),
      visitor_chat_idle_ttl: room.visitor_chat_idle_ttl,
      task_chat_ttl: room.task_chat_ttl,
      require_online: room.require_online === 1,
      is_task_allowed: room.is_task_allowed === 1,
      is_external_allowed: room.is_external_allowed === 1,
      chat_key_ttl_days: room.chat_key_ttl_days,
      reaches_online: reached.some((one) => one?.is_online === true),
      reaches_humans_online: reached.some((one) => one?.is_humans_online === true),
      updated_by_user: people.editors.get(room.updated_by_user_id ?? '') ?? null,
      is_deleted: room.deleted_at !== null,
      created_at: room.created_at,
      updated_at: room.updated_at,
    };
  });
}

/** Whether a room is open at `now` (ms): its plan says so if it has one, else its switch. */
function openingOf(room: RoomRow, now: number): Pick<RoomView, 'is_open' | 'service_hours'> {
  const plan = room.service_hours === null ? null : (JSON.parse(room.service_hours) as ServiceHours);
  return { is_open: plan === null ? room.is_open === 1 : isWithinServiceHours(plan, now), service_hours: plan };
}

/** `kind` is null for a router without targets: it routes to nobody. */
export type RoomTarget = {
  room_id: string;
  kind: RouterTargetKind | null;
  target_id: string | null;
  include_bots: Flag | null;
};
export type Routing = { targets: RoomTarget[]; shares: { room_id: string; organization_id: string }[] };

/** The targets of rooms, and the partners that the rooms are shared with. */
export async function readRouting({ organization }: DirectoryDatabases, rooms: readonly RoomRow[]): Promise<Routing> {
  const ids = JSON.stringify(rooms.map(({ id }) => id));
  const [targets, shares] = (await organization.batch([
    [
      `SELECT DISTINCT room_routers.room_id, router_targets.kind, router_targets.target_id, router_targets.include_bots
       FROM room_routers
       LEFT JOIN router_targets ON router_targets.router_id = room_routers.router_id
       WHERE room_routers.room_id IN (SELECT value FROM json_each(?))`,
      ids,
    ],
    ['SELECT room_id, organization_id FROM room_shares WHERE room_id IN (SELECT value FROM json_each(?))', ids],
  ])) as [RoomTarget[], { room_id: string; organization_id: string }[]];
  return { targets, shares };
}

type TeamAttendance = { id: string; organization_id: string; is_online: number; is_humans_online: number };
type OnlineUser = { id: string; organization_id: string; is_bot: number };

type People = {
  names: ReadonlyMap<string, string>;
  organizations: ReadonlyMap<string, Attendants>;
  teams: ReadonlyMap<string, TeamAttendance>;
  /** Teams with the organizations that they are shared with, as `team/organization`. */
  teamShares: ReadonlySet<string>;
  online: ReadonlyMap<string, OnlineUser>;
  editors: ReadonlyMap<string, ReturnType<typeof userFacts>>;
};

async function readPeople(
  { identity }: DirectoryDatabases,
  rooms: readonly RoomRow[],
  { targets }: Routing,
  now: number,
): Promise<People> {
  const named = (kind: RouterTargetKind) =>
    targets.filter((target) => target.kind === kind).map((target) => target.target_id);
  const owners = rooms.map((room) => room.organization_id);
  const editors = rooms.map((room) => room.updated_by_user_id).filter((id) => id !== null);
  const unique = (ids: readonly (string | null)[]) => JSON.stringify([...new Set(ids)]);
  const teams = unique(named('team'));
  const [organizations, teamRows, teamShares, online, users] = (await identity.batch([
    [
      `SELECT organizations.id, organizations.name, ${attendanceColumns('organizations.id')} FROM organizations
       WHERE id IN (SELECT value FROM json_each(?2))`,
      now,
      unique([...owners, ...named('organization')]),
    ],
    [
      `SELECT teams.id, teams.organization_id, MAX(${IS_ONLINE}) AS is_online, MAX(${IS_ONLINE} AND users.is_bot = 0) AS is_humans_online
       FROM teams JOIN team_members ON team_members.team_id = teams.id JOIN users ON users.id = team_members.user_id
       WHERE teams.id IN (SELECT value FROM json_each(?2)) AND teams.deleted_at IS NULL GROUP BY teams.id`,
      now,
      teams,
    ],
    ['SELECT team_id, organization_id FROM team_shares WHERE team_id IN (SELECT value FROM json_each(?))', teams],
    [
      `SELECT id, organization_id, is_bot FROM users WHERE id IN (SELECT value FROM json_each(?2)) AND ${IS_ONLINE}`,
      now,
      unique(named('user')),
    ],
    ['SELECT * FROM users WHERE id IN (SELECT value FROM json_each(?))', unique(editors)],
  ])) as [
    (AttendanceColumns & { id: string; name: string })[],
    TeamAttendance[],
    { team_id: string; organization_id: string }[],
    OnlineUser[],
    UserRow[],
  ];
  return {
    names: new Map(organizations.map(({ id, name }) => [id, name])),
    organizations: new Map(organizations.map((row) => [row.id, attendantsOf(row)])),
    teams: new Map(teamRows.map((row) => [row.id, row])),
    teamShares: new Set(teamShares.map(({ team_id, organization_id }) => `${team_id}/${organization_id}`)),
    online: new Map(online.map((row) => [row.id, row])),
    editors: new Map(users.map((row) => [row.id, userFacts(row)])),
  };
}

type Online = Pick<Attendants, 'is_online' | 'is_humans_online'>;

/** The same users without bots. */
function peopleOf(organization: Online | undefined): Online | undefined {
  return organization && { ...organization, is_online: organization.is_humans_online };
}

/**
 * Whether users of a target are online, by the rules of routed-rooms.ts: partners count while the room is shared with
 * them.
 */
function attendantsOfTarget(
  target: RoomTarget,
  room: RoomRow,
  partners: ReadonlySet<string>,
  people: People,
): Online | undefined {
  const { kind, target_id: id } = target;
  const isAdmitted = (organizationId: string) =>
    organizationId === room.organization_id || partners.has(organizationId);
  if (kind === null) return undefined;
  const meant = (organization: Online | undefined) =>
    target.include_bots === 1 ? organization : peopleOf(organization);
  if (kind === 'all') return meant(people.organizations.get(room.organization_id));
  if (id === null) return undefined;
  switch (kind) {
    case 'organization':
      return isAdmitted(id) ? meant(people.organizations.get(id)) : undefined;
    case 'user': {
      const user = people.online.get(id);
      if (user === undefined || !isAdmitted(user.organization_id)) return undefined;
      return { is_online: true, is_humans_online: user.is_bot === 0 };
    }
    case 'team': {
      const team = people.teams.get(id);
      if (team === undefined || !isAdmitted(team.organization_id)) return undefined;
      if (team.organization_id !== room.organization_id && !people.teamShares.has(`${id}/${room.organization_id}`))
        return undefined;
      return { is_online: team.is_online === 1, is_humans_online: team.is_humans_online === 1 };
    }
  }
}
