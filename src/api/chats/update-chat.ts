import { z } from '@hono/zod-openapi';
import { requireSomeField } from '../../http/fields.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { chatResource } from '../../resources/chat.ts';
import { defineRoute, VERBS } from '../define-route.ts';
import { chatSchema } from '../shared/chat-schemas.ts';
import { chatParams, commandToChat, routeIn } from './in-scope.ts';
import type { ChatScope } from './scopes.ts';

const updateSchema = z
  .object({
    is_ended: z.literal(true, { error: onlyValue('true') }).optional(),
    is_waiting: z.literal(false, { error: onlyValue('false') }).optional(),
  })
  .superRefine(requireSomeField('is_ended'))
  .openapi('UpdateChat');

/** PUT and PATCH <collection>/<chat_id> of a scope (Chats API, End a chat; Change a chat to not waiting status). */
export function updateChatRoutes(scope: ChatScope) {
  const router = createRouter();
  for (const method of ['put', 'patch'] as const) {
    const route = defineRoute({
      operationId: `${VERBS[method]}${scope.name}`,
      ...routeIn(scope, '/{chat_id}'),
      method,
      tag: 'Chats',
      summary: `End ${scope.chat}, or stop its waiting`,
      description:
        '`is_ended: true` ends the chat for good: its open invitations expire, and it takes no more messages. `is_waiting: false` takes it from the pending chats without an answer; in an ended chat that is 400. Both methods do the same, and a repeat changes nothing. A body with neither field is 400.',
      request: { params: chatParams(scope), body: bodyOf(updateSchema) },
      answers: { 200: jsonOf(chatSchema, 'The chat') },
    });
    router.openapi(route, async (c) => {
      const { is_ended = false, is_waiting = null } = c.req.valid('json');
      const command = { type: 'update_chat' as const, is_ended, is_waiting };
      const updated = await commandToChat(c, scope, c.req.valid('param'), command);
      return updated.ok ? c.json(chatResource(updated.answer.chat), 200) : updated.refused;
    });
  }
  return router;
}

function onlyValue(value: string): string {
  return `Only ${value} is allowed here.`;
}
