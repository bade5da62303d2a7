import { createRoute, z } from '@hono/zod-openapi';
import { pathId, textField } from '../../http/fields.ts';
import { userTokenSecurity } from '../../http/openapi.ts';
import { refusalResponses } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { replySuggestionResource } from '../../resources/reply-suggestion.ts';
import { refuseThread } from '../refuse-thread.ts';
import { commandToChat } from './command-to-chat.ts';
import { userGuards } from './guards.ts';
import { replySuggestionSchema } from './schemas.ts';

/** Each message that selects a suggestion carries a copy of it, and a request may hold 500 such messages. */
const SUGGESTION_CHARACTERS = 10_000;

const addSchema = z
  .object({
    suggestion: textField({ max: SUGGESTION_CHARACTERS }),
    relevancy_score: z.number().min(0).max(1).nullish(),
  })
  .openapi('AddReplySuggestion');

/** The two collections of a user's chats under which a message has suggestions, and the right that each asks for. */
const SCOPES = [
  { collection: 'chats', scope: 'member' },
  { collection: 'routed_chats', scope: 'routed' },
] as const;

/** POST …/messages/<message_id>/reply_suggestions under a user's chats and routed chats (seed 001). */
export const replySuggestionRoutes = createRouter();

for (const { collection, scope } of SCOPES) {
  const route = createRoute({
    method: 'post',
    path: `/users/{user_id}/${collection}/{chat_id}/messages/{message_id}/reply_suggestions`,
    tags: ['Chats'],
    summary: 'Add a chat reply suggestion for a message',
    security: userTokenSecurity,
    middleware: userGuards,
    request: {
      params: z.object({
        user_id: pathId('user_id'),
        chat_id: pathId('chat_id'),
        message_id: pathId('message_id'),
      }),
      body: bodyOf(addSchema),
    },
    responses: {
      201: jsonOf(replySuggestionSchema, 'The suggestion'),
      ...refusalResponses(400, 401, 403, 404, 413, 503),
    },
  });
  replySuggestionRoutes.openapi(route, async (c) => {
    const { chat_id, message_id } = c.req.valid('param');
    const { suggestion, relevancy_score = null } = c.req.valid('json');
    const result = await commandToChat(c, {
      type: 'add_reply_suggestion',
      chat_id,
      message_id,
      scope,
      actor: c.var.principal.user,
      suggestion,
      relevancy_score,
    });
    if (!result.ok) return refuseThread(c, result.refusal);
    return c.json(replySuggestionResource(result.answer.suggestion, result.answer.chat), 201);
  });
}
