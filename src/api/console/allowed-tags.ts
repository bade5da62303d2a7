import { z } from '@hono/zod-openapi';
import { deleteAllowedTag, insertAllowedTag, listAllowedTags } from '../../directory/allowed-tags.ts';
import { findRoom } from '../../directory/rooms.ts';
import { organizationDatabase } from '../../http/app-environment.ts';
import { collectionQuery, collectionResponse, collectionSchema, idKey, readPage } from '../../http/collection.ts';
import { pathId, pathNameField } from '../../http/fields.ts';
import { type Refusal, refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { tagResource } from '../../resources/tag.ts';
import { organizationUserWith } from '../access.ts';
import { defineRoute } from '../define-route.ts';
import { tagSchema } from './schemas.ts';

const common = { tag: 'Rooms', access: organizationUserWith('settings') };
const ALL = '/orgs/{organization_id}/rooms/{room_id}/allowed_tags';
const ROOM_NOT_FOUND: Refusal = { reason: 'not_found', detail: 'Room not found.' };
const params = z.object({ organization_id: pathId('organization_id'), room_id: pathId('room_id') });

const getTags = defineRoute({
  operationId: 'listTags',
  ...common,
  method: 'get',
  path: ALL,
  summary: 'List the tags that a room allows',
  request: { params, query: z.object(collectionQuery) },
  answers: {
    200: jsonOf(collectionSchema(tagSchema), 'A page, by name'),
  },
});

const createTag = defineRoute({
  operationId: 'createTag',
  ...common,
  method: 'post',
  path: ALL,
  summary: 'Allow a tag in a room',
  request: { params, body: bodyOf(z.object({ name: pathNameField() })) },
  answers: {
    200: jsonOf(tagSchema, 'It was allowed already'),
    201: jsonOf(tagSchema, 'It is allowed now'),
  },
});

const removeTag = defineRoute({
  operationId: 'deleteTag',
  ...common,
  method: 'delete',
  path: `${ALL}/{tag_name}`,
  summary: 'Stop allowing a tag in a room',
  description: 'Chats keep the tags that they have.',
  request: { params: params.extend({ tag_name: z.string() }) },
  answers: { 204: { description: 'Not allowed any more' } },
});

/** The tags that a room allows its chats (Chats API, Chat tags). */
export const allowedTagRoutes = createRouter();

allowedTagRoutes.openapi(getTags, async (c) => {
  const { organization_id, room_id } = c.req.valid('param');
  const asked = readPage(c.req.valid('query'), 'name', idKey);
  if (!asked.ok) return refuse(c, asked.refusal);
  const database = organizationDatabase(c);
  if ((await findRoom(database, organization_id, room_id)) === null) return refuse(c, ROOM_NOT_FOUND);
  const rows = await listAllowedTags(database, room_id, asked.page.keyset);
  const parts = { page: asked.page, rows, keyOf: (tag: { name: string }) => [tag.name] };
  return c.json(collectionResponse(c, { ...parts, resource: (tag) => tagResource(tag, room_id) }), 200);
});

allowedTagRoutes.openapi(createTag, async (c) => {
  const { organization_id, room_id } = c.req.valid('param');
  const tag = { room_id, name: c.req.valid('json').name, created_at: Date.now() };
  const put = await insertAllowedTag(organizationDatabase(c), organization_id, tag);
  if (put === null) return refuse(c, ROOM_NOT_FOUND);
  return c.json(tagResource(put.tag, room_id), put.isNew ? 201 : 200);
});

allowedTagRoutes.openapi(removeTag, async (c) => {
  const { organization_id, room_id, tag_name } = c.req.valid('param');
  const isDeleted = await deleteAllowedTag(organizationDatabase(c), organization_id, room_id, tag_name);
  return isDeleted ? c.body(null, 204) : refuse(c, { reason: 'not_found', detail: 'Tag not found.' });
});
