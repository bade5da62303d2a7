import { z } from '@hono/zod-openapi';
import { USER_MESSAGE_BODY } from '../../http/body-limits.ts';
import { pathId, textField } from '../../http/fields.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { CHANNEL_MESSAGE_CHARACTERS, CHAT_MESSAGE_CHARACTERS, messageResource } from '../../resources/message.ts';
import { defineRoute } from '../define-route.ts';
import { messageWithUrls } from '../shared/file-links.ts';
import { messageSchema } from '../shared/message-schema.ts';
import { chatParams, commandOfActor, routeIn, storingIn } from './in-scope.ts';
import { userChats } from './scopes.ts';

const editSchema = z
  .object({
    message: textField({ max: CHANNEL_MESSAGE_CHARACTERS }).openapi({
      description: `The new text. At most ${CHAT_MESSAGE_CHARACTERS} characters in a chat without a channel, ${CHANNEL_MESSAGE_CHARACTERS} in a channel’s.`,
    }),
  })
  .openapi('EditMessage');

const MESSAGE = '/{chat_id}/messages/{message_id}';
const params = chatParams(userChats, { message_id: pathId('message_id') });

const editRoute = defineRoute({
  operationId: 'editUserChatMessage',
  ...storingIn(userChats, MESSAGE),
  method: 'patch',
  tag: 'Chat messages',
  idempotency: 'command',
  bodyLimit: USER_MESSAGE_BODY,
  summary: 'Edit a message of the user',
  description:
    'An extension. Only who sent a message of type `msg` may give it a new text, also in an ended chat; a message of somebody else is 403, a deleted or purged one 409. Apps and sockets get the change; a channel gets no webhook. The same text again changes nothing.',
  request: { params, body: bodyOf(editSchema) },
  refusals: [409],
  answers: { 200: jsonOf(messageSchema, 'The message, with `is_edited` true') },
});

const deleteRoute = defineRoute({
  operationId: 'deleteUserChatMessage',
  ...routeIn(userChats, MESSAGE),
  method: 'delete',
  tag: 'Chat messages',
  summary: 'Delete a message of the user',
  description:
    'An extension. The message stays in its place without text and attachments, with `deleted_at`; counts stay too. Only who sent it may delete it, also in an ended chat; a message of somebody else is 403, a purged one 409. A repeat changes nothing.',
  request: { params },
  refusals: [409],
  answers: { 204: { description: 'The message is deleted' } },
});

/** PATCH and DELETE /users/<user_id>/chats/<chat_id>/messages/<message_id> (extensions). */
export const changeMessageRoutes = createRouter();

changeMessageRoutes.openapi(editRoute, async (c) => {
  const { chat_id, message_id } = c.req.valid('param');
  const { message } = c.req.valid('json');
  const command = { type: 'edit_message' as const, by: 'user' as const, actor: c.var.principal.user };
  const edited = await commandOfActor(c, chat_id, { ...command, message_id, message });
  if (!edited.ok) return edited.refused;
  return c.json(await messageWithUrls(c, messageResource(edited.answer.message, edited.answer.chat)), 200);
});

changeMessageRoutes.openapi(deleteRoute, async (c) => {
  const { chat_id, message_id } = c.req.valid('param');
  const command = { type: 'delete_message' as const, by: 'user' as const, actor: c.var.principal.user };
  const deleted = await commandOfActor(c, chat_id, { ...command, message_id });
  return deleted.ok ? c.body(null, 204) : deleted.refused;
});
