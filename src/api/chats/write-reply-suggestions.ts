import { z } from '@hono/zod-openapi';
import type { AppContext } from '../../http/app-environment.ts';
import { pathId, textField } from '../../http/fields.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { replySuggestionResource } from '../../resources/reply-suggestion.ts';
import { defineRoute } from '../define-route.ts';
import { replySuggestionSchema } from '../shared/reply-suggestion-schema.ts';
import { type ChatPath, chatParams, commandToChat, routeIn } from './in-scope.ts';
import type { ChatScope } from './scopes.ts';

/** Each message that selects a suggestion carries a copy of it, and a request may hold 500 such messages. */
const SUGGESTION_CHARACTERS = 10_000;

const suggestion = textField({ max: SUGGESTION_CHARACTERS });
const relevancy_score = z.number().min(0).max(1).nullish();
const writeSchema = z.object({ suggestion, relevancy_score }).openapi('WriteReplySuggestion');
const patchSchema = z
  .object({ suggestion: suggestion.optional(), relevancy_score })
  .superRefine((payload, context) => {
    if (payload.suggestion !== undefined || payload.relevancy_score !== undefined) return;
    context.addIssue({ code: 'custom', path: ['suggestion'], message: 'This field is required.' });
  })
  .openapi('PatchReplySuggestion');

const tag = 'Chat reply suggestions';

/** POST …/messages/<message_id>/reply_suggestions of a scope, PUT and PATCH …/<id> (Chats API, Chat reply suggestions). */
export function writeReplySuggestionRoutes(scope: ChatScope) {
  const message = { message_id: pathId('message_id') };
  const itemParams = chatParams(scope, { ...message, reply_suggestion_id: pathId('reply_suggestion_id') });
  const addRoute = defineRoute({
    operationId: `create${scope.name}ReplySuggestion`,
    ...routeIn(scope, '/{chat_id}/messages/{message_id}/reply_suggestions'),
    method: 'post',
    tag,
    summary: `Add a reply suggestion for a message of ${scope.chat}`,
    request: { params: chatParams(scope, message), body: bodyOf(writeSchema) },
    answers: {
      201: jsonOf(replySuggestionSchema, 'The suggestion'),
    },
  });
  const updateParts = {
    ...routeIn(scope, '/{chat_id}/messages/{message_id}/reply_suggestions/{reply_suggestion_id}'),
    tag,
    summary: `Update a reply suggestion for a message of ${scope.chat}`,
    answers: {
      200: jsonOf(replySuggestionSchema, 'The suggestion'),
    },
  };
  const putRoute = defineRoute({
    operationId: `replace${scope.name}ReplySuggestion`,
    ...updateParts,
    method: 'put',
    request: { params: itemParams, body: bodyOf(writeSchema) },
  });
  const patchRoute = defineRoute({
    operationId: `update${scope.name}ReplySuggestion`,
    ...updateParts,
    method: 'patch',
    request: { params: itemParams, body: bodyOf(patchSchema) },
  });
  const router = createRouter();

  router.openapi(addRoute, async (c) => {
    const path = c.req.valid('param');
    const payload = c.req.valid('json');
    const added = await commandToChat(c, scope, path, {
      type: 'add_reply_suggestion',
      message_id: path.message_id,
      actor: c.var.principal.user,
      suggestion: payload.suggestion,
      relevancy_score: payload.relevancy_score ?? null,
    });
    if (!added.ok) return added.refused;
    return c.json(replySuggestionResource(added.answer.suggestion, added.answer.chat), 201);
  });

  router.openapi(putRoute, async (c) => {
    const payload = c.req.valid('json');
    // A PUT sets what it leaves out to its default.
    const whole = { suggestion: payload.suggestion, relevancy_score: payload.relevancy_score ?? null };
    return await updateSuggestion(c, scope, c.req.valid('param'), whole);
  });

  router.openapi(patchRoute, async (c) => await updateSuggestion(c, scope, c.req.valid('param'), c.req.valid('json')));

  return router;
}

async function updateSuggestion(
  c: AppContext,
  scope: ChatScope,
  path: ChatPath & { message_id: string; reply_suggestion_id: string },
  changes: z.output<typeof patchSchema>,
) {
  const updated = await commandToChat(c, scope, path, {
    type: 'update_reply_suggestion',
    message_id: path.message_id,
    suggestion_id: path.reply_suggestion_id,
    actor: c.var.principal.user,
    suggestion: changes.suggestion,
    relevancy_score: changes.relevancy_score,
  });
  if (!updated.ok) return updated.refused;
  return c.json(replySuggestionResource(updated.answer.suggestion, updated.answer.chat), 200);
}
