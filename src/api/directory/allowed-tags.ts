import { z } from '@hono/zod-openapi';
import { deleteAllowedTag, insertAllowedTag, listAllowedTags } from '../../directory/allowed-tags.ts';
import { findRoom } from '../../directory/rooms.ts';
import { organizationDatabase } from '../../http/app-environment.ts';
import { nameTarget } from '../../http/audit.ts';
import { collectionQuery, collectionResponse, collectionSchema, idKey, readPage } from '../../http/collection.ts';
import { pathNameField } from '../../http/fields.ts';
import { refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { type AppRouter, createRouter } from '../../http/router.ts';
import { tagResource } from '../../resources/tag.ts';
import { defineRoute } from '../define-route.ts';
import { ROOM_NOT_FOUND, roomPath } from '../shared/paths.ts';
import { tagSchema } from '../shared/tag-schema.ts';
import type { Door } from './door.ts';

const newAllowedTag = z.object({ name: pathNameField() }).openapi('NewAllowedTag');

/** The tags that a room allows its chats (Chats API, Chat tags). */
export function allowedTagRoutesOf(door: Door): AppRouter {
  const common = { tag: door.tagOf('Rooms'), access: door.writer('settings') };
  const all = `${door.organization}/rooms/{room_id}/allowed_tags` as const;
  const routes = createRouter();

  const getTags = defineRoute({
    operationId: door.nameOf('listAllowedTags'),
    ...common,
    method: 'get',
    path: all,
    summary: 'List the tags that a room allows',
    description: 'What programs propose for chats of the room. Chats may have other tags too.',
    request: { params: roomPath, query: z.object(collectionQuery) },
    answers: { 200: jsonOf(collectionSchema(tagSchema), 'A page, by name') },
  });
  routes.openapi(getTags, async (c) => {
    const { room_id } = c.req.valid('param');
    const asked = readPage(c.req.valid('query'), 'name', idKey);
    if (!asked.ok) return refuse(c, asked.refusal);
    const database = organizationDatabase(c);
    if ((await findRoom(database, c.var.organization.id, room_id)) === null) return refuse(c, ROOM_NOT_FOUND);
    const rows = await listAllowedTags(database, room_id, asked.page.keyset);
    const parts = { page: asked.page, rows, keyOf: (tag: { name: string }) => [tag.name] };
    return c.json(collectionResponse(c, { ...parts, resource: (tag) => tagResource(tag, room_id) }), 200);
  });

  const createTag = defineRoute({
    operationId: door.nameOf('createAllowedTag'),
    ...common,
    method: 'post',
    idempotency: 'organization',
    path: all,
    summary: 'Allow a tag in a room',
    description:
      'Proposes the tag for chats of the room; nothing is refused because of it. Case and blanks make another tag. A repeat answers 200 and changes nothing.',
    request: { params: roomPath, body: bodyOf(newAllowedTag) },
    answers: {
      200: jsonOf(tagSchema, 'The tag was allowed already'),
      201: jsonOf(tagSchema, 'The tag is allowed now'),
    },
  });
  routes.openapi(createTag, async (c) => {
    const { room_id } = c.req.valid('param');
    const tag = { room_id, name: c.req.valid('json').name, created_at: Date.now() };
    nameTarget(c, { type: 'allowed_tag', id: tag.name });
    const put = await insertAllowedTag(organizationDatabase(c), c.var.organization.id, tag);
    if (put === null) return refuse(c, ROOM_NOT_FOUND);
    return c.json(tagResource(put.tag, room_id), put.isNew ? 201 : 200);
  });

  const removeTag = defineRoute({
    operationId: door.nameOf('deleteAllowedTag'),
    ...common,
    method: 'delete',
    path: `${all}/{tag_name}`,
    summary: 'Stop allowing a tag in a room',
    description: 'Chats keep the tags that they have. Repeating the call answers 404.',
    request: { params: roomPath.extend({ tag_name: z.string() }) },
    answers: { 204: { description: 'No longer allowed' } },
  });
  routes.openapi(removeTag, async (c) => {
    const { room_id, tag_name } = c.req.valid('param');
    const isDeleted = await deleteAllowedTag(organizationDatabase(c), c.var.organization.id, room_id, tag_name);
    return isDeleted ? c.body(null, 204) : refuse(c, { reason: 'not_found', detail: 'Tag not found.' });
  });

  return routes;
}
