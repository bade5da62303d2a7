import { z } from '@hono/zod-openapi';
import type { AppContext } from '../../http/app-environment.ts';
import { collectionQuery, collectionSchema, readPage } from '../../http/collection.ts';
import { refuse } from '../../http/refusals.ts';
import { jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import type { ChatFacts } from '../../resources/chat.ts';
import { type MembershipResource, type MemberView, membershipResource } from '../../resources/membership.ts';
import { defineRoute } from '../define-route.ts';
import { refuseThread } from '../refuse-thread.ts';
import { membershipSchema } from '../shared/chat-schemas.ts';
import { pageOfMembers, showMembers } from '../shared/member-page.ts';
import { chatParams, queryChat, routeIn } from './in-scope.ts';
import { type ChatScope, pathText } from './scopes.ts';

/** GET …/<chat_id>/memberships and …/memberships/<member_id> of a scope (Chats API, List chat memberships). */
export function membershipRoutes(scope: ChatScope) {
  const shared = { method: 'get' as const, tag: 'Chat memberships' };
  const listRoute = defineRoute({
    operationId: `list${scope.name}Memberships`,
    ...routeIn(scope, '/{chat_id}/memberships'),
    ...shared,
    summary: `List the memberships of ${scope.chat}`,
    description:
      'Users and the visitor, participating or not: who left stays on the list. This is the current state, with who types.',
    request: { params: chatParams(scope), query: z.object(collectionQuery) },
    answers: {
      200: jsonOf(collectionSchema(membershipSchema), 'Memberships, oldest first'),
    },
  });
  const itemRoute = defineRoute({
    operationId: `get${scope.name}Membership`,
    ...routeIn(scope, '/{chat_id}/memberships/{member_id}'),
    ...shared,
    summary: `Retrieve a membership of ${scope.chat}`,
    description:
      '`member_id` is the id of a user or of the visitor. Somebody who is no member of the chat is not found.',
    request: { params: chatParams(scope, { member_id: pathText('member_id').toLowerCase() }) },
    answers: { 200: jsonOf(membershipSchema, 'The membership') },
  });
  const router = createRouter();

  router.openapi(listRoute, async (c) => {
    const asked = readPage(c.req.valid('query'), 'created_at', z.tuple([z.int().min(0)]));
    if (!asked.ok) return refuse(c, asked.refusal);
    const read = await queryChat(c, scope, c.req.valid('param'), { type: 'read_members' });
    if (!read.ok) return read.refused;
    const resources = await membershipResources(c, read.answer.members, read.answer.chat);
    return c.json(pageOfMembers(c, asked.page, resources), 200);
  });

  router.openapi(itemRoute, async (c) => {
    const { member_id } = c.req.valid('param');
    const read = await queryChat(c, scope, c.req.valid('param'), { type: 'read_members' });
    if (!read.ok) return read.refused;
    const { members, chat } = read.answer;
    const [resource] = await membershipResources(
      c,
      members.filter((member) => member.member_id === member_id),
      chat,
    );
    return resource === undefined ? refuseThread(c, { reason: 'member_not_found' }) : c.json(resource, 200);
  });

  return router;
}

/** The memberships as users see them. */
function membershipResources(
  c: AppContext,
  members: readonly MemberView[],
  chat: ChatFacts,
): Promise<MembershipResource[]> {
  return showMembers(c, members, (member, isUserDeleted) => membershipResource(member, chat, isUserDeleted));
}
