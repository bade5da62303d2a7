import { z } from '@hono/zod-openapi';
import type { AppContext } from '../../http/app-environment.ts';
import { isoTimeSchema } from '../../http/fields.ts';
import { jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { fullName } from '../../resources/user.ts';
import { VIEW_LASTS, viewerResource } from '../../resources/viewer.ts';
import { defineRoute } from '../define-route.ts';
import { type ChatPath, chatParams, queryChat, routeIn } from './in-scope.ts';
import type { ChatScope } from './scopes.ts';

const viewersSchema = z
  .object({
    viewers: z.array(
      z.object({ user_id: z.string().openapi({ format: 'uuid' }), name: z.string(), expires_at: isoTimeSchema }),
    ),
  })
  .openapi('ChatViewers');

const SECONDS = VIEW_LASTS / 1000;

/** …/<chat_id>/view of a scope (an extension): who looks at a chat, so that two do not answer at once. */
export function viewRoutes(scope: ChatScope) {
  const common = { ...routeIn(scope, '/{chat_id}/view'), tag: 'Chat memberships' };
  const request = { params: chatParams(scope) };
  const putRoute = defineRoute({
    operationId: `view${scope.name}`,
    ...common,
    method: 'put',
    summary: `Say that the user looks at ${scope.chat}`,
    description: `It counts for ${SECONDS} seconds: say it again every 20. Sockets of those who see the chat are told under \`…/<chat>/viewers\`; visitors, channels and apps are not. It is kept in memory only, is in no log, and makes nobody present.`,
    request,
    answers: { 200: jsonOf(viewersSchema, 'Who looks at the chat, the user too') },
  });
  const deleteRoute = defineRoute({
    operationId: `leave${scope.name}View`,
    ...common,
    method: 'delete',
    summary: `Say that the user looks at ${scope.chat} no longer`,
    description:
      'The sockets are told. Who says nothing is no viewer after 30 seconds either. The call can be repeated.',
    request,
    answers: { 204: { description: 'Noted' } },
  });
  const router = createRouter();

  router.openapi(putRoute, async (c) => {
    const read = await note(c, scope, c.req.valid('param'), false);
    return read.ok ? c.json({ viewers: read.answer.viewers.map(viewerResource) }, 200) : read.refused;
  });

  router.openapi(deleteRoute, async (c) => {
    const read = await note(c, scope, c.req.valid('param'), true);
    return read.ok ? c.body(null, 204) : read.refused;
  });

  return router;
}

function note(c: AppContext, scope: ChatScope, path: ChatPath, is_leaving: boolean) {
  const { user } = c.var.principal;
  const viewer = { user_id: user.id, name: fullName(user) };
  return queryChat(c, scope, path, { type: 'view_chat', viewer, is_leaving });
}
