import { purgeAudience } from '../audience/load-audience.ts';
import type { Database } from '../db/database.ts';
import type { RoomRow } from '../db/rows.ts';
import { type DirectoryDatabases, type ReachOptions, reachOfOrganization, reachOfUser } from '../directory/reach.ts';
import { findReachedRoom, findRoom } from '../directory/rooms.ts';
import { teamIdsOfUser } from '../directory/teams.ts';
import { findVisitor, type Visitor } from '../directory/visitors.ts';
import { type AppContext, identityDatabase, organizationDatabase, visitorDatabase } from '../http/app-environment.ts';
import { cacheTimeToLive, createIsolateCache, STALE_FOR } from '../isolate-cache.ts';
import type { Reach } from '../resources/chat-grant.ts';
import { copyDatabase } from './copy-database.ts';

/** Without the name, which must not be old: threads write it down. */
type KnownVisitor = Omit<Visitor, 'name'>;

const bounds = { clock: Date.now, limit: 10_000, staleFor: STALE_FOR };
const reaches = createIsolateCache<Reach>(bounds);
const rooms = createIsolateCache<RoomRow>(bounds);
const visitors = createIsolateCache<KnownVisitor>(bounds);
const teams = createIsolateCache<string[]>(bounds);

/**
 * The rooms whose chats are routed to the caller: at most AUTH_CACHE_SECONDS old, up to 10 minutes while D1 cannot be reached. Rooms
 * whose owner keeps its history private belong to it unless `options` leave them out.
 */
export function userReach(c: AppContext, options: ReachOptions = { includesPrivateHistory: true }): Promise<Reach> {
  const { user, organization } = c.var.principal;
  return cached(c, `user/${user.id}`, options, (databases) =>
    reachOfUser(databases, organization.id, user.id, options),
  );
}

/** The rooms whose chats are routed to the caller's organization; those of owners with private history need the scope `reports`. */
export function organizationReach(c: AppContext): Promise<Reach> {
  const { organization, scopes } = c.var.principal;
  const options = { includesPrivateHistory: scopes.has('reports') };
  return cached(c, `organization/${organization.id}`, options, (databases) =>
    reachOfOrganization(databases, organization.id, options),
  );
}

/** A room of the caller's organization; null when it has no such room. Cached like reach. */
export function ownRoom(c: AppContext, roomId: string): Promise<RoomRow | null> {
  return roomOf(c, organizationDatabase(c), c.var.principal.organization.id, roomId);
}

/** A room of the visitor's organization; null when it has no such room. Cached like reach. */
export function roomForVisitor(c: AppContext, roomId: string): Promise<RoomRow | null> {
  return roomOf(c, visitorDatabase(c), c.var.visitor.organization.id, roomId);
}

function roomOf(c: AppContext, database: Database, organizationId: string, roomId: string): Promise<RoomRow | null> {
  const load = () => findRoom(database, organizationId, roomId);
  return rooms.get(`own/${organizationId}/${roomId}`, cacheTimeToLive(c.env), load);
}

/** A room that reaches the caller; null when none of these has the id. Cached like reach. */
export function reachedRoom(c: AppContext, roomId: string): Promise<RoomRow | null> {
  const load = async () => findReachedRoom(organizationDatabase(c), await userReach(c), roomId);
  return rooms.get(`reached/${c.var.principal.user.id}/${roomId}`, cacheTimeToLive(c.env), load);
}

/** A visitor of a room, which is the caller's to check. Visitors stay, so nothing has to forget them. */
export function visitorOf(c: AppContext, roomId: string, visitorId: string): Promise<KnownVisitor | null> {
  const load = async () => findVisitor(await copyDatabase(c), roomId, visitorId);
  return visitors.get(`${roomId}/${visitorId}`, cacheTimeToLive(c.env), load);
}

/** The teams of the caller. Cached like reach. */
export async function teamsOfCaller(c: AppContext): Promise<string[]> {
  const { user, organization } = c.var.principal;
  const load = () => teamIdsOfUser(identityDatabase(c), organization.id, user.id);
  return (await teams.get(user.id, cacheTimeToLive(c.env), load)) ?? [];
}

/**
 * Forgets all reach, rooms and teams in this isolate; others forget them when their copy is AUTH_CACHE_SECONDS old. All of it, because one router, team
 * or share concerns users of several organizations, and such changes are rare.
 */
export function purgeReach(): void {
  for (const cache of [reaches, rooms, teams]) cache.purgeWhere(() => true);
  purgeAudience();
}

async function cached(
  c: AppContext,
  whose: string,
  options: ReachOptions,
  load: (databases: DirectoryDatabases) => Promise<Reach>,
): Promise<Reach> {
  const key = `${whose}/${options.includesPrivateHistory ? 'all' : 'without private history'}`;
  const databases = { identity: identityDatabase(c), organization: organizationDatabase(c) };
  return (await reaches.get(key, cacheTimeToLive(c.env), () => load(databases))) ?? NOWHERE;
}

/** The cache may answer null, a reach never is. */
const NOWHERE: Reach = { organization_id: null, room_ids: [] };
