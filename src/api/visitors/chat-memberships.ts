import { z } from '@hono/zod-openapi';
import { listOwnMembershipsOfVisitor } from '../../chats/list-memberships.ts';
import { newCommandId } from '../../domain/commands.ts';
import type { AppContext } from '../../http/app-environment.ts';
import { collectionQuery, collectionSchema, idKey, readPage } from '../../http/collection.ts';
import { refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { membershipForVisitor } from '../../resources/as-visitors-see.ts';
import type { ChatFacts } from '../../resources/chat.ts';
import type { MemberView } from '../../resources/membership.ts';
import { visitorCopyDatabase } from '../copy-database.ts';
import { defineRoute, VERBS } from '../define-route.ts';
import { refuseThread } from '../refuse-thread.ts';
import {
  changesForThread,
  MEMBERSHIP_CHANGES,
  type MembershipChanges,
  pageOfMemberships,
} from '../shared/membership-parts.ts';
import { commandToOwnChat, ownChats, queryOwnChat } from './in-chat.ts';
import { asVisitor, CHAT_MEMBERSHIPS, chatPath, visitorPath } from './paths.ts';
import { visitorMembershipSchema } from './public-schemas.ts';

const itemPath = `${CHAT_MEMBERSHIPS}/{chat_id}` as const;

const listRoute = defineRoute({
  operationId: 'listVisitorChatMemberships',
  ...asVisitor,
  method: 'get',
  path: CHAT_MEMBERSHIPS,
  summary: 'List the memberships of the visitor, one for each of their chats',
  description: 'The list follows a change within a second. It does not know who types: `composing_status` is `idle`.',
  request: { params: visitorPath, query: z.object(collectionQuery) },
  answers: {
    200: jsonOf(collectionSchema(visitorMembershipSchema), 'Memberships, oldest chat first'),
  },
});

const itemRoute = defineRoute({
  operationId: 'getVisitorChatMembership',
  ...asVisitor,
  method: 'get',
  path: itemPath,
  summary: 'Get the membership of the visitor in a chat',
  description: 'Always the current state, typing included.',
  request: { params: chatPath },
  answers: { 200: jsonOf(visitorMembershipSchema, 'The membership') },
});

/**
 * /public/visitors/<visitor_id>/chat_memberships. Lists come from D1's copy. Single memberships are read and changed in
 * the chats' threads.
 */
export const chatMembershipRoutes = createRouter();

chatMembershipRoutes.openapi(listRoute, async (c) => {
  const asked = readPage(c.req.valid('query'), 'chat_id', idKey);
  if (!asked.ok) return refuse(c, asked.refusal);
  const found = await listOwnMembershipsOfVisitor(await visitorCopyDatabase(c), c.var.visitor.id, asked.page.keyset);
  const show = (member: MemberView, chat: ChatFacts) => membershipForVisitor(member, chat);
  return c.json(pageOfMemberships(c, asked.page, found, show), 200);
});

chatMembershipRoutes.openapi(itemRoute, async (c) => await showMembership(c, c.req.valid('param').chat_id));

for (const { method, body } of MEMBERSHIP_CHANGES) {
  const updateRoute = defineRoute({
    operationId: `${VERBS[method]}VisitorChatMembership`,
    ...asVisitor,
    method,
    path: itemPath,
    summary: 'Update the membership of the visitor in a chat',
    description:
      'For typing, leaving and coming back, and what the visitor has seen. `last_seen_at` never goes back; both methods keep it when it is left out. The call can be repeated. In an ended chat it is 400.',
    request: { params: chatPath, body: bodyOf(body) },
    answers: { 200: jsonOf(visitorMembershipSchema, 'The membership') },
  });
  chatMembershipRoutes.openapi(updateRoute, async (c) => {
    return await updateMembership(c, c.req.valid('param').chat_id, c.req.valid('json'));
  });
}

/** The visitor's own membership, with their typing, which only the thread knows. */
async function showMembership(c: AppContext, chat_id: string) {
  const read = await queryOwnChat(c, { v: 1, type: 'read_members', chat_id, grant: ownChats(c) });
  if (!read.ok) return read.refused;
  const own = read.answer.members.find(({ member_id }) => member_id === c.var.visitor.id);
  if (own === undefined) return refuseThread(c, { reason: 'member_not_found' });
  return c.json(membershipForVisitor(own, read.answer.chat), 200);
}

async function updateMembership(c: AppContext, chat_id: string, changes: MembershipChanges) {
  const updated = await commandToOwnChat(c, {
    v: 1,
    type: 'update_visitor_membership',
    command_id: newCommandId(),
    chat_id,
    visitor_id: c.var.visitor.id,
    ...changesForThread(changes),
  });
  if (!updated.ok) return updated.refused;
  const { composing_status } = changes;
  if (composing_status === undefined) return await showMembership(c, chat_id);
  return c.json(membershipForVisitor({ ...updated.answer.member, composing_status }, updated.answer.chat), 200);
}
