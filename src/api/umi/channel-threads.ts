import { z } from '@hono/zod-openapi';
import { type ChannelThreadRow, findChannelThread, listChannelThreads } from '../../delivery/channel-threads.ts';
import { findChannelOrDeleted } from '../../directory/channels.ts';
import { channelIdentity, threadName } from '../../domain/address.ts';
import { collectionQuery, collectionResponse, collectionSchema, idKey, readPage } from '../../http/collection.ts';
import { isoTimeSchema, timeField } from '../../http/fields.ts';
import { refuse } from '../../http/refusals.ts';
import { jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { channelThreadResource } from '../../resources/channel-thread.ts';
import { channelSettings } from '../access.ts';
import { copyDatabase } from '../copy-database.ts';
import { defineRoute } from '../define-route.ts';
import { CHANNEL, CHANNEL_NOT_FOUND, channelPath } from './paths.ts';

const THREAD_NOT_FOUND = { reason: 'not_found', detail: 'Thread not found.' } as const;

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

const threadId = z.string().openapi({ param: { name: 'thread_id', in: 'path' }, example: 'ticket-1' });

const getThreads = defineRoute({
  operationId: 'listThreads',
  access: channelSettings,
  tag: 'Messages',
  method: 'get',
  path: `${CHANNEL}/threads`,
  summary: 'List the threads of a channel',
  description:
    'The newest threads first, each with its current session: the open one, or the last one when `is_ended` is true. The list stays readable when the channel is deleted.',
  request: {
    params: channelPath,
    query: z.object({
      ...collectionQuery,
      active_after: timeField()
        .optional()
        .openapi({
          description:
            'Only threads whose `last_activity_at` is later. A page reads about 1,000 rows at most, so it may be short or empty and ' +
            'still have a `next`: follow it until it is null.',
        }),
    }),
  },
  answers: { 200: jsonOf(collectionSchema(threadSchema), 'A page') },
});

const getThread = defineRoute({
  operationId: 'getThread',
  access: channelSettings,
  tag: 'Messages',
  method: 'get',
  path: `${CHANNEL}/threads/{thread_id}`,
  summary: 'Get a thread of a channel',
  description:
    'A thread by the `thread_id` of its messages, percent-encoded, with its current session: the open one, or the last one when `is_ended` is true. It stays readable when the channel is deleted.',
  request: { params: channelPath.extend({ thread_id: threadId }) },
  answers: { 200: jsonOf(threadSchema, 'The thread') },
});

export const channelThreadRoutes = createRouter();

channelThreadRoutes.openapi(getThreads, async (c) => {
  const { organization_id, config_id } = c.req.valid('param');
  const { active_after, ...query } = c.req.valid('query');
  const asked = readPage(query, '-mapping_id', idKey);
  if (!asked.ok) return refuse(c, asked.refusal);
  const database = await copyDatabase(c);
  if ((await findChannelOrDeleted(database, organization_id, config_id)) === null) return refuse(c, CHANNEL_NOT_FOUND);
  const found = await listChannelThreads(database, organization_id, config_id, { active_after }, asked.page.keyset);
  const page = {
    page: asked.page,
    rows: found.rows,
    keyOf: (row: ChannelThreadRow) => [row.mapping_id],
    resource: channelThreadResource,
    cutAt: found.cut_at === null ? null : [found.cut_at],
  };
  return c.json(collectionResponse(c, page), 200);
});

channelThreadRoutes.openapi(getThread, async (c) => {
  const { organization_id, config_id, thread_id } = c.req.valid('param');
  const database = await copyDatabase(c);
  const channel = await findChannelOrDeleted(database, organization_id, config_id);
  if (channel === null) return refuse(c, CHANNEL_NOT_FOUND);
  const thread = threadName(channelIdentity(channel, thread_id));
  const row = await findChannelThread(database, organization_id, config_id, { thread, thread_id });
  return row === null ? refuse(c, THREAD_NOT_FOUND) : c.json(channelThreadResource(row), 200);
});
