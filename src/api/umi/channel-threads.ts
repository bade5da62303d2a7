import { z } from '@hono/zod-openapi';
import { type ChannelThreadRow, listChannelThreads } from '../../delivery/channel-threads.ts';
import { findChannelOrDeleted } from '../../directory/channels.ts';
import { collectionQuery, collectionResponse, collectionSchema, idKey, readPage } from '../../http/collection.ts';
import { isoTimeSchema } from '../../http/fields.ts';
import { refuse } from '../../http/refusals.ts';
import { jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { isoTime } from '../../resources/clock.ts';
import { channelSettings } from '../access.ts';
import { copyDatabase } from '../copy-database.ts';
import { defineRoute } from '../define-route.ts';
import { CHANNEL, CHANNEL_NOT_FOUND, channelPath } from './paths.ts';

const threadSchema = z
  .object({
    mapping_id: z.string(),
    thread_id: z.string(),
    current_chat_id: z.string(),
    is_ended: z.boolean(),
    created_at: isoTimeSchema,
    last_activity_at: isoTimeSchema,
  })
  .openapi('ChannelThread');

const getThreads = defineRoute({
  operationId: 'listThreads',
  access: channelSettings,
  tag: 'Messages',
  method: 'get',
  path: `${CHANNEL}/threads`,
  summary: 'List the threads of a channel',
  request: { params: channelPath, query: z.object(collectionQuery) },
  answers: { 200: jsonOf(collectionSchema(threadSchema), 'A page') },
});

export const channelThreadRoutes = createRouter();

channelThreadRoutes.openapi(getThreads, async (c) => {
  const { organization_id, config_id } = c.req.valid('param');
  const asked = readPage(c.req.valid('query'), '-mapping_id', idKey);
  if (!asked.ok) return refuse(c, asked.refusal);
  const database = await copyDatabase(c);
  if ((await findChannelOrDeleted(database, organization_id, config_id)) === null) return refuse(c, CHANNEL_NOT_FOUND);
  const rows = await listChannelThreads(database, organization_id, config_id, asked.page.keyset);
  const keyOf = (row: ChannelThreadRow) => [row.mapping_id];
  return c.json(collectionResponse(c, { page: asked.page, rows, keyOf, resource: threadResource }), 200);
});

function threadResource(row: ChannelThreadRow): z.infer<typeof threadSchema> {
  return {
    mapping_id: row.mapping_id,
    thread_id: row.thread_id,
    current_chat_id: row.current_chat_id,
    is_ended: row.is_ended === 1,
    created_at: isoTime(row.created_at),
    last_activity_at: isoTime(row.last_activity_at),
  };
}
