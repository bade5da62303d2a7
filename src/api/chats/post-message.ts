import { z } from '@hono/zod-openapi';
import { openOrganizationDatabase } from '../../db/database.ts';
import { USER_MESSAGE_BODY } from '../../http/body-limits.ts';
import { uuidField } from '../../http/fields.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { CHANNEL_MESSAGE_CHARACTERS, CHAT_MESSAGE_CHARACTERS, messageResource } from '../../resources/message.ts';
import { defineRoute } from '../define-route.ts';
import { sendWithFiles } from '../shared/attach-files.ts';
import { messageWithUrls } from '../shared/file-links.ts';
import { messageSchema } from '../shared/message-schema.ts';
import { messageText, textOf } from '../shared/message-text.ts';
import { attachedTo, attachmentFields } from './attachment-payload.ts';
import { chatParams, commandOfActor, storingIn } from './in-scope.ts';
import { userChats } from './scopes.ts';

/** The payload of a new message. */
export const postMessageSchema = z
  .object({
    message: messageText(CHANNEL_MESSAGE_CHARACTERS).openapi({
      description: `At most ${CHAT_MESSAGE_CHARACTERS} characters in a chat without a channel, ${CHANNEL_MESSAGE_CHARACTERS} in a channel’s. It may be empty when an attachment names a file.`,
    }),
    selected_reply_suggestion_id: uuidField().nullish(),
    chat_reply_suggestion_id: uuidField().nullish().openapi({ description: 'Older name of the same.' }),
    ...attachmentFields,
  })
  .openapi('PostMessage')
  .transform((payload, context) => {
    const attached = attachedTo(payload, context);
    return {
      message: textOf(payload.message, attached.attachments, CHANNEL_MESSAGE_CHARACTERS, context),
      selected_reply_suggestion_id: payload.selected_reply_suggestion_id ?? payload.chat_reply_suggestion_id ?? null,
      ...attached,
    };
  });

const route = defineRoute({
  operationId: 'createUserChatMessage',
  ...storingIn(userChats, '/{chat_id}/messages'),
  method: 'post',
  tag: 'Chat messages',
  idempotency: 'command',
  bodyLimit: USER_MESSAGE_BODY,
  summary: 'Send a message to a chat of the user',
  description:
    'The message ends the waiting of the chat; in a chat of a channel it also goes out as a webhook. The user must be a member; they need not be present. Two equal calls make two messages, unless they have the same `Idempotency-Key`. An ended chat is 409. An attachment may name a file that the user has uploaded, in a chat of their organization: it then belongs to that chat. The answer is 200.',
  request: { params: chatParams(userChats), body: bodyOf(postMessageSchema) },
  refusals: [409],
  answers: {
    200: jsonOf(messageSchema, 'The message'),
  },
});

/**
 * POST /users/<user_id>/chats/<chat_id>/messages (Chats API, Send a chat message). It answers 200, as the Chats API
 * documents.
 */
export const postMessageRoutes = createRouter();

postMessageRoutes.openapi(route, async (c) => {
  const { chat_id } = c.req.valid('param');
  const { user, organization } = c.var.principal;
  const { attachments: wanted, ...rest } = c.req.valid('json');
  const place = {
    database: openOrganizationDatabase(c.env, organization, c.var.cost),
    owner: { organization_id: organization.id, type: 'user' as const, id: user.id },
    chat_id,
  };
  const posted = await sendWithFiles(c, place, wanted, (attachments) =>
    commandOfActor(c, chat_id, { type: 'post_message' as const, actor: user, ...rest, attachments }),
  );
  if (!posted.ok) return posted.refused;
  return c.json(await messageWithUrls(c, messageResource(posted.answer.message, posted.answer.chat)), 200);
});
