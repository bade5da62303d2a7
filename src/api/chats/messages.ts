import { createRoute, z } from '@hono/zod-openapi';
import { collectionQuery, collectionResponse, collectionSchema, readPage } from '../../http/collection.ts';
import { pathId, textField, uuidField } from '../../http/fields.ts';
import { userTokenSecurity } from '../../http/openapi.ts';
import { refusalResponses, refuse, refuseField } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { messageResource } from '../../resources/message.ts';
import { refuseThread } from '../refuse-thread.ts';
import { commandToChat, readOfChat } from './command-to-chat.ts';
import { userGuards } from './guards.ts';
import { messageSchema } from './schemas.ts';

/** The limit of the Chats API; messages of channels may be longer (DESIGN, "Long bodies"). Characters. */
const MESSAGE_CHARACTERS = 2000;

const params = z.object({ user_id: pathId('user_id'), chat_id: pathId('chat_id') });
const path = '/users/{user_id}/chats/{chat_id}/messages';

const postSchema = z
  .object({
    message: textField({ max: MESSAGE_CHARACTERS }),
    selected_reply_suggestion_id: uuidField().nullish(),
    chat_reply_suggestion_id: uuidField().nullish().openapi({ description: 'Older name of the same.' }),
    attachments: z.array(z.unknown()).max(0, 'Attachments are not supported yet.').nullish(),
  })
  .openapi('PostMessage');

const postRoute = createRoute({
  method: 'post',
  path,
  tags: ['Chats'],
  summary: 'Send a chat message',
  security: userTokenSecurity,
  middleware: userGuards,
  request: { params, body: bodyOf(postSchema) },
  responses: {
    200: jsonOf(messageSchema, 'The message'),
    ...refusalResponses(400, 401, 403, 404, 409, 413, 503),
  },
});

const typeList = z
  .string()
  .transform((text) => text.split(',').filter((type) => type !== ''))
  .openapi({ type: 'string', description: 'Comma separated message types.' });

const listRoute = createRoute({
  method: 'get',
  path,
  tags: ['Chats'],
  summary: "List messages of a user's chat",
  security: userTokenSecurity,
  middleware: userGuards,
  request: {
    params,
    query: z.object({
      ...collectionQuery,
      ordering: z.enum(['created_at', '-created_at']).optional(),
      type__in: typeList.optional(),
      type__not_in: typeList.optional(),
    }),
  },
  responses: {
    200: jsonOf(collectionSchema(messageSchema), 'Messages, oldest first'),
    ...refusalResponses(400, 401, 403, 404, 503),
  },
});

/** POST and GET /users/<user_id>/chats/<chat_id>/messages (seed 001). POST answers 200, as its text says. */
export const messageRoutes = createRouter();

messageRoutes.openapi(postRoute, async (c) => {
  const { chat_id } = c.req.valid('param');
  const payload = c.req.valid('json');
  const result = await commandToChat(c, {
    type: 'post_message',
    chat_id,
    actor: c.var.principal.user,
    message: payload.message,
    selected_reply_suggestion_id: payload.selected_reply_suggestion_id ?? payload.chat_reply_suggestion_id ?? null,
  });
  if (!result.ok) return refuseThread(c, result.refusal);
  return c.json(messageResource(result.answer.message, result.answer.chat), 200);
});

messageRoutes.openapi(listRoute, async (c) => {
  const { chat_id } = c.req.valid('param');
  const query = c.req.valid('query');
  const ordering = query.ordering ?? 'created_at';
  const read = readPage(query, ordering, z.tuple([z.int().min(0)]));
  if (!read.ok) return refuse(c, read.refusal);
  const { page } = read;
  const isBackwards = page.keyset.direction === 'previous';
  const descending = (ordering === '-created_at') !== isBackwards;
  const key = page.keyset.key?.[0];
  if (key !== undefined && typeof key !== 'number') return refuseField(c, 'cursor', 'Invalid cursor.');
  const result = await readOfChat(c, chat_id, (stub) =>
    stub.readMessages({
      v: 1,
      chat_id,
      viewer: { kind: 'member', user_id: c.var.principal.user.id },
      page: {
        after: descending ? null : (key ?? null),
        before: descending ? (key ?? null) : null,
        descending,
        limit: page.size,
        types_in: query.type__in ?? [],
        types_not_in: query.type__not_in ?? [],
      },
    }),
  );
  if (!result.ok) return refuseThread(c, result.refusal);
  const { messages, has_more, room_id } = result.answer;
  const body = collectionResponse(c, {
    page,
    rows: messages,
    hasMore: has_more,
    keyOf: ({ seq }) => [seq],
    resource: ({ message }) => messageResource(message, { id: chat_id, room_id }),
  });
  return c.json(body, 200);
});
