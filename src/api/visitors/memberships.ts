import { z } from '@hono/zod-openapi';
import type { AppContext } from '../../http/app-environment.ts';
import { collectionQuery, collectionSchema, readPage } from '../../http/collection.ts';
import { refuse } from '../../http/refusals.ts';
import { jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { membershipForVisitor } from '../../resources/as-visitors-see.ts';
import type { ChatFacts } from '../../resources/chat.ts';
import type { MemberView } from '../../resources/membership.ts';
import { defineRoute } from '../define-route.ts';
import { refuseThread } from '../refuse-thread.ts';
import { pageOfMembers, showMembers } from '../shared/member-page.ts';
import { ownChats, queryOwnChat } from './in-chat.ts';
import { asVisitor, CHAT, chatPath } from './paths.ts';
import { visitorMembershipSchema } from './public-schemas.ts';

const path = `${CHAT}/memberships` as const;

const listRoute = defineRoute({
  operationId: 'listVisitorChatMembers',
  ...asVisitor,
  method: 'get',
  path,
  summary: 'List the memberships of a chat of the visitor',
  description:
    'The users and the visitor of the chat, with public names only. Users who left stay on the list, with `is_participating` false.',
  request: { params: chatPath, query: z.object(collectionQuery) },
  answers: {
    200: jsonOf(collectionSchema(visitorMembershipSchema), 'Memberships, oldest first'),
  },
});

const itemRoute = defineRoute({
  operationId: 'getVisitorChatMember',
  ...asVisitor,
  method: 'get',
  path: `${path}/{member_id}` as const,
  summary: 'Get a membership of a chat of the visitor',
  description: '`member_id` is the id of a user or of the visitor. Somebody who is no member is not found.',
  request: {
    params: chatPath.extend({
      member_id: z
        .string()
        .toLowerCase()
        .openapi({ param: { name: 'member_id', in: 'path' } }),
    }),
  },
  answers: { 200: jsonOf(visitorMembershipSchema, 'The membership') },
});

/** /public/visitors/<visitor_id>/chats/<chat_id>/memberships. The chat's thread answers. */
export const membershipRoutes = createRouter();

membershipRoutes.openapi(listRoute, async (c) => {
  const { chat_id } = c.req.valid('param');
  const asked = readPage(c.req.valid('query'), 'created_at', z.tuple([z.int().min(0)]));
  if (!asked.ok) return refuse(c, asked.refusal);
  const read = await queryOwnChat(c, { v: 1, type: 'read_members', chat_id, grant: ownChats(c) });
  if (!read.ok) return read.refused;
  const resources = await resourcesOf(c, read.answer.members, read.answer.chat);
  return c.json(pageOfMembers(c, asked.page, resources), 200);
});

membershipRoutes.openapi(itemRoute, async (c) => {
  const { chat_id, member_id } = c.req.valid('param');
  const read = await queryOwnChat(c, { v: 1, type: 'read_members', chat_id, grant: ownChats(c) });
  if (!read.ok) return read.refused;
  const { members, chat } = read.answer;
  const [resource] = await resourcesOf(
    c,
    members.filter((member) => member.member_id === member_id),
    chat,
  );
  return resource === undefined ? refuseThread(c, { reason: 'member_not_found' }) : c.json(resource, 200);
});

function resourcesOf(c: AppContext, members: readonly MemberView[], chat: ChatFacts) {
  return showMembers(c, members, (member, isUserDeleted) => membershipForVisitor(member, chat, isUserDeleted));
}
