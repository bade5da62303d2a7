import { z } from '@hono/zod-openapi';
import { listMembershipsOfUser } from '../../chats/list-memberships.ts';
import type { AppContext } from '../../http/app-environment.ts';
import { collectionQuery, collectionSchema, idKey, readPage } from '../../http/collection.ts';
import { booleanParameter, pathId } from '../../http/fields.ts';
import { refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { type ComposingStatus, membershipResource } from '../../resources/membership.ts';
import { ownUser } from '../access.ts';
import { copyDatabase } from '../copy-database.ts';
import { defineRoute, VERBS } from '../define-route.ts';
import { memberRooms } from '../reach-cache.ts';
import { refuseThread } from '../refuse-thread.ts';
import { membershipSchema } from '../shared/chat-schemas.ts';
import {
  changesForThread,
  MEMBERSHIP_CHANGES,
  type MembershipChanges,
  membershipsByChat,
} from '../shared/membership-parts.ts';
import { tellTyping } from '../tell-typing.ts';
import { type ChatPath, commandOfActor, queryChat } from './in-scope.ts';
import { FULL, KEPT_OUT } from './join-chat.ts';
import { attendanceIn, givePlaceBack, isKeptOut } from './presence.ts';
import { userChats } from './scopes.ts';

const user = z.object({ user_id: pathId('user_id') });
const chat = user.extend({ chat_id: pathId('chat_id') });
const shared = { tag: 'Chat memberships', access: ownUser };
const path = '/users/{user_id}/chat_memberships';
const itemPath = `${path}/{chat_id}` as const;

const listRoute = defineRoute({
  operationId: 'listOwnChatMemberships',
  ...shared,
  method: 'get',
  path,
  summary: 'List the memberships of the user, one for each of their chats',
  description:
    '`is_participating=true` chooses the chats in which the user takes part. The list follows a change within a second, and does not know who types: `composing_status` is `idle`.',
  request: { params: user, query: z.object({ ...collectionQuery, is_participating: booleanParameter().optional() }) },
  answers: {
    200: jsonOf(collectionSchema(membershipSchema), 'Memberships, oldest chat first'),
  },
});

const itemRoute = defineRoute({
  operationId: 'getOwnChatMembership',
  ...shared,
  method: 'get',
  path: itemPath,
  summary: 'Retrieve the membership of the user in a chat',
  description: 'Always the current state, typing included. A chat of which the user is no member is not found.',
  request: { params: chat },
  answers: { 200: jsonOf(membershipSchema, 'The membership') },
});

/**
 * /users/<user_id>/chat_memberships (Chats API, Chat memberships). Lists come from D1's copy. Single memberships are
 * read and changed in the chats' threads.
 */
export const chatMembershipRoutes = createRouter();

chatMembershipRoutes.openapi(listRoute, async (c) => {
  const { is_participating, ...query } = c.req.valid('query');
  const read = readPage(query, 'chat_id', idKey);
  if (!read.ok) return refuse(c, read.refusal);
  const rooms = await memberRooms(c);
  const { id } = c.var.principal.user;
  const database = await copyDatabase(c);
  const found = await listMembershipsOfUser(database, id, rooms, { is_participating }, read.page.keyset);
  return c.json(membershipsByChat(c, read.page, found), 200);
});

chatMembershipRoutes.openapi(itemRoute, async (c) => await showMembership(c, c.req.valid('param')));

for (const { method, body } of MEMBERSHIP_CHANGES) {
  const updateRoute = defineRoute({
    operationId: `${VERBS[method]}OwnChatMembership`,
    ...shared,
    method,
    path: itemPath,
    summary: 'Update the membership of the user in a chat',
    description: `To participate or stop, which adds a message of type \`join\` or \`leave\`; to show typing; and to say what was seen. \`last_seen_at\` never goes back, and both methods keep it when it is left out. A user who is not present is 409, an ended chat 400. A repeat changes nothing. ${KEPT_OUT} ${FULL}`,
    request: { params: chat, body: bodyOf(body) },
    refusals: [409],
    answers: { 200: jsonOf(membershipSchema, 'The membership') },
  });
  chatMembershipRoutes.openapi(updateRoute, async (c) => {
    return await updateMembership(c, c.req.valid('param'), c.req.valid('json'));
  });
}

/** The caller's own membership, with their typing, which only the thread knows. */
async function showMembership(c: AppContext, place: ChatPath) {
  const read = await queryChat(c, userChats, place, { type: 'read_members' });
  if (!read.ok) return read.refused;
  const own = read.answer.members.find(({ member_id }) => member_id === c.var.principal.user.id);
  if (own === undefined) return refuseThread(c, { reason: 'member_not_found' });
  return c.json(membershipResource(own, read.answer.chat), 200);
}

/** The typing of the caller, which only the thread knows. Who has lost the chat by leaving it does not type. */
async function typingOf(c: AppContext, place: ChatPath): Promise<ComposingStatus> {
  const read = await queryChat(c, userChats, place, { type: 'read_members' });
  const members = read.ok ? read.answer.members : [];
  return members.find(({ member_id }) => member_id === c.var.principal.user.id)?.composing_status ?? 'idle';
}

async function updateMembership(c: AppContext, place: ChatPath, changes: MembershipChanges) {
  const { user: actor } = c.var.principal;
  const updated = await commandOfActor(c, place.chat_id, {
    type: 'update_membership',
    actor,
    ...(await attendanceIn(c, place.chat_id, changes.is_participating === true)),
    is_kept_out: isKeptOut(c),
    ...changesForThread(changes),
  });
  if (!updated.ok) {
    if (changes.is_participating === true) await givePlaceBack(c, place.chat_id);
    return updated.refused;
  }
  const { member, chat: changed } = updated.answer;
  if (changes.composing_status === 'typing') tellTyping(c, changed);
  const composing_status = changes.composing_status ?? (await typingOf(c, place));
  return c.json(membershipResource({ ...member, composing_status }, changed), 200);
}
