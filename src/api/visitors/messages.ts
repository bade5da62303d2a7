import { z } from '@hono/zod-openapi';
import type { PostVisitorMessage } from '../../domain/commands.ts';
import { visitorDatabase } from '../../http/app-environment.ts';
import { boundsOf, collectionQuery, collectionSchema, orderingParameter, readPage } from '../../http/collection.ts';
import { pathId } from '../../http/fields.ts';
import { exactLimit } from '../../http/rate-limits.ts';
import { refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { HIDDEN_FROM_VISITORS, messageForVisitor } from '../../resources/as-visitors-see.ts';
import type { MessageFacts } from '../../resources/message.ts';
import { storing } from '../access.ts';
import { defineRoute } from '../define-route.ts';
import { refuseThread } from '../refuse-thread.ts';
import { commandHead } from '../send-command.ts';
import { sendWithFiles } from '../shared/attach-files.ts';
import { messageWithUrls, pageWithUrls } from '../shared/file-links.ts';
import { pageOfMessages } from '../shared/message-page.ts';
import { pageForFirstMessage } from './first-message-page.ts';
import { commandToOwnChat, ownChats, queryOwnChat } from './in-chat.ts';
import { postMessageSchema } from './message-payload.ts';
import { asVisitor, CHAT, chatPath } from './paths.ts';
import { stayPresent } from './presence.ts';
import { visitorMessageSchema } from './public-schemas.ts';

const path = `${CHAT}/messages` as const;

const listRoute = defineRoute({
  operationId: 'listVisitorChatMessages',
  ...asVisitor,
  method: 'get',
  path,
  summary: 'List the messages of a chat of the visitor',
  description:
    'Without what only the organization sees: messages about tags, real names of users, and reply suggestions. A page may end early when its messages are long, and then has a `next`.',
  request: {
    params: chatPath,
    query: z.object({ ...collectionQuery, ordering: orderingParameter(['created_at', '-created_at']).optional() }),
  },
  answers: {
    200: jsonOf(collectionSchema(visitorMessageSchema), 'Messages, oldest first unless ordered otherwise'),
  },
});

const itemRoute = defineRoute({
  operationId: 'getVisitorChatMessage',
  ...asVisitor,
  method: 'get',
  path: `${path}/{message_id}` as const,
  summary: 'Get a message of a chat of the visitor',
  description: 'A message that visitors do not see, or of another chat, is not found.',
  request: { params: chatPath.extend({ message_id: pathId('message_id') }) },
  answers: { 200: jsonOf(visitorMessageSchema, 'The message') },
});

const postRoute = defineRoute({
  operationId: 'createVisitorChatMessage',
  ...asVisitor,
  access: storing(asVisitor.access),
  method: 'post',
  path,
  idempotency: 'command',
  summary: 'Send a message as the visitor',
  description:
    'With `type` `msg`, the default, a text that makes the chat wait for an answer; `attachments` may name files of the visitor, and the text may then be empty. With `type` `action`, an answer to an attachment, which does not; `response_to_message_id` and `response_to_attachment_id` are then required. Two equal calls make two messages, unless they have the same `Idempotency-Key`. A disabled action, and any message to an ended chat, is 409. Writing renews the presence of the visitor.',
  request: { params: chatPath, body: bodyOf(postMessageSchema) },
  refusals: [409],
  answers: {
    201: jsonOf(visitorMessageSchema, 'The message'),
  },
});

/** /public/visitors/<visitor_id>/chats/<chat_id>/messages. The chat's thread answers. */
export const messageRoutes = createRouter();

messageRoutes.openapi(listRoute, async (c) => {
  const { chat_id } = c.req.valid('param');
  const query = c.req.valid('query');
  const ordering = query.ordering ?? 'created_at';
  const asked = readPage(query, ordering, z.tuple([z.int().min(0)]));
  if (!asked.ok) return refuse(c, asked.refusal);
  const { page } = asked;
  const read = await queryOwnChat(c, {
    v: 1,
    type: 'read_messages',
    chat_id,
    grant: ownChats(c),
    ...boundsOf<number>(page),
    types_in: [],
    types_not_in: [...HIDDEN_FROM_VISITORS],
  });
  if (!read.ok) return read.refused;
  const show = (message: MessageFacts, room_id: string | null) => messageForVisitor(message, { id: chat_id, room_id });
  return c.json(await pageWithUrls(c, pageOfMessages(c, page, read.answer, show)), 200);
});

messageRoutes.openapi(itemRoute, async (c) => {
  const { chat_id, message_id } = c.req.valid('param');
  const read = await queryOwnChat(c, { v: 1, type: 'read_message', chat_id, grant: ownChats(c), message_id });
  if (!read.ok) return read.refused;
  const { message, room_id } = read.answer;
  if (HIDDEN_FROM_VISITORS.includes(message.type)) return refuseThread(c, { reason: 'message_not_found' });
  return c.json(await messageWithUrls(c, messageForVisitor(message, { id: chat_id, room_id })), 200);
});

messageRoutes.openapi(postRoute, async (c) => {
  const { chat_id } = c.req.valid('param');
  const content = c.req.valid('json');
  const visitor_id = c.var.visitor.id;
  const page = content.type === 'msg' ? await pageForFirstMessage(c, chat_id) : null;
  const send = (sent: PostVisitorMessage['content']) =>
    commandToOwnChat(c, {
      ...commandHead(c),
      type: 'post_visitor_message',
      chat_id,
      visitor_id,
      page,
      limit: exactLimit(c.env, 'visitor_messages'),
      content: sent,
    });
  const place = {
    database: visitorDatabase(c),
    owner: { organization_id: c.var.visitor.organization.id, type: 'visitor' as const, id: visitor_id },
    chat_id,
  };
  const posted =
    content.type === 'msg'
      ? await sendWithFiles(c, place, content.attachments, (attachments) => send({ ...content, attachments }))
      : await send(content);
  if (!posted.ok) return posted.refused;
  stayPresent(c, posted.answer.chat.room_id);
  return c.json(await messageWithUrls(c, messageForVisitor(posted.answer.message, posted.answer.chat)), 201);
});
