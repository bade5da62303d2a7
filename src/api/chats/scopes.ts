import { z } from '@hono/zod-openapi';
import type { AppContext } from '../../http/app-environment.ts';
import { pathId, pathVisitorId } from '../../http/fields.ts';
import type { Refusal } from '../../http/refusals.ts';
import type { ChatGrant } from '../../resources/chat-grant.ts';
import type { Access } from '../access.ts';
import { organizationHistory, organizationUserWith, ownUser, ownUserHistory } from '../access.ts';
import { memberRooms, organizationReach, ownRoom, reachedRoom, userReach, visitorOf } from '../reach-cache.ts';

/** The values of a path's parameters, lower-cased where they are UUIDs. */
export type PathValues = { [name: string]: string };

/** A parameter of a path. */
export type PathField = z.ZodType<string, string>;

/** `withRooms`: the same grant with the rooms that a thread asks for (`rooms_needed`). */
export type Granted =
  | { ok: true; grant: ChatGrant; withRooms?: () => Promise<ChatGrant> }
  | { ok: false; refusal: Refusal };

/**
 * A collection of chats and the grant by which its chats are seen (Chats API): everything that a route below it needs
 * to know. Routes are written once and mounted for each scope that has them.
 */
export type ChatScope = {
  /** The part of each `operationId` that names the scope. */
  name: string;
  /** Path of the collection below /api/v5. */
  path: string;
  /** The path's parameters. */
  params: { [name: string]: PathField };
  access: Access;
  /** What one of its chats, and all of them, are called in the reference. */
  chat: string;
  chats: string;
  /** Which chats the collection has, as a sentence of the reference. */
  says: string;
  findGrant: (c: AppContext, path: PathValues) => Promise<Granted>;
  /** Whether a refusal says that the chat is not routed. If false, such a chat is not found. */
  namesRouting: boolean;
  /** Whether the list offers chats to its user. It offers none to a user who is full. */
  isOffer?: boolean;
};

/** A path parameter that is not a UUID. */
export function pathText(name: string) {
  return z.string().openapi({ param: { name, in: 'path' } });
}

const user = { user_id: pathId('user_id') };
const organization = { organization_id: pathId('organization_id') };
const room = { room_id: pathId('room_id') };
const visitor = { visitor_id: pathVisitorId() };

const granted = (grant: ChatGrant): Granted => ({ ok: true, grant });
const notFound = (detail: string): Granted => ({ ok: false, refusal: { reason: 'not_found', detail } });

export const userChats: ChatScope = {
  name: 'UserChat',
  path: '/users/{user_id}/chats',
  params: user,
  access: ownUser,
  chat: 'a chat of the user',
  chats: 'the chats of the user',
  says: 'The collection has the open and ended chats in which the user takes part, and those of which they are a silent member while the room reaches them.',
  findGrant: async (c) => {
    const member = { kind: 'member' as const, user_id: c.var.principal.user.id };
    return { ok: true, grant: member, withRooms: async () => ({ ...member, rooms: await memberRooms(c) }) };
  },
  namesRouting: false,
};

/** The chats to which one of these parties is invited: its own invitation shows its chat to it. */
export function invitingChats(ids: readonly string[]): ChatScope {
  return { ...userChats, findGrant: async () => granted({ kind: 'invitee', ids }) };
}

export const userRoutedChats: ChatScope = {
  name: 'UserRoutedChat',
  path: '/users/{user_id}/routed_chats',
  params: user,
  access: ownUser,
  chat: 'a chat that is routed to the user',
  chats: 'the chats that are routed to the user',
  says: 'The collection has the chats of all rooms that reach the user, shared ones too, whether they have joined or not.',
  findGrant: async (c) => {
    const reach = await userReach(c);
    return granted({ kind: 'reach', reach, is_pending: false });
  },
  namesRouting: true,
};

/**
 * The same collection for messages, and for suggestions, which may quote them. Private history, of the organization or
 * of a shared room's owner, needs `reports`.
 */
export const userRoutedHistory: ChatScope = {
  ...userRoutedChats,
  access: ownUserHistory,
  findGrant: async (c) => {
    const includesPrivateHistory = c.var.principal.scopes.has('reports');
    return granted({ kind: 'reach', reach: await userReach(c, { includesPrivateHistory }), is_pending: false });
  },
};

export const userPendingChats: ChatScope = {
  name: 'UserPendingChat',
  path: '/users/{user_id}/pending_chats',
  params: user,
  access: ownUser,
  chat: 'a pending chat that is routed to the user',
  chats: 'the pending chats that are routed to the user',
  says: 'The collection has the chats that wait for an answer while no present user participates. The list is empty while the user has as many open chats as their `chat_capacity`.',
  findGrant: async (c) => {
    const reach = await userReach(c);
    return granted({ kind: 'reach', reach, is_pending: true });
  },
  namesRouting: true,
  isOffer: true,
};

export const ownedChats: ChatScope = {
  name: 'OwnedChat',
  path: '/orgs/{organization_id}/owned_chats',
  params: organization,
  access: organizationHistory,
  chat: 'a chat of a room that the organization owns',
  chats: 'the chats of rooms that the organization owns',
  says: 'The collection has the chats of all rooms of the organization, whoever answers them.',
  findGrant: async (c) => {
    const reach = { organization_id: c.var.principal.organization.id, room_ids: [] };
    return granted({ kind: 'reach', reach, is_pending: false });
  },
  namesRouting: false,
};

export const involvedChats: ChatScope = {
  name: 'InvolvedChat',
  path: '/orgs/{organization_id}/involved_chats',
  params: organization,
  access: organizationHistory,
  chat: 'a chat with a member of the organization',
  chats: 'the chats with a member of the organization',
  says: 'The collection has the chats of which a user of the organization is a member, also between users. In rooms of partners the user must take part, or the room must still be shared.',
  findGrant: async (c) => {
    const involved = { kind: 'involved' as const, organization_id: c.var.principal.organization.id };
    return { ok: true, grant: involved, withRooms: async () => ({ ...involved, reach: await organizationReach(c) }) };
  },
  namesRouting: false,
};

export const organizationRoutedChats: ChatScope = {
  name: 'OrganizationRoutedChat',
  path: '/orgs/{organization_id}/routed_chats',
  params: organization,
  access: organizationHistory,
  chat: 'a chat of a room that the organization owns or that is shared with it',
  chats: 'the chats of rooms that the organization owns or that are shared with it',
  says: 'The collection includes rooms that partners share, unless the partner’s history is private and the token has no scope `reports`.',
  findGrant: async (c) => {
    return granted({ kind: 'reach', reach: await organizationReach(c), is_pending: false });
  },
  namesRouting: false,
};

export const roomChats: ChatScope = {
  name: 'RoomChat',
  path: '/orgs/{organization_id}/rooms/{room_id}/chats',
  params: { ...organization, ...room },
  access: organizationUserWith('reports'),
  chat: 'a chat of the room',
  chats: 'the chats of the room',
  says: 'The collection has the open and ended chats of one room of the organization.',
  findGrant: (c, path) => grantOfRoom(c, path, false),
  namesRouting: false,
};

export const roomPendingChats: ChatScope = {
  ...roomChats,
  name: 'RoomPendingChat',
  path: '/orgs/{organization_id}/rooms/{room_id}/pending_chats',
  chat: 'a pending chat of the room',
  chats: 'the pending chats of the room',
  says: 'The collection has the chats that wait for an answer while no present user participates.',
  findGrant: (c, path) => grantOfRoom(c, path, true),
};

export const organizationVisitorChats: ChatScope = {
  name: 'RoomVisitorChat',
  path: '/orgs/{organization_id}/rooms/{room_id}/visitors/{visitor_id}/chats',
  params: { ...organization, ...room, ...visitor },
  access: organizationHistory,
  chat: 'a chat of the visitor in the room',
  chats: 'the chats of the visitor in the room',
  says: 'The collection has the open and ended chats of one visitor in this room.',
  findGrant: async (c, path) => {
    const own = await ownRoom(c, path['room_id'] ?? '');
    return own === null ? notFound('Room not found.') : await grantOfVisitor(c, path);
  },
  namesRouting: false,
};

export const userVisitorChats: ChatScope = {
  name: 'UserRoomVisitorChat',
  path: '/users/{user_id}/rooms/{room_id}/visitors/{visitor_id}/chats',
  params: { ...user, ...room, ...visitor },
  access: ownUser,
  chat: 'a chat of the visitor in a room that reaches the user',
  chats: 'the chats of the visitor in a room that reaches the user',
  says: 'The collection has the open and ended chats of one visitor in this room, whoever answered them.',
  findGrant: async (c, path) => {
    const reached = await reachedRoom(c, path['room_id'] ?? '');
    return reached === null ? notFound('Room not found.') : await grantOfVisitor(c, path);
  },
  namesRouting: false,
};

async function grantOfRoom(c: AppContext, path: PathValues, isPending: boolean): Promise<Granted> {
  const found = await ownRoom(c, path['room_id'] ?? '');
  if (found === null) return notFound('Room not found.');
  return granted({ kind: 'reach', reach: { organization_id: null, room_ids: [found.id] }, is_pending: isPending });
}

/** The caller has checked the room. */
async function grantOfVisitor(c: AppContext, path: PathValues): Promise<Granted> {
  const found = await visitorOf(c, path['room_id'] ?? '', path['visitor_id'] ?? '');
  if (found === null) return notFound('Visitor not found.');
  return granted({ kind: 'visitor', room_id: found.room_id, visitor_id: found.id });
}
