import { createRoute, z } from '@hono/zod-openapi';
import { pathId } from '../../http/fields.ts';
import { userTokenSecurity } from '../../http/openapi.ts';
import { refusalResponses } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { membershipResource } from '../../resources/membership.ts';
import { refuseThread } from '../refuse-thread.ts';
import { commandToChat } from './command-to-chat.ts';
import { userGuards } from './guards.ts';
import { membershipSchema } from './schemas.ts';

const joinSchema = z
  .object({ is_participating: z.boolean(), composing_status: z.enum(['idle', 'typing', 'typed']) })
  .openapi('JoinChat');

const route = createRoute({
  method: 'post',
  path: '/users/{user_id}/routed_chats/{chat_id}/memberships',
  tags: ['Chats'],
  summary: 'Join user to a routed chat',
  security: userTokenSecurity,
  middleware: userGuards,
  request: {
    params: z.object({ user_id: pathId('user_id'), chat_id: pathId('chat_id') }),
    body: bodyOf(joinSchema),
  },
  responses: {
    200: jsonOf(membershipSchema, 'The user was a member already'),
    201: jsonOf(membershipSchema, 'The new membership'),
    ...refusalResponses(400, 401, 403, 404, 409, 413, 503),
  },
});

/** POST …/routed_chats/<chat_id>/memberships (seed 001). A repeat answers 200. */
export const joinRoutedChatRoutes = createRouter();

joinRoutedChatRoutes.openapi(route, async (c) => {
  const { chat_id } = c.req.valid('param');
  const { is_participating, composing_status } = c.req.valid('json');
  const { user, organization, scopes } = c.var.principal;
  const result = await commandToChat(c, {
    type: 'join_chat',
    chat_id,
    actor: user,
    is_kept_out: organization.private_chats && !scopes.has('reports'),
    is_participating,
    composing_status,
  });
  if (!result.ok) return refuseThread(c, result.refusal);
  const { member, chat, is_new } = result.answer;
  return c.json(membershipResource(member, chat), is_new ? 201 : 200);
});
