import { z } from '@hono/zod-openapi';
import { listVisitorMemberships } from '../../chats/list-memberships.ts';
import type { AppContext } from '../../http/app-environment.ts';
import { collectionQuery, collectionSchema, idKey, readPage } from '../../http/collection.ts';
import { pathId, pathVisitorId } from '../../http/fields.ts';
import { type Refused, refuse } from '../../http/refusals.ts';
import { jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { membershipResource } from '../../resources/membership.ts';
import { copyDatabase } from '../copy-database.ts';
import { defineRoute } from '../define-route.ts';
import { memberRooms } from '../reach-cache.ts';
import { refuseThread } from '../refuse-thread.ts';
import { membershipSchema } from '../shared/chat-schemas.ts';
import { membershipsByChat } from '../shared/membership-parts.ts';
import { VISITOR_NOT_FOUND } from '../shared/paths.ts';
import { type ChatPath, chatParams, queryChat, routeIn } from './in-scope.ts';
import { userChats } from './scopes.ts';

const shared = { method: 'get' as const, tag: 'Chat memberships' };
const visitor = { visitor_id: pathVisitorId() };

const listRoute = defineRoute({
  operationId: 'listSharedVisitorMemberships',
  ...routeIn(userChats, '/{chat_id}/visitors/{visitor_id}/chat_memberships'),
  ...shared,
  summary: 'List the memberships of a visitor in the chats that they share with the user',
  description:
    'One for each chat of which both are members, in any room. The chat in the path must be one of these: a chat of another visitor, or of which the user is no member, is 404.',
  request: { params: chatParams(userChats, visitor), query: z.object(collectionQuery) },
  answers: {
    200: jsonOf(collectionSchema(membershipSchema), 'Memberships, oldest chat first'),
  },
});

const itemRoute = defineRoute({
  operationId: 'getSharedVisitorMembership',
  ...routeIn(userChats, '/{chat_id}/visitors/{visitor_id}/chat_memberships/{other_chat_id}'),
  ...shared,
  summary: 'Retrieve the membership of a visitor in a chat that they share with the user',
  description:
    'The user must be a member of both chats in the path, and the visitor too; otherwise the answer is 404. The membership is the current one.',
  request: { params: chatParams(userChats, { ...visitor, other_chat_id: pathId('other_chat_id') }) },
  answers: { 200: jsonOf(membershipSchema, 'The membership') },
});

/**
 * GET /users/<user_id>/chats/<chat_id>/visitors/<visitor_id>/chat_memberships (Chats API, List visitor's chat
 * memberships): one for each chat of which the user is a member too. The chat in the path proves that the user knows
 * the visitor.
 */
export const visitorChatMembershipRoutes = createRouter();

visitorChatMembershipRoutes.openapi(listRoute, async (c) => {
  const asked = readPage(c.req.valid('query'), 'chat_id', idKey);
  if (!asked.ok) return refuse(c, asked.refusal);
  const place = c.req.valid('param');
  const unknown = await refuseUnknownVisitor(c, place, place.visitor_id);
  if (unknown !== null) return unknown;
  const rooms = await memberRooms(c);
  const of = { visitor_id: place.visitor_id, user_id: c.var.principal.user.id, rooms };
  const found = await listVisitorMemberships(await copyDatabase(c), of, asked.page.keyset);
  return c.json(membershipsByChat(c, asked.page, found), 200);
});

visitorChatMembershipRoutes.openapi(itemRoute, async (c) => {
  const { other_chat_id, ...place } = c.req.valid('param');
  const unknown = await refuseUnknownVisitor(c, place, place.visitor_id);
  if (unknown !== null) return unknown;
  const read = await queryChat(c, userChats, { ...place, chat_id: other_chat_id }, { type: 'read_members' });
  if (!read.ok) return read.refused;
  const member = read.answer.members.find(({ member_id }) => member_id === place.visitor_id);
  if (member === undefined) return refuseThread(c, { reason: 'member_not_found' });
  return c.json(membershipResource(member, read.answer.chat), 200);
});

/** The refusal when the caller has no such chat, or the visitor is not a member of it. Null when both are members. */
async function refuseUnknownVisitor(c: AppContext, place: ChatPath, visitorId: string): Promise<Refused | null> {
  const read = await queryChat(c, userChats, place, { type: 'read_chat' });
  if (!read.ok) return read.refused;
  if (read.answer.chat.visitor_id === visitorId) return null;
  return refuse(c, VISITOR_NOT_FOUND);
}
