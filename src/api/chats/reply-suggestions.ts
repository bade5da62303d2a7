import { z } from '@hono/zod-openapi';
import type { AppContext } from '../../http/app-environment.ts';
import {
  boundsOf,
  collectionQuery,
  collectionResponse,
  collectionSchema,
  idKey,
  readPage,
} from '../../http/collection.ts';
import { pathId } from '../../http/fields.ts';
import { refuse } from '../../http/refusals.ts';
import { jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { replySuggestionResource } from '../../resources/reply-suggestion.ts';
import { defineRoute } from '../define-route.ts';
import { replySuggestionSchema } from '../shared/reply-suggestion-schema.ts';
import { type ChatPath, chatParams, queryChat, routeIn } from './in-scope.ts';
import type { ChatScope } from './scopes.ts';

const listQuery = z.object({ ...collectionQuery, ordering: z.enum(['created_at', '-created_at']).optional() });

const listResponses = {
  200: jsonOf(collectionSchema(replySuggestionSchema), 'Suggestions, oldest first unless ordered otherwise'),
};
const itemResponses = {
  200: jsonOf(replySuggestionSchema, 'The suggestion'),
};
const shared = { method: 'get' as const, tag: 'Chat reply suggestions' };
const suggestion = { reply_suggestion_id: pathId('reply_suggestion_id') };
const message = { message_id: pathId('message_id') };

/** GET …/<chat_id>/reply_suggestions[/<id>] of a scope (Chats API, List reply suggestions of a chat). */
export function chatReplySuggestionRoutes(scope: ChatScope) {
  const listRoute = defineRoute({
    operationId: `list${scope.name}ReplySuggestions`,
    ...routeIn(scope, '/{chat_id}/reply_suggestions'),
    ...shared,
    summary: `List the reply suggestions of ${scope.chat}`,
    request: { params: chatParams(scope), query: listQuery },
    answers: listResponses,
  });
  const itemRoute = defineRoute({
    operationId: `get${scope.name}ReplySuggestion`,
    ...routeIn(scope, '/{chat_id}/reply_suggestions/{reply_suggestion_id}'),
    ...shared,
    summary: `Retrieve a reply suggestion of ${scope.chat}`,
    request: { params: chatParams(scope, suggestion) },
    answers: itemResponses,
  });
  const router = createRouter();
  router.openapi(listRoute, async (c) => {
    return await listSuggestions(c, scope, c.req.valid('param'), null, c.req.valid('query'));
  });
  router.openapi(itemRoute, async (c) => {
    const path = c.req.valid('param');
    return await showSuggestion(c, scope, path, null, path.reply_suggestion_id);
  });
  return router;
}

/** GET …/messages/<message_id>/reply_suggestions[/<id>] of a scope (Chats API, List reply suggestions of a message). */
export function messageReplySuggestionRoutes(scope: ChatScope) {
  const listRoute = defineRoute({
    operationId: `list${scope.name}MessageReplySuggestions`,
    ...routeIn(scope, '/{chat_id}/messages/{message_id}/reply_suggestions'),
    ...shared,
    summary: `List the reply suggestions of a message of ${scope.chat}`,
    request: { params: chatParams(scope, message), query: listQuery },
    answers: listResponses,
  });
  const itemRoute = defineRoute({
    operationId: `get${scope.name}MessageReplySuggestion`,
    ...routeIn(scope, '/{chat_id}/messages/{message_id}/reply_suggestions/{reply_suggestion_id}'),
    ...shared,
    summary: `Retrieve a reply suggestion of a message of ${scope.chat}`,
    request: { params: chatParams(scope, { ...message, ...suggestion }) },
    answers: itemResponses,
  });
  const router = createRouter();
  router.openapi(listRoute, async (c) => {
    const path = c.req.valid('param');
    return await listSuggestions(c, scope, path, path.message_id, c.req.valid('query'));
  });
  router.openapi(itemRoute, async (c) => {
    const path = c.req.valid('param');
    return await showSuggestion(c, scope, path, path.message_id, path.reply_suggestion_id);
  });
  return router;
}

/** The suggestions of one message, or of all when `messageId` is null. An id sorts by the time of its creation, so it is the key. */
async function listSuggestions(
  c: AppContext,
  scope: ChatScope,
  path: ChatPath,
  messageId: string | null,
  query: z.output<typeof listQuery>,
) {
  const ordering = query.ordering ?? 'created_at';
  const asked = readPage(query, ordering, idKey);
  if (!asked.ok) return refuse(c, asked.refusal);
  const { page } = asked;
  const read = await queryChat(c, scope, path, {
    type: 'read_suggestions',
    message_id: messageId,
    ...boundsOf<string>(page),
  });
  if (!read.ok) return read.refused;
  const { suggestions, has_more, room_id } = read.answer;
  const body = collectionResponse(c, {
    page,
    rows: suggestions,
    hasMore: has_more,
    keyOf: ({ id }) => [id],
    resource: (one) => replySuggestionResource(one, { id: path.chat_id, room_id }),
  });
  return c.json(body, 200);
}

async function showSuggestion(
  c: AppContext,
  scope: ChatScope,
  path: ChatPath,
  messageId: string | null,
  suggestionId: string,
) {
  const query = { type: 'read_suggestion' as const, message_id: messageId, suggestion_id: suggestionId };
  const read = await queryChat(c, scope, path, query);
  if (!read.ok) return read.refused;
  return c.json(
    replySuggestionResource(read.answer.suggestion, { id: path.chat_id, room_id: read.answer.room_id }),
    200,
  );
}
