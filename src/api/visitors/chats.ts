import { z } from '@hono/zod-openapi';
import { chatKey, listChats } from '../../chats/list-chats.ts';
import { newCommandId } from '../../domain/commands.ts';
import {
  collectionQuery,
  collectionResponse,
  collectionSchema,
  idKey,
  orderingParameter,
  readPage,
} from '../../http/collection.ts';
import { booleanParameter } from '../../http/fields.ts';
import { refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { chatForVisitor } from '../../resources/as-visitors-see.ts';
import { visitorCopyDatabase } from '../copy-database.ts';
import { defineRoute, VERBS } from '../define-route.ts';
import { commandToOwnChat, ownChats, queryOwnChat } from './in-chat.ts';
import { asVisitor, CHAT, CHATS, chatPath, visitorPath } from './paths.ts';
import { visitorChatSchema } from './public-schemas.ts';

const listRoute = defineRoute({
  operationId: 'listVisitorChats',
  ...asVisitor,
  method: 'get',
  path: CHATS,
  summary: 'List the chats of the visitor',
  description: 'The chats in all rooms of the organization, open and ended. The list follows a change within a second.',
  request: {
    params: visitorPath,
    query: z.object({
      ...collectionQuery,
      is_ended: booleanParameter().optional(),
      ordering: orderingParameter(['created_at', '-created_at']).optional(),
    }),
  },
  answers: {
    200: jsonOf(collectionSchema(visitorChatSchema), 'Chats, oldest first unless ordered otherwise'),
  },
});

const itemRoute = defineRoute({
  operationId: 'getVisitorChat',
  ...asVisitor,
  method: 'get',
  path: CHAT,
  summary: 'Get a chat of the visitor',
  description: 'Always the current state. A chat of somebody else is not found.',
  request: { params: chatPath },
  answers: { 200: jsonOf(visitorChatSchema, 'The chat') },
});

const endSchema = z
  .object({
    is_ended: z.literal(true, {
      error: ({ input }) => (input === undefined ? undefined : 'Only true is allowed here.'),
    }),
  })
  .openapi('EndOwnChat');

/** /public/visitors/<visitor_id>/chats. Lists come from D1's copy. Single chats are read and ended in their threads. */
export const chatRoutes = createRouter();

chatRoutes.openapi(listRoute, async (c) => {
  const { ordering = 'created_at', is_ended, ...query } = c.req.valid('query');
  const asked = readPage(query, ordering, idKey);
  if (!asked.ok) return refuse(c, asked.refusal);
  const { page } = asked;
  const found = await listChats(await visitorCopyDatabase(c), ownChats(c), { is_ended }, ordering, page.keyset);
  const cutAt = found.cut_at === null ? null : [found.cut_at];
  const parts = { page, rows: found.rows, keyOf: chatKey(ordering), resource: chatForVisitor, cutAt };
  return c.json(collectionResponse(c, parts), 200);
});

chatRoutes.openapi(itemRoute, async (c) => {
  const { chat_id } = c.req.valid('param');
  const read = await queryOwnChat(c, { v: 1, type: 'read_chat', chat_id, grant: ownChats(c) });
  return read.ok ? c.json(chatForVisitor(read.answer.chat), 200) : read.refused;
});

for (const method of ['put', 'patch'] as const) {
  const route = defineRoute({
    operationId: `${VERBS[method]}VisitorChat`,
    ...asVisitor,
    method,
    path: CHAT,
    summary: 'End a chat of the visitor',
    description:
      'An ended chat stays readable, takes no messages (409) and never opens again. Its open invitations expire. Ending it again answers 200 and changes nothing.',
    request: { params: chatPath, body: bodyOf(endSchema) },
    answers: { 200: jsonOf(visitorChatSchema, 'The chat') },
  });
  chatRoutes.openapi(route, async (c) => {
    const { chat_id } = c.req.valid('param');
    const updated = await commandToOwnChat(c, {
      v: 1,
      type: 'update_chat',
      command_id: newCommandId(),
      chat_id,
      grant: ownChats(c),
      is_ended: true,
      is_waiting: null,
    });
    return updated.ok ? c.json(chatForVisitor(updated.answer.chat), 200) : updated.refused;
  });
}
