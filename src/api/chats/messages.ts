import { z } from '@hono/zod-openapi';
import { boundsOf, collectionQuery, collectionSchema, orderingParameter, readPage } from '../../http/collection.ts';
import { pathId } from '../../http/fields.ts';
import { refuse } from '../../http/refusals.ts';
import { jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { type MessageFacts, messageResource } from '../../resources/message.ts';
import { defineRoute } from '../define-route.ts';
import { messageWithUrls, pageWithUrls } from '../shared/file-links.ts';
import { pageOfMessages } from '../shared/message-page.ts';
import { messageSchema } from '../shared/message-schema.ts';
import { chatParams, queryChat, routeIn } from './in-scope.ts';
import type { ChatScope } from './scopes.ts';

/** A filter by types of messages. */
export const typeList = z
  .string()
  .transform((text) => text.split(',').filter((type) => type !== ''))
  .openapi({ type: 'string', description: 'Comma separated message types.' });

const listQuery = z.object({
  ...collectionQuery,
  ordering: orderingParameter(['created_at', '-created_at']).optional(),
  type__in: typeList.optional(),
  type__not_in: typeList.optional(),
});

/**
 * GET …/<chat_id>/messages and …/messages/<message_id> of a scope (Chats API, List chat messages), from the chat's
 * thread.
 */
export function messageRoutes(scope: ChatScope) {
  const shared = { method: 'get' as const, tag: 'Chat messages' };
  const listRoute = defineRoute({
    operationId: `list${scope.name}Messages`,
    ...routeIn(scope, '/{chat_id}/messages'),
    ...shared,
    summary: `List the messages of ${scope.chat}`,
    description:
      'All types of messages, joins, leaves and tags too; `type__in` and `type__not_in` choose. Right after writing the list has the new message. A page may end early when its messages are long, and then has a `next`.',
    request: { params: chatParams(scope), query: listQuery },
    answers: {
      200: jsonOf(collectionSchema(messageSchema), 'Messages, oldest first unless ordered otherwise'),
    },
  });
  const itemRoute = defineRoute({
    operationId: `get${scope.name}Message`,
    ...routeIn(scope, '/{chat_id}/messages/{message_id}'),
    ...shared,
    summary: `Retrieve a message of ${scope.chat}`,
    description: 'With its attachments, and with what it responds to. A message of another chat is not found.',
    request: { params: chatParams(scope, { message_id: pathId('message_id') }) },
    answers: { 200: jsonOf(messageSchema, 'The message') },
  });
  const router = createRouter();

  router.openapi(listRoute, async (c) => {
    const { chat_id: id } = c.req.valid('param');
    const query = c.req.valid('query');
    const ordering = query.ordering ?? 'created_at';
    const asked = readPage(query, ordering, z.tuple([z.int().min(0)]));
    if (!asked.ok) return refuse(c, asked.refusal);
    const { page } = asked;
    const read = await queryChat(c, scope, c.req.valid('param'), {
      type: 'read_messages',
      ...boundsOf<number>(page),
      types_in: query.type__in ?? [],
      types_not_in: query.type__not_in ?? [],
    });
    if (!read.ok) return read.refused;
    const show = (message: MessageFacts, room_id: string | null) => messageResource(message, { id, room_id });
    return c.json(await pageWithUrls(c, pageOfMessages(c, page, read.answer, show)), 200);
  });

  router.openapi(itemRoute, async (c) => {
    const { chat_id: id, message_id } = c.req.valid('param');
    const read = await queryChat(c, scope, c.req.valid('param'), { type: 'read_message', message_id });
    if (!read.ok) return read.refused;
    const message = messageResource(read.answer.message, { id, room_id: read.answer.room_id });
    return c.json(await messageWithUrls(c, message), 200);
  });

  return router;
}
