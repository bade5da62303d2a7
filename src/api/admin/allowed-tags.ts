import { z } from '@hono/zod-openapi';
import { deleteAllowedTag, insertAllowedTag, listAllowedTags } from '../../directory/allowed-tags.ts';
import { findRoom } from '../../directory/rooms.ts';
import { collectionQuery, collectionResponse, collectionSchema, idKey, readPage } from '../../http/collection.ts';
import { isoTimeSchema, pathNameField } from '../../http/fields.ts';
import { refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { tagResource } from '../../resources/tag.ts';
import { operator } from '../access.ts';
import { defineRoute } from '../define-route.ts';
import { roomDatabaseOf } from './organization-database.ts';
import { roomPath } from './schemas.ts';

const common = { tag: 'Administration', access: operator };
const ALL = '/organizations/{organization_id}/rooms/{room_id}/allowed_tags';

const newTag = z.object({ name: pathNameField() });

const tagSchema = z
  .object({ name: z.string(), created_at: isoTimeSchema, hashed_name: z.string(), room_id: z.string().nullable() })
  .openapi('AdminAllowedTag');

const getTags = defineRoute({
  operationId: 'adminListTags',
  ...common,
  method: 'get',
  path: ALL,
  summary: 'List the tags that a room allows',
  request: { params: roomPath, query: z.object(collectionQuery) },
  answers: { 200: jsonOf(collectionSchema(tagSchema), 'A page, by name') },
});

const createTag = defineRoute({
  operationId: 'adminCreateTag',
  ...common,
  method: 'post',
  path: ALL,
  summary: 'Allow a tag in a room',
  request: { params: roomPath, body: bodyOf(newTag) },
  answers: {
    200: jsonOf(tagSchema, 'It was allowed already'),
    201: jsonOf(tagSchema, 'It is allowed now'),
  },
});

const removeTag = defineRoute({
  operationId: 'adminDeleteTag',
  ...common,
  method: 'delete',
  path: `${ALL}/{tag_name}`,
  summary: 'Stop allowing a tag in a room',
  description: 'Chats keep the tags that they have.',
  request: { params: roomPath.extend({ tag_name: z.string() }) },
  answers: { 204: { description: 'Not allowed any more' } },
});

export const allowedTagRoutes = createRouter();

allowedTagRoutes.openapi(getTags, async (c) => {
  const { organization_id, room_id } = c.req.valid('param');
  const asked = readPage(c.req.valid('query'), 'name', idKey);
  if (!asked.ok) return refuse(c, asked.refusal);
  const database = await roomDatabaseOf(c, organization_id);
  if (database === null || (await findRoom(database, organization_id, room_id)) === null) {
    return refuse(c, { reason: 'not_found' });
  }
  const rows = await listAllowedTags(database, room_id, asked.page.keyset);
  const parts = { page: asked.page, rows, keyOf: (tag: { name: string }) => [tag.name] };
  return c.json(collectionResponse(c, { ...parts, resource: (tag) => tagResource(tag, room_id) }), 200);
});

allowedTagRoutes.openapi(createTag, async (c) => {
  const { organization_id, room_id } = c.req.valid('param');
  const { name } = c.req.valid('json');
  const database = await roomDatabaseOf(c, organization_id);
  const tag = { room_id, name, created_at: Date.now() };
  const put = database === null ? null : await insertAllowedTag(database, organization_id, tag);
  if (put === null) return refuse(c, { reason: 'not_found' });
  return c.json(tagResource(put.tag, room_id), put.isNew ? 201 : 200);
});

allowedTagRoutes.openapi(removeTag, async (c) => {
  const { organization_id, room_id, tag_name } = c.req.valid('param');
  const database = await roomDatabaseOf(c, organization_id);
  const isDeleted = database !== null && (await deleteAllowedTag(database, organization_id, room_id, tag_name));
  return isDeleted ? c.body(null, 204) : refuse(c, { reason: 'not_found' });
});
