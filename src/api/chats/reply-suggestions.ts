import { z } from '@hono/zod-openapi';
import type { AppContext } from '../../http/app-environment.ts';
import {
  boundsOf,
  collectionQuery,
  collectionResponse,
  collectionSchema,
  idKey,
  orderingParameter,
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

const listQuery = z.object({
  ...collectionQuery,
  ordering: orderingParameter(['created_at', '-created_at']).optional(),
});

const tag = 'Chat reply suggestions';

/** The suggestions of a whole chat, or of one of its messages. */
const ALL_OF_CHAT = { path: '', name: '', of: '', more: {} };
const OF_MESSAGE = {
  path: '/messages/{message_id}',
  name: 'Message',
  of: 'a message of ',
  more: { message_id: pathId('message_id') },
};

/**
 * GET …/<chat_id>/reply_suggestions[/<id>] and …/<chat_id>/messages/<message_id>/reply_suggestions[/<id>] of a scope
 * (Chats API, List reply suggestions of a chat, of a message).
 */
export function replySuggestionRoutes(scope: ChatScope) {
  const router = createRouter();
  for (const { path, name, of, more } of [ALL_OF_CHAT, OF_MESSAGE]) {
    const listRoute = defineRoute({
      operationId: `list${scope.name}${name}ReplySuggestions`,
      ...routeIn(scope, `/{chat_id}${path}/reply_suggestions`),
      method: 'get',
      tag,
      summary: `List the reply suggestions of ${of}${scope.chat}`,
      description:
        'Texts that an agent may send, by bots and users of all organizations in the chat. A page may end early when its texts are long, and then has a `next`.',
      request: { params: chatParams(scope, more), query: listQuery },
      answers: {
        200: jsonOf(collectionSchema(replySuggestionSchema), 'Suggestions, oldest first unless ordered otherwise'),
      },
    });
    router.openapi(listRoute, async (c) => {
      return await listSuggestions(c, scope, c.req.valid('param'), c.req.valid('query'));
    });

    const itemRoute = defineRoute({
      operationId: `get${scope.name}${name}ReplySuggestion`,
      ...routeIn(scope, `/{chat_id}${path}/reply_suggestions/{reply_suggestion_id}`),
      method: 'get',
      tag,
      summary: `Retrieve a reply suggestion of ${of}${scope.chat}`,
      description: `A suggestion of another ${name === '' ? 'chat' : 'message'} is not found.`,
      request: { params: chatParams(scope, { ...more, reply_suggestion_id: pathId('reply_suggestion_id') }) },
      answers: { 200: jsonOf(replySuggestionSchema, 'The suggestion') },
    });
    router.openapi(itemRoute, async (c) => await showSuggestion(c, scope, c.req.valid('param')));
  }
  return router;
}

type SuggestionsPath = ChatPath & { message_id?: string };

/** Ids sort by time of creation, so the id is the key. */
async function listSuggestions(
  c: AppContext,
  scope: ChatScope,
  path: SuggestionsPath,
  query: z.output<typeof listQuery>,
) {
  const ordering = query.ordering ?? 'created_at';
  const asked = readPage(query, ordering, idKey);
  if (!asked.ok) return refuse(c, asked.refusal);
  const { page } = asked;
  const read = await queryChat(c, scope, path, {
    type: 'read_suggestions',
    message_id: path.message_id ?? null,
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
  path: SuggestionsPath & { reply_suggestion_id: string },
) {
  const read = await queryChat(c, scope, path, {
    type: 'read_suggestion',
    message_id: path.message_id ?? null,
    suggestion_id: path.reply_suggestion_id,
  });
  if (!read.ok) return read.refused;
  const { suggestion, room_id } = read.answer;
  return c.json(replySuggestionResource(suggestion, { id: path.chat_id, room_id }), 200);
}
