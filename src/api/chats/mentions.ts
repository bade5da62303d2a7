import { z } from '@hono/zod-openapi';
import { deleteMention, MENTIONS_KEPT } from '../../chats/mentions.ts';
import type { UserRow } from '../../db/rows.ts';
import { listUsers, USER_ORDERS, userAccount, userFacts } from '../../directory/users.ts';
import type { ReadingOf, ReadMembers } from '../../domain/queries.ts';
import { type AppContext, identityDatabase, organizationDatabase } from '../../http/app-environment.ts';
import { collectionQuery, collectionResponse, collectionSchema, creationKey, readPage } from '../../http/collection.ts';
import { pathId } from '../../http/fields.ts';
import { refuse } from '../../http/refusals.ts';
import { jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { mentionNotification, ownUpdate } from '../../notifications/own-updates.ts';
import { routedRoomsOf } from '../../notifications/routed-rooms-cache.ts';
import { errorText, writeLog } from '../../platform/log.ts';
import { isInRoomSet, silenceHolds } from '../../resources/chat-grant.ts';
import type { MentionFacts } from '../../resources/mention.ts';
import { fullName } from '../../resources/user.ts';
import { liveHubStub, organizationHub } from '../../rpc/live-hub.ts';
import { ownUser } from '../access.ts';
import { defineRoute } from '../define-route.ts';
import { chatParams, queryChat, routeIn } from './in-scope.ts';
import type { ChatScope } from './scopes.ts';

/** Whom a note may mention. `is_present` is as for users. */
const mentionableUserSchema = z
  .object({ id: z.string().openapi({ format: 'uuid' }), name: z.string(), is_present: z.boolean() })
  .openapi('MentionableUser');

const DAYS_KEPT = MENTIONS_KEPT / (24 * 3_600_000);

/** …/<chat_id>/mentionable_users of a scope (an extension). */
export function mentionableUserRoutes(scope: ChatScope) {
  const listRoute = defineRoute({
    operationId: `list${scope.name}MentionableUsers`,
    ...routeIn(scope, '/{chat_id}/mentionable_users'),
    method: 'get',
    tag: 'Notes',
    summary: `List whom a note about ${scope.chat} may mention`,
    description:
      'Other people of the caller’s organization who see the chat: it is routed to them, or they are members of it. A page may have fewer of them than `page_size`, and yet a next one.',
    request: { params: chatParams(scope), query: z.object(collectionQuery) },
    answers: { 200: jsonOf(collectionSchema(mentionableUserSchema), 'A page, by the creation of the user') },
  });
  const router = createRouter();
  router.openapi(listRoute, async (c) => {
    const asked = readPage(c.req.valid('query'), 'created_at', creationKey);
    if (!asked.ok) return refuse(c, asked.refusal);
    const read = await queryChat(c, scope, c.req.valid('param'), { type: 'read_members' });
    if (!read.ok) return read.refused;
    const { organization } = c.var.principal;
    const options = { ordering: 'created_at', includesDeleted: false } as const;
    const rows = await listUsers(identityDatabase(c), organization.id, options, asked.page.keyset);
    const keyOf = (row: UserRow) => USER_ORDERS.created_at.columns.map((column) => row[column]);
    const page = collectionResponse(c, { page: asked.page, rows, keyOf, resource: (row) => row });
    const now = Date.now();
    const results = (await mentionable(c, read.answer, page.results)).map((row) => {
      const { facts, is_present } = userAccount(row, organization, now);
      return { id: facts.id, name: fullName(facts), is_present };
    });
    return c.json({ ...page, results }, 200);
  });
  return router;
}

const forgetRoute = defineRoute({
  operationId: 'deleteMention',
  method: 'delete',
  path: '/users/{user_id}/mentions/{chat_id}',
  tag: 'Notes',
  access: ownUser,
  summary: 'Forget that a note mentions the user',
  description: `For a client that has shown the chat. The user’s own sockets are told. A mention is forgotten by itself after ${DAYS_KEPT} days, with its note, and with a purge of the chat. Repeating the call answers 404.`,
  request: { params: z.object({ user_id: pathId('user_id'), chat_id: pathId('chat_id') }) },
  answers: { 204: { description: 'Forgotten' } },
});

/** DELETE /users/<user_id>/mentions/<chat_id> (an extension). */
export const mentionRoutes = createRouter();

mentionRoutes.openapi(forgetRoute, async (c) => {
  const { chat_id } = c.req.valid('param');
  const { user, organization } = c.var.principal;
  if (!(await deleteMention(organizationDatabase(c), organization.id, user.id, chat_id))) {
    return refuse(c, { reason: 'not_found', detail: 'Nothing mentions the user in this chat.' });
  }
  tellMentioned(c, [user.id], chat_id, null);
  return c.body(null, 204);
});

/**
 * Of some users of the caller's organization those whom the caller may mention in a chat: other people who see it. Programs
 * are told by webhooks, which no note reaches.
 */
export async function mentionable(
  c: AppContext,
  { chat, members }: ReadingOf<ReadMembers>,
  users: readonly UserRow[],
): Promise<UserRow[]> {
  const { user: caller, organization } = c.var.principal;
  const routed = await routedRoomsOf(c.env, c.var.cost, organization);
  const rights = { has_reports: false, keeps_private_history: organization.private_chat_history };
  const memberships = new Map(members.map((member) => [member.member_id, member]));
  return users.filter((row) => {
    const user = userFacts(row);
    if (user.is_bot || user.id === caller.id) return false;
    if (isInRoomSet(chat.room, routed.ofUser(user, { includesPrivateHistory: true }))) return true;
    const member = memberships.get(user.id);
    if (member === undefined) return false;
    return member.is_participating || silenceHolds(chat, organization.id, routed.ofMember(user, rights).reach);
  });
}

/** Tells the own sockets of users, at most once, that a note mentions them in a chat, or (null) no longer. */
export function tellMentioned(
  c: AppContext,
  userIds: readonly string[],
  chatId: string,
  mention: MentionFacts | null,
): void {
  if (userIds.length === 0) return;
  const { id: organizationId } = c.var.principal.organization;
  const hub = organizationHub(organizationId);
  const notifications = userIds.map((id) => mentionNotification(id, chatId, mention));
  const told = ownUpdate(organizationId, userIds, chatId, notifications, Date.now());
  const telling = liveHubStub(c.env, hub).mention({ v: 1, hub, told });
  c.executionCtx.waitUntil(
    telling.catch((error: unknown) => writeLog('warn', 'mention_not_told', { error: errorText(error) })),
  );
}
