import { z } from '@hono/zod-openapi';
import { pathId, textField } from '../../http/fields.ts';
import { exactLimit } from '../../http/rate-limits.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { messageForVisitor } from '../../resources/as-visitors-see.ts';
import { CHAT_MESSAGE_CHARACTERS } from '../../resources/message.ts';
import { storing } from '../access.ts';
import { defineRoute } from '../define-route.ts';
import { commandHead } from '../send-command.ts';
import { messageWithUrls } from '../shared/file-links.ts';
import { commandToOwnChat } from './in-chat.ts';
import { asVisitor, CHAT, chatPath } from './paths.ts';
import { visitorMessageSchema } from './public-schemas.ts';

const editSchema = z.object({ message: textField({ max: CHAT_MESSAGE_CHARACTERS }) }).openapi('EditMessageAsVisitor');

const path = `${CHAT}/messages/{message_id}` as const;
const params = chatPath.extend({ message_id: pathId('message_id') });

const editRoute = defineRoute({
  operationId: 'editVisitorChatMessage',
  ...asVisitor,
  access: storing(asVisitor.access),
  method: 'patch',
  path,
  idempotency: 'command',
  summary: 'Edit a message of the visitor',
  description:
    'An extension. A new text for a message of type `msg` that the visitor sent, also in an ended chat; a message of a user is 403, a deleted or purged one 409. The same text again changes nothing. Changes count with the visitor’s messages.',
  request: { params, body: bodyOf(editSchema) },
  refusals: [409],
  answers: { 200: jsonOf(visitorMessageSchema, 'The message, with `is_edited` true') },
});

const deleteRoute = defineRoute({
  operationId: 'deleteVisitorChatMessage',
  ...asVisitor,
  method: 'delete',
  path,
  summary: 'Delete a message of the visitor',
  description:
    'An extension. The message stays in its place without its text, with `deleted_at`. A message of a user is 403, a purged one 409. A repeat changes nothing.',
  request: { params },
  refusals: [409],
  answers: { 204: { description: 'The message is deleted' } },
});

/** PATCH and DELETE /public/visitors/<visitor_id>/chats/<chat_id>/messages/<message_id> (extensions). */
export const changeMessageRoutes = createRouter();

changeMessageRoutes.openapi(editRoute, async (c) => {
  const { chat_id, message_id } = c.req.valid('param');
  const edited = await commandToOwnChat(c, {
    ...commandHead(c),
    type: 'edit_message',
    by: 'visitor',
    chat_id,
    visitor_id: c.var.visitor.id,
    message_id,
    message: c.req.valid('json').message,
    limit: exactLimit(c.env, 'visitor_messages'),
  });
  if (!edited.ok) return edited.refused;
  return c.json(await messageWithUrls(c, messageForVisitor(edited.answer.message, edited.answer.chat)), 200);
});

changeMessageRoutes.openapi(deleteRoute, async (c) => {
  const { chat_id, message_id } = c.req.valid('param');
  const deleted = await commandToOwnChat(c, {
    ...commandHead(c),
    type: 'delete_message',
    by: 'visitor',
    chat_id,
    visitor_id: c.var.visitor.id,
    message_id,
  });
  return deleted.ok ? c.body(null, 204) : deleted.refused;
});
