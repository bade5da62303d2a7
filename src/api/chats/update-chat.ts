import { createRoute, z } from '@hono/zod-openapi';
import type { AppContext } from '../../http/app-environment.ts';
import { pathId } from '../../http/fields.ts';
import { userTokenSecurity } from '../../http/openapi.ts';
import { refusalResponses } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { chatResource } from '../../resources/chat.ts';
import { refuseThread } from '../refuse-thread.ts';
import { commandToChat } from './command-to-chat.ts';
import { userGuards } from './guards.ts';
import { chatSchema } from './schemas.ts';

const updateSchema = z
  .object({
    is_ended: z.literal(true, { error: onlyValue('true') }).optional(),
    is_waiting: z.literal(false, { error: onlyValue('false') }).optional(),
  })
  .superRefine((payload, context) => {
    if (payload.is_ended !== undefined || payload.is_waiting !== undefined) return;
    context.addIssue({ code: 'custom', path: ['is_ended'], message: 'This field is required.' });
  })
  .openapi('UpdateChat');

const shared = {
  path: '/users/{user_id}/chats/{chat_id}',
  tags: ['Chats'],
  summary: 'End a chat, or its waiting',
  security: userTokenSecurity,
  middleware: userGuards,
  request: {
    params: z.object({ user_id: pathId('user_id'), chat_id: pathId('chat_id') }),
    body: bodyOf(updateSchema),
  },
  responses: {
    200: jsonOf(chatSchema, 'The chat'),
    ...refusalResponses(400, 401, 403, 404, 413, 503),
  },
};

/** PUT and PATCH /users/<user_id>/chats/<chat_id> (seed 001, End a chat; Change a chat to not waiting status). */
export const updateChatRoutes = createRouter();

updateChatRoutes.openapi(createRoute({ method: 'put', ...shared }), async (c) => {
  const { chat_id } = c.req.valid('param');
  return await updateChat(c, chat_id, c.req.valid('json'));
});
updateChatRoutes.openapi(createRoute({ method: 'patch', ...shared }), async (c) => {
  const { chat_id } = c.req.valid('param');
  return await updateChat(c, chat_id, c.req.valid('json'));
});

async function updateChat(c: AppContext, chatId: string, payload: z.output<typeof updateSchema>) {
  const result = await commandToChat(c, {
    type: 'update_chat',
    chat_id: chatId,
    actor: c.var.principal.user,
    is_ended: payload.is_ended === true,
    is_waiting: payload.is_waiting ?? null,
  });
  if (!result.ok) return refuseThread(c, result.refusal);
  return c.json(chatResource(result.answer.chat), 200);
}

function onlyValue(value: string): string {
  return `Only ${value} is allowed here.`;
}
