import { z } from '@hono/zod-openapi';
import { findAllowedTag, listAllowedTags } from '../../directory/allowed-tags.ts';
import { organizationDatabase } from '../../http/app-environment.ts';
import { collectionQuery, collectionResponse, collectionSchema, idKey, readPage } from '../../http/collection.ts';
import { refuse } from '../../http/refusals.ts';
import { jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { tagResource } from '../../resources/tag.ts';
import { defineRoute } from '../define-route.ts';
import { refuseThread } from '../refuse-thread.ts';
import { tagSchema } from '../shared/tag-schema.ts';
import { chatParams, queryChat, routeIn } from './in-scope.ts';
import { type ChatScope, pathText } from './scopes.ts';

/**
 * GET …/<chat_id>/allowed_tags of a scope (Chats API, List allowed tags for a chat): the allowed tags of the chat's
 * room. A chat without a room has none.
 */
export function allowedTagRoutes(scope: ChatScope) {
  const shared = { method: 'get' as const, tag: 'Chat tags' };
  const listRoute = defineRoute({
    operationId: `list${scope.name}AllowedTags`,
    ...routeIn(scope, '/{chat_id}/allowed_tags'),
    ...shared,
    summary: `List the tags that are allowed for ${scope.chat}`,
    description:
      'What its room proposes; the chat may have other tags too. A chat between users has no room, so its list is empty.',
    request: { params: chatParams(scope), query: z.object(collectionQuery) },
    answers: {
      200: jsonOf(collectionSchema(tagSchema), 'Tags by name'),
    },
  });
  const itemRoute = defineRoute({
    operationId: `get${scope.name}AllowedTag`,
    ...routeIn(scope, '/{chat_id}/allowed_tags/{tag_name}'),
    ...shared,
    summary: `Retrieve a tag that is allowed for ${scope.chat}`,
    description: 'A tag that its room does not propose is not found, also when the chat has it.',
    request: { params: chatParams(scope, { tag_name: pathText('tag_name') }) },
    answers: { 200: jsonOf(tagSchema, 'The tag') },
  });
  const router = createRouter();

  router.openapi(listRoute, async (c) => {
    const asked = readPage(c.req.valid('query'), 'name', idKey);
    if (!asked.ok) return refuse(c, asked.refusal);
    const read = await queryChat(c, scope, c.req.valid('param'), { type: 'read_chat' });
    if (!read.ok) return read.refused;
    const { room } = read.answer.chat;
    const { page } = asked;
    const rows = room === null ? [] : await listAllowedTags(organizationDatabase(c), room.id, page.keyset);
    const parts = { page, rows, keyOf: (row: { name: string }) => [row.name] };
    return c.json(collectionResponse(c, { ...parts, resource: (row) => tagResource(row, row.room_id) }), 200);
  });

  router.openapi(itemRoute, async (c) => {
    const { tag_name } = c.req.valid('param');
    const read = await queryChat(c, scope, c.req.valid('param'), { type: 'read_chat' });
    if (!read.ok) return read.refused;
    const { room } = read.answer.chat;
    const tag = room === null ? null : await findAllowedTag(organizationDatabase(c), room.id, tag_name);
    return tag === null ? refuseThread(c, { reason: 'tag_not_found' }) : c.json(tagResource(tag, tag.room_id), 200);
  });

  return router;
}
