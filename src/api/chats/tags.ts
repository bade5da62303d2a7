import { z } from '@hono/zod-openapi';
import { collectionQuery, collectionSchema, readPage } from '../../http/collection.ts';
import { pathNameField } from '../../http/fields.ts';
import { pageOfAll } from '../../http/page-of-all.ts';
import { refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { tagResource } from '../../resources/tag.ts';
import { defineRoute } from '../define-route.ts';
import { refuseThread } from '../refuse-thread.ts';
import { tagSchema } from '../shared/tag-schema.ts';
import { chatParams, commandToChat, queryChat, routeIn } from './in-scope.ts';
import { type ChatScope, pathText } from './scopes.ts';

const addSchema = z.object({ name: pathNameField() }).openapi('AddChatTag');

/** …/<chat_id>/tags of a scope (Chats API, Chat tags). A tag is addressed by its URL-encoded name. */
export function tagRoutes(scope: ChatScope) {
  const shared = { tag: 'Chat tags' };
  const collection = routeIn(scope, '/{chat_id}/tags');
  const item = routeIn(scope, '/{chat_id}/tags/{tag_name}');
  const itemParams = chatParams(scope, { tag_name: pathText('tag_name') });
  const listRoute = defineRoute({
    operationId: `list${scope.name}Tags`,
    ...collection,
    ...shared,
    method: 'get',
    summary: `List the tags of ${scope.chat}`,
    description: 'The tags that were added and not removed, of an ended chat too.',
    request: { params: chatParams(scope), query: z.object(collectionQuery) },
    answers: {
      200: jsonOf(collectionSchema(tagSchema), 'Tags, oldest first'),
    },
  });
  const addRoute = defineRoute({
    operationId: `add${scope.name}Tag`,
    ...collection,
    ...shared,
    method: 'post',
    idempotency: 'command',
    summary: `Add a tag to ${scope.chat}`,
    description:
      'Adds a message of type `tag_created` too. Any name will do, allowed by the room or not; case and blanks make another tag. A tag that is there answers 200 and changes nothing. The 1,001st tag of a chat is 409. Ended chats can be tagged.',
    request: { params: chatParams(scope), body: bodyOf(addSchema) },
    refusals: [409],
    answers: {
      200: jsonOf(tagSchema, 'The chat had this tag already'),
      201: jsonOf(tagSchema, 'The new tag'),
    },
  });
  const itemRoute = defineRoute({
    operationId: `get${scope.name}Tag`,
    ...item,
    ...shared,
    method: 'get',
    summary: `Retrieve a tag of ${scope.chat}`,
    description: 'The name is URL-encoded in the path. A tag that the chat does not have is not found.',
    request: { params: itemParams },
    answers: { 200: jsonOf(tagSchema, 'The tag') },
  });
  const removeRoute = defineRoute({
    operationId: `remove${scope.name}Tag`,
    ...item,
    ...shared,
    method: 'delete',
    summary: `Remove a tag from ${scope.chat}`,
    description: 'The message that announced the tag stays. Repeating the call answers 404.',
    request: { params: itemParams },
    answers: { 204: { description: 'The chat has this tag no more' } },
  });
  const router = createRouter();

  router.openapi(listRoute, async (c) => {
    const asked = readPage(c.req.valid('query'), 'created_at', z.tuple([z.int(), z.string()]));
    if (!asked.ok) return refuse(c, asked.refusal);
    const read = await queryChat(c, scope, c.req.valid('param'), { type: 'read_tags' });
    if (!read.ok) return read.refused;
    const { tags, room_id } = read.answer;
    const keyOf = (tag: { created_at: number; name: string }) => [tag.created_at, tag.name];
    return c.json(
      pageOfAll(c, asked.page, tags, keyOf, (tag) => tagResource(tag, room_id)),
      200,
    );
  });

  router.openapi(addRoute, async (c) => {
    const command = { type: 'add_tag' as const, actor: c.var.principal.user, name: c.req.valid('json').name };
    const added = await commandToChat(c, scope, c.req.valid('param'), command);
    if (!added.ok) return added.refused;
    const { tag, chat, is_new } = added.answer;
    return c.json(tagResource(tag, chat.room_id), is_new ? 201 : 200);
  });

  router.openapi(itemRoute, async (c) => {
    const { tag_name } = c.req.valid('param');
    const read = await queryChat(c, scope, c.req.valid('param'), { type: 'read_tags' });
    if (!read.ok) return read.refused;
    const tag = read.answer.tags.find(({ name }) => name === tag_name);
    return tag === undefined
      ? refuseThread(c, { reason: 'tag_not_found' })
      : c.json(tagResource(tag, read.answer.room_id), 200);
  });

  router.openapi(removeRoute, async (c) => {
    const { tag_name: name } = c.req.valid('param');
    const removed = await commandToChat(c, scope, c.req.valid('param'), { type: 'remove_tag', name });
    return removed.ok ? c.body(null, 204) : removed.refused;
  });

  return router;
}
