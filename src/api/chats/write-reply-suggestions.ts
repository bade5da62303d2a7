import { z } from '@hono/zod-openapi';
import { numberField, pathId, requireSomeField, textField } from '../../http/fields.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { replySuggestionResource } from '../../resources/reply-suggestion.ts';
import { defineRoute, VERBS } from '../define-route.ts';
import { replySuggestionSchema } from '../shared/reply-suggestion-schema.ts';
import { chatParams, commandToChat, routeIn, storingIn } from './in-scope.ts';
import type { ChatScope } from './scopes.ts';

/** Each message that selects a suggestion carries a copy of it, and a request may hold 500 such messages. */
const SUGGESTION_CHARACTERS = 10_000;

const suggestion = textField({ max: SUGGESTION_CHARACTERS });
const relevancy_score = numberField({ min: 0, max: 1 }).nullish();
const writeSchema = z.object({ suggestion, relevancy_score }).openapi('WriteReplySuggestion');
const patchSchema = z
  .object({ suggestion: suggestion.optional(), relevancy_score })
  .superRefine(requireSomeField('suggestion'))
  .openapi('PatchReplySuggestion');

const tag = 'Chat reply suggestions';

const OWN =
  'Suggestions of another organization are not found. A change triggers no webhook, and a repeat changes nothing.';
const UPDATE_SAYS = {
  put: `A score that is left out becomes null. ${OWN}`,
  patch: `A field that is left out stays; a body with neither is 400. ${OWN}`,
};

/** POST …/messages/<message_id>/reply_suggestions of a scope, PUT and PATCH …/<id> (Chats API, Chat reply suggestions). */
export function writeReplySuggestionRoutes(scope: ChatScope) {
  const message = { message_id: pathId('message_id') };
  const itemParams = chatParams(scope, { ...message, reply_suggestion_id: pathId('reply_suggestion_id') });
  const addRoute = defineRoute({
    operationId: `create${scope.name}ReplySuggestion`,
    ...storingIn(scope, '/{chat_id}/messages/{message_id}/reply_suggestions'),
    method: 'post',
    idempotency: 'command',
    tag,
    summary: `Add a reply suggestion for a message of ${scope.chat}`,
    description:
      'Offers a text with which an agent may answer the message; nothing is sent to the visitor. The channel gets it as a webhook. Two equal calls make two suggestions, unless they have the same `Idempotency-Key`. Ended chats take suggestions too; one that was purged is 409.',
    request: { params: chatParams(scope, message), body: bodyOf(writeSchema) },
    answers: {
      201: jsonOf(replySuggestionSchema, 'The suggestion'),
    },
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

  for (const [method, body] of [['put', writeSchema] as const, ['patch', patchSchema] as const]) {
    const updateRoute = defineRoute({
      operationId: `${VERBS[method]}${scope.name}ReplySuggestion`,
      ...routeIn(scope, '/{chat_id}/messages/{message_id}/reply_suggestions/{reply_suggestion_id}'),
      method,
      tag,
      summary: `Update a reply suggestion for a message of ${scope.chat}`,
      description: UPDATE_SAYS[method],
      request: { params: itemParams, body: bodyOf(body) },
      refusals: [409],
      answers: { 200: jsonOf(replySuggestionSchema, 'The suggestion') },
    });
    router.openapi(updateRoute, async (c) => {
      const { suggestion, relevancy_score } = c.req.valid('json');
      // A PUT sets what it leaves out to its default.
      const score = method === 'put' ? (relevancy_score ?? null) : relevancy_score;
      const path = c.req.valid('param');
      const updated = await commandToChat(c, scope, path, {
        type: 'update_reply_suggestion',
        message_id: path.message_id,
        suggestion_id: path.reply_suggestion_id,
        actor: c.var.principal.user,
        suggestion,
        relevancy_score: score,
      });
      if (!updated.ok) return updated.refused;
      return c.json(replySuggestionResource(updated.answer.suggestion, updated.answer.chat), 200);
    });
  }

  return router;
}
