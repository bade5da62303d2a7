import { type DatabaseOwner, openOrganizationDatabase } from '../db/database.ts';
import type { RoomRow } from '../db/rows.ts';
import { createDirectoryCache } from '../directory/changes.ts';
import { findRoomOfAnyone } from '../directory/rooms.ts';
import type { HistoryOptions, RoutedRooms } from '../directory/routed-rooms.ts';
import { findVisitor, type Visitor } from '../directory/visitors.ts';
import type { AppContext } from '../http/app-environment.ts';
import { routedRoomsOf } from '../notifications/routed-rooms-cache.ts';
import { cacheTimeToLive, createIsolateCache, STALE_FOR } from '../platform/isolate-cache.ts';
import { isInRoomSet, type MemberRooms, type RoomSet } from '../resources/chat-grant.ts';
import { copyDatabase } from './copy-database.ts';

/** A visitor without the name. Threads store the name, so it must not come from a cache. */
type KnownVisitor = Omit<Visitor, 'name'>;

const rooms = createDirectoryCache<RoomRow>({
  limit: 10_000,
  isConcerned: (change, room) => change.kind === 'routing' && change.organization_ids.includes(room.organization_id),
});
const visitors = createIsolateCache<KnownVisitor>({ clock: () => Date.now(), limit: 10_000, staleFor: STALE_FOR });

/**
 * The rooms whose chats are routed to the caller, at most AUTH_CACHE_SECONDS old; up to 10 minutes while D1 cannot be
 * reached. `options` can leave out the rooms of owners with private history.
 */
export async function userReach(
  c: AppContext,
  options: HistoryOptions = { includesPrivateHistory: true },
): Promise<RoomSet> {
  return (await reachesOfCaller(c)).ofUser(c.var.principal.user, options);
}

/**
 * The rooms whose chats are routed to the caller's organization; rooms of owners with private history need the scope
 * `reports`.
 */
export async function organizationReach(c: AppContext): Promise<RoomSet> {
  const { scopes } = c.var.principal;
  return (await reachesOfCaller(c)).ofOrganization({ includesPrivateHistory: scopes.has('reports') });
}

/** The rooms in which silent memberships of the caller hold. Cached like reach. */
export async function memberRooms(c: AppContext): Promise<MemberRooms> {
  const { user, organization, scopes } = c.var.principal;
  return (await reachesOfCaller(c)).ofMember(user, {
    has_reports: scopes.has('reports'),
    keeps_private_history: organization.private_chat_history,
  });
}

/** A room of the caller's organization; null when it has no such room. At most AUTH_CACHE_SECONDS old. */
export function ownRoom(c: AppContext, roomId: string): Promise<RoomRow | null> {
  return roomOf(c, c.var.organization, roomId);
}

/** A room of the visitor's organization; null when it has no such room. Cached in the same way. */
export function roomForVisitor(c: AppContext, roomId: string): Promise<RoomRow | null> {
  return roomOf(c, c.var.visitor.organization, roomId);
}

async function roomOf(
  c: AppContext,
  organization: { id: string; database: string },
  roomId: string,
): Promise<RoomRow | null> {
  const room = await cachedRoom(c, organization, roomId);
  return room?.organization_id === organization.id ? room : null;
}

/** A room that reaches the caller; null when no such room has the id. Room and reach are cached, each by itself. */
export async function reachedRoom(c: AppContext, roomId: string): Promise<RoomRow | null> {
  const [room, reach] = await Promise.all([cachedRoom(c, c.var.principal.organization, roomId), userReach(c)]);
  return isInRoomSet(room, reach) ? room : null;
}

/**
 * A room of a database, whoever has it: the callers compare that. What follows from two cached values is not cached,
 * because a right would then last twice as long.
 */
function cachedRoom(c: AppContext, owner: DatabaseOwner, roomId: string): Promise<RoomRow | null> {
  const load = () => findRoomOfAnyone(openOrganizationDatabase(c.env, owner, c.var.cost), roomId);
  return rooms.get(`${owner.database}/${roomId}`, cacheTimeToLive(c.env), load);
}

/**
 * A visitor of a room; the caller has checked the room. Nothing purges them: the only ones who are deleted have no chat
 * that a list could show.
 */
export function visitorOf(c: AppContext, roomId: string, visitorId: string): Promise<KnownVisitor | null> {
  const load = async () => findVisitor(await copyDatabase(c), roomId, visitorId);
  return visitors.get(`${c.var.organization.database}/${roomId}/${visitorId}`, cacheTimeToLive(c.env), load);
}

/** The teams of the caller. Cached like reach. */
export async function teamsOfCaller(c: AppContext): Promise<readonly string[]> {
  return (await reachesOfCaller(c)).teamsOf(c.var.principal.user.id);
}

function reachesOfCaller(c: AppContext): Promise<RoutedRooms> {
  return routedRoomsOf(c.env, c.var.cost, c.var.principal.organization);
}
