import { z } from '@hono/zod-openapi';
import { listOwnMembershipsOfVisitor } from '../../chats/list-memberships.ts';
import { newCommandId } from '../../domain/commands.ts';
import type { AppContext } from '../../http/app-environment.ts';
import { collectionQuery, collectionResponse, collectionSchema, idKey, readPage } from '../../http/collection.ts';
import { timeField } from '../../http/fields.ts';
import { refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { membershipForVisitor } from '../../resources/as-visitors-see.ts';
import { visitorCopyDatabase } from '../copy-database.ts';
import { defineRoute } from '../define-route.ts';
import { refuseThread } from '../refuse-thread.ts';
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
  request: { params: chatPath },
  answers: { 200: jsonOf(visitorMembershipSchema, 'The membership') },
});

const status = { is_participating: z.boolean(), composing_status: z.enum(['idle', 'typing', 'typed']) };
const last_seen_at = timeField().nullish();
const putSchema = z.object({ ...status, last_seen_at }).openapi('UpdateOwnChatMembership');
const patchSchema = z
  .object({
    is_participating: status.is_participating.optional(),
    composing_status: status.composing_status.optional(),
    last_seen_at,
  })
  .superRefine((payload, context) => {
    if (Object.values(payload).some((value) => value !== undefined)) return;
    context.addIssue({ code: 'custom', path: ['is_participating'], message: 'This field is required.' });
  })
  .openapi('PatchOwnChatMembership');

const updateParts = {
  ...asVisitor,
  path: itemPath,
  summary: 'Update the membership of the visitor in a chat',
  answers: {
    200: jsonOf(visitorMembershipSchema, 'The membership'),
  },
};
const putRoute = defineRoute({
  operationId: 'replaceVisitorChatMembership',
  ...updateParts,
  method: 'put',
  request: { params: chatPath, body: bodyOf(putSchema) },
});
const patchRoute = defineRoute({
  operationId: 'updateVisitorChatMembership',
  ...updateParts,
  method: 'patch',
  request: { params: chatPath, body: bodyOf(patchSchema) },
});

/** /public/visitors/<visitor_id>/chat_memberships: listed from D1's copy, read and changed in the chats' threads. */
export const chatMembershipRoutes = createRouter();

chatMembershipRoutes.openapi(listRoute, async (c) => {
  const asked = readPage(c.req.valid('query'), 'chat_id', idKey);
  if (!asked.ok) return refuse(c, asked.refusal);
  const found = await listOwnMembershipsOfVisitor(await visitorCopyDatabase(c), c.var.visitor.id, asked.page.keyset);
  const body = collectionResponse(c, {
    page: asked.page,
    rows: found.rows,
    keyOf: (row) => [row.chat.id],
    resource: (row) => membershipForVisitor({ ...row.member, composing_status: 'idle' }, row.chat),
    cutAt: found.cut_at === null ? null : [found.cut_at],
  });
  return c.json(body, 200);
});

chatMembershipRoutes.openapi(itemRoute, async (c) => await showMembership(c, c.req.valid('param').chat_id));
chatMembershipRoutes.openapi(putRoute, async (c) => {
  return await updateMembership(c, c.req.valid('param').chat_id, c.req.valid('json'));
});
chatMembershipRoutes.openapi(patchRoute, async (c) => {
  return await updateMembership(c, c.req.valid('param').chat_id, c.req.valid('json'));
});

/** The visitor's own membership, with their typing, which only the thread knows. */
async function showMembership(c: AppContext, chat_id: string) {
  const read = await queryOwnChat(c, { v: 1, type: 'read_members', chat_id, grant: ownChats(c) });
  if (!read.ok) return read.refused;
  const own = read.answer.members.find(({ member_id }) => member_id === c.var.visitor.id);
  if (own === undefined) return refuseThread(c, { reason: 'member_not_found' });
  return c.json(membershipForVisitor(own, read.answer.chat), 200);
}

async function updateMembership(c: AppContext, chat_id: string, changes: z.output<typeof patchSchema>) {
  const updated = await commandToOwnChat(c, {
    v: 1,
    type: 'update_visitor_membership',
    command_id: newCommandId(),
    chat_id,
    visitor_id: c.var.visitor.id,
    is_participating: changes.is_participating ?? null,
    composing_status: changes.composing_status ?? null,
    last_seen_at: changes.last_seen_at ?? null,
  });
  if (!updated.ok) return updated.refused;
  const { composing_status } = changes;
  if (composing_status === undefined) return await showMembership(c, chat_id);
  return c.json(membershipForVisitor({ ...updated.answer.member, composing_status }, updated.answer.chat), 200);
}
