import { z } from '@hono/zod-openapi';
import { threadName } from '../../domain/address.ts';
import type { StartUserChat } from '../../domain/commands.ts';
import { encryptionOf } from '../../domain/encryption.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { chatResource } from '../../resources/chat.ts';
import { newUuid } from '../../resources/uuid.ts';
import { defineRoute } from '../define-route.ts';
import { refuseThread } from '../refuse-thread.ts';
import { commandHead, sendCommand } from '../send-command.ts';
import { chatSchema } from '../shared/chat-schemas.ts';
import { collectionParams, storingIn } from './in-scope.ts';
import { isUserPresent } from './presence.ts';
import { userChats } from './scopes.ts';

/** The payload of a new chat: an object without required fields. */
export const newChatBody = { ...bodyOf(z.object({}).openapi('StartChat')), required: false };

const route = defineRoute({
  operationId: 'startUserChat',
  ...storingIn(userChats),
  method: 'post',
  tag: 'Chats',
  idempotency: 'command',
  summary: 'Start a chat without a visitor',
  description:
    'A chat between users, whose first member is the caller, who then invites others. It belongs to no room and never ends by itself. Each call makes another chat, unless it has the `Idempotency-Key` of an earlier one: for this call a key never expires.',
  request: { params: collectionParams(userChats), body: newChatBody },
  answers: { 201: jsonOf(chatSchema, 'The new chat') },
});

/** POST /users/<user_id>/chats (Chats API, Create a new empty chat for user). The user participates in it. */
export const startUserChatRoutes = createRouter();

startUserChatRoutes.openapi(route, async (c) => {
  const { user, organization } = c.var.principal;
  const command: StartUserChat = {
    ...commandHead(c),
    type: 'start_user_chat',
    // A repeated request must find the thread of the first one.
    identity: { kind: 'chat', id: c.get('keyed')?.id ?? newUuid(Date.now()) },
    database: organization.database,
    organization_id: organization.id,
    // A chat without a room has no option that forgets its key.
    encryption: encryptionOf(organization.encryption_public_key, null),
    actor: user,
    is_present: await isUserPresent(c, user.id),
  };
  const result = await sendCommand(c, threadName(command.identity), command);
  if (!result.ok) return refuseThread(c, result.refusal);
  return c.json(chatResource(result.answer.chat), 201);
});
