import type { Flag, RouterTargetKind } from '../db/rows.ts';
import type { MemberRooms, RoomSet } from '../resources/chat-grant.ts';

/**
 * Without private history, a shared room is left out if its owner's chat history is private (Chats API, Routed chats).
 */
export type HistoryOptions = { includesPrivateHistory: boolean };

/** All rows from which routed rooms are computed (read-routed-rooms.ts reads them). */
export type RoutingRows = {
  organization_id: string;
  /** The organization's own rooms, also deleted ones. Not read while none of them has a router. */
  room_ids: readonly string[];
  /** Rooms of others that are shared with the organization, with their owners. */
  shared: readonly { id: string; organization_id: string }[];
  /** The routers of all these rooms with their owners, who also own the rooms; and the targets of the routers. */
  routed: readonly { room_id: string; router_id: string; organization_id: string }[];
  targets: readonly { router_id: string; kind: RouterTargetKind; target_id: string | null; include_bots: Flag }[];
  /**
   * The members of the organization's teams, and the partners that the teams are shared with. Without deleted teams.
   */
  members: readonly { team_id: string; user_id: string }[];
  team_shares: readonly { team_id: string; organization_id: string }[];
  /** Owners of shared rooms whose chat history is private. */
  private_owner_ids: readonly string[];
};

/** A user of the organization. */
export type RoutedUser = { id: string; is_bot: boolean };

const NO_ROOMS: RoomSet = { organization_id: null, room_ids: [] };

/** Limit of the ids of rooms in answers that are kept for the next call. */
const MOST_IDS_KEPT = 500_000;

/**
 * The rooms that are routed to an organization and to each of its users (Chats API, Routed chats), computed from rows
 * that were read once for all of them.
 */
export class RoutedRooms {
  readonly #rows: RoutingRows;
  readonly #privateOwners: ReadonlySet<string>;
  readonly #teamsOf: ReadonlyMap<string, readonly string[]>;
  readonly #sharesOfTeam: ReadonlyMap<string, readonly string[]>;
  /** The rooms by the name that a router's target has: own rooms, and shared ones. */
  readonly #own = new Map<string, Set<string>>();
  readonly #shared = new Map<string, Set<string>>();
  readonly #routedRooms = new Set<string>();
  /** Sets of rooms by the names that they result from: users of the same teams share one. */
  readonly #known = new Map<string, RoomSet>();
  readonly #withAllShared = new WeakMap<RoomSet, RoomSet>();
  #idsKept = 0;
  /** With private history, and without. */
  readonly #ofOrganization: { all: RoomSet; open: RoomSet };

  constructor(rows: RoutingRows) {
    this.#rows = rows;
    this.#privateOwners = new Set(rows.private_owner_ids);
    this.#teamsOf = grouped(rows.members, ({ user_id, team_id }) => [user_id, team_id]);
    this.#sharesOfTeam = grouped(rows.team_shares, ({ team_id, organization_id }) => [team_id, organization_id]);
    const targetsOf = Map.groupBy(rows.targets, ({ router_id }) => router_id);
    for (const { room_id, router_id, organization_id } of rows.routed) {
      const isOwn = organization_id === rows.organization_id;
      if (isOwn) this.#routedRooms.add(room_id);
      for (const { kind, target_id, include_bots } of targetsOf.get(router_id) ?? []) {
        // A target `all` means the users of the room's own organization.
        if (kind === 'all' && !isOwn) continue;
        const name = nameOf(kind, target_id, organization_id);
        const rooms = isOwn ? this.#own : this.#shared;
        for (const each of include_bots === 1 ? [name, withBots(name)] : [name]) {
          rooms.set(each, (rooms.get(each) ?? new Set()).add(room_id));
        }
      }
    }
    const { organization_id } = rows;
    const rooms = (options: HistoryOptions) => ({ organization_id, room_ids: this.#sharedRooms(null, options) });
    this.#ofOrganization = {
      all: rooms({ includesPrivateHistory: true }),
      open: rooms({ includesPrivateHistory: false }),
    };
  }

  /** Whether rows of an organization are in it: its own, those of rooms shared with it, of partners of its teams. */
  concern(organizationId: string): boolean {
    const { organization_id, shared, team_shares } = this.#rows;
    const isIn = (rows: readonly { organization_id: string }[]) =>
      rows.some((row) => row.organization_id === organizationId);
    return organization_id === organizationId || isIn(shared) || isIn(team_shares);
  }

  /** The number of rows that this was made from. */
  get size(): number {
    const { room_ids, shared, routed, targets, members, team_shares } = this.#rows;
    return room_ids.length + shared.length + routed.length + targets.length + members.length + team_shares.length;
  }

  /**
   * The rooms whose chats are routed to a user of the organization: those with a router that names the user, one of
   * their teams, their organization as a partner, or all users of the room's own organization; and own rooms without a
   * router. A bot must be named, itself or by a team, or a target without names must include bots. Shared rooms count while they are shared, teams while the router's owner has them. A deleted room stays
   * routed; a deleted team is not. The caller has checked that the user is not deleted.
   */
  ofUser(user: RoutedUser, options: HistoryOptions): RoomSet {
    const names = this.#namesOf(user).filter((name) => this.#own.has(name) || this.#shared.has(name));
    const key = `${options.includesPrivateHistory} ${user.is_bot} ${names.join()}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const rooms = this.#roomsOf(user, names, options);
    this.#idsKept += rooms.room_ids.length;
    if (this.#idsKept > MOST_IDS_KEPT) {
      this.#known.clear();
      this.#idsKept = rooms.room_ids.length;
    }
    this.#known.set(key, rooms);
    return rooms;
  }

  /** The rooms whose chats are routed to the organization: its own and those that are shared with it. */
  ofOrganization(options: HistoryOptions): RoomSet {
    return options.includesPrivateHistory ? this.#ofOrganization.all : this.#ofOrganization.open;
  }

  /**
   * The rooms in which a silent membership of a user holds: own rooms that are routed to the user, and all that are
   * shared with the organization. Their earlier texts are open without private history, or with the scope `reports`.
   */
  ofMember(user: RoutedUser, rights: { has_reports: boolean; keeps_private_history: boolean }): MemberRooms {
    const reach = this.#withShared(this.ofUser(user, { includesPrivateHistory: true }));
    const { organization_id } = this.#rows;
    if (rights.has_reports) return { organization_id, reach, history: reach };
    const open = this.#ofOrganization.open.room_ids;
    const own = rights.keeps_private_history ? NO_ROOMS : this.ofUser(user, { includesPrivateHistory: false });
    const history = { ...own, room_ids: [...new Set([...own.room_ids, ...open])] };
    return { organization_id, reach, history };
  }

  /** A user's rooms with all that are shared with the organization. */
  #withShared(rooms: RoomSet): RoomSet {
    const { room_ids } = this.#ofOrganization.all;
    if (room_ids.length === 0) return rooms;
    const known = this.#withAllShared.get(rooms);
    if (known !== undefined) return known;
    const all = { ...rooms, room_ids: [...new Set([...rooms.room_ids, ...room_ids])] };
    this.#withAllShared.set(rooms, all);
    return all;
  }

  /** The teams of a user, without deleted ones. */
  teamsOf(userId: string): readonly string[] {
    return this.#teamsOf.get(userId) ?? [];
  }

  #roomsOf({ is_bot }: RoutedUser, names: readonly string[], options: HistoryOptions): RoomSet {
    const { organization_id, room_ids } = this.#rows;
    const named = union(names, this.#own);
    const shared = this.#sharedRooms(union(names, this.#shared), options);
    if (is_bot) return { organization_id: null, room_ids: [...named, ...shared] };
    // Own rooms without a router are routed to everybody. Only if one with a router is not routed to the user, the own
    // rooms are named one by one.
    if (named.size === this.#routedRooms.size) return { organization_id, room_ids: shared };
    const own = room_ids.filter((id) => named.has(id) || !this.#routedRooms.has(id));
    return { organization_id: null, room_ids: [...own, ...shared] };
  }

  /** Ids of shared rooms; `among` null: all of them. */
  #sharedRooms(among: ReadonlySet<string> | null, { includesPrivateHistory }: HistoryOptions): string[] {
    const found = this.#rows.shared.filter(
      ({ id, organization_id }) =>
        (among === null || among.has(id)) && (includesPrivateHistory || !this.#privateOwners.has(organization_id)),
    );
    return found.map(({ id }) => id);
  }

  /** The names by which routers may name a user. */
  #namesOf({ id, is_bot }: RoutedUser): string[] {
    const own = this.#rows.organization_id;
    const everybody = [nameOf('all', null, own), nameOf('organization', own, own)];
    const teams = this.teamsOf(id).flatMap((team) =>
      [own, ...(this.#sharesOfTeam.get(team) ?? [])].map((owner) => nameOf('team', team, owner)),
    );
    return [...(is_bot ? everybody.map(withBots) : everybody), nameOf('user', id, own), ...teams];
  }
}

/** A router may name teams that its owner has or that are shared with it, so the name of a team contains the owner. */
function nameOf(kind: RouterTargetKind, id: string | null, routerOwner: string): string {
  return kind === 'team' ? `team/${id}/${routerOwner}` : `${kind}/${id}`;
}

/** The name of a target that names nobody, as it names bots. */
function withBots(name: string): string {
  return `bots/${name}`;
}

function union(names: readonly string[], rooms: ReadonlyMap<string, ReadonlySet<string>>): Set<string> {
  return new Set(names.flatMap((name) => [...(rooms.get(name) ?? [])]));
}

function grouped<Row>(rows: readonly Row[], entry: (row: Row) => [string, string]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const row of rows) {
    const [key, value] = entry(row);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [value]);
    else group.push(value);
  }
  return groups;
}
