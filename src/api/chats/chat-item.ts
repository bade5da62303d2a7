import { jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { chatResource } from '../../resources/chat.ts';
import { defineRoute } from '../define-route.ts';
import { chatSchema } from '../shared/chat-schemas.ts';
import { chatParams, queryChat, routeIn } from './in-scope.ts';
import type { ChatScope } from './scopes.ts';

/** GET <collection>/<chat_id> of a scope (Chats API, Retrieve details of …). The chat's thread answers. */
export function chatItemRoutes(scope: ChatScope) {
  const route = defineRoute({
    operationId: `get${scope.name}`,
    ...routeIn(scope, '/{chat_id}'),
    method: 'get',
    tag: 'Chats',
    summary: `Retrieve ${scope.chat}`,
    description: `${scope.says} A chat outside it is 404. The answer is the current state, ahead of the list.`,
    request: { params: chatParams(scope) },
    answers: { 200: jsonOf(chatSchema, 'The chat') },
  });
  const router = createRouter();
  router.openapi(route, async (c) => {
    const read = await queryChat(c, scope, c.req.valid('param'), { type: 'read_chat' });
    return read.ok ? c.json(chatResource(read.answer.chat), 200) : read.refused;
  });
  return router;
}
