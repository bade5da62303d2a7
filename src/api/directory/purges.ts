import { z } from '@hono/zod-openapi';
import type { PurgeRow } from '../../db/rows.ts';
import { findChannelThread } from '../../delivery/channel-threads.ts';
import { findChannelOrDeleted } from '../../directory/channels.ts';
import { findPurge, listPurges, type NewPurge, threadOfChat } from '../../directory/purges.ts';
import { revokeVisitor } from '../../directory/revoked-visitors.ts';
import { findRoomVisitor } from '../../directory/room-visitors.ts';
import { channelIdentity, hiddenThreadId, threadName } from '../../domain/address.ts';
import { type AppContext, identityDatabase, organizationDatabase } from '../../http/app-environment.ts';
import { nameTarget } from '../../http/audit.ts';
import { collectionQuery, collectionResponse, collectionSchema, idKey, readPage } from '../../http/collection.ts';
import { isoTimeSchema, pathId, pathVisitorId, textField, timeBoundField } from '../../http/fields.ts';
import { refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { type AppRouter, createRouter } from '../../http/router.ts';
import { beginPurge } from '../../purges/run-purge.ts';
import { purgeResource } from '../../resources/purge.ts';
import { newUuid } from '../../resources/uuid.ts';
import { copyDatabase } from '../copy-database.ts';
import { defineRoute } from '../define-route.ts';
import { organizationPath, roomPath, VISITOR_NOT_FOUND } from '../shared/paths.ts';
import type { Door } from './door.ts';
import { TOO_MANY_REVOCATIONS } from './visitor-secrets.ts';

const idOrNull = z.string().nullable();

const purgeSchema = z
  .object({
    id: z.string(),
    organization_id: z.string(),
    kind: z.enum(['visitor', 'thread', 'chat']),
    room_id: idOrNull,
    visitor_id: idOrNull,
    chat_id: idOrNull,
    created_at_before: isoTimeSchema.nullable(),
    requested_by_user_id: idOrNull.openapi({ description: 'Null for the operator of the hub.' }),
    status: z.enum(['running', 'done']).openapi({
      description: '`done`: nothing that the purge covers is left in the hub.',
    }),
    created_at: isoTimeSchema,
    finished_at: isoTimeSchema.nullable(),
  })
  .openapi('Purge');

const chatPurge = z
  .object({
    created_at_before: timeBoundField().nullish().openapi({
      description: 'Only messages from before this time. Without it all of them.',
    }),
  })
  .openapi('PurgeChat');

const threadPurge = z.object({ thread_id: textField({ max: 512 }) }).openapi('PurgeThread');

const accepted = { 202: jsonOf(purgeSchema, 'The purge, which runs') };
const PURGE_NOT_FOUND = { reason: 'not_found', detail: 'Purge not found.' } as const;
const REPEAT = 'A repeat is another purge, which finds less to do.';

/** Purges of visitors, threads and messages (docs/privacy.md). */
export function purgeRoutesOf(door: Door): AppRouter {
  const common = { tag: door.tagOf('Purges'), access: door.writer('settings') };
  const routes = createRouter();

  const purgeVisitor = defineRoute({
    operationId: door.nameOf('purgeVisitor'),
    ...common,
    idempotency: 'organization',
    method: 'post',
    path: `${door.organization}/rooms/{room_id}/visitors/{visitor_id}/purge`,
    summary: 'Purge a visitor',
    description: `Ends the open chats of a visitor in all rooms, and deletes what was written in them, the visitor's name, variables and details, and the thread_id of their channel. Their secret is revoked, and their tokens open nothing any more. The answer comes before the work is done. ${REPEAT}`,
    request: { params: roomPath.extend({ visitor_id: pathVisitorId() }) },
    refusals: [409],
    answers: accepted,
  });
  routes.openapi(purgeVisitor, async (c) => {
    const { room_id, visitor_id } = c.req.valid('param');
    const place = { organization_id: c.var.organization.id, room_id, visitor_id };
    if ((await findRoomVisitor(await copyDatabase(c), place)) === null) return refuse(c, VISITOR_NOT_FOUND);
    // First, so that they write nothing meanwhile.
    if (!(await revokeVisitor(identityDatabase(c), place.organization_id, visitor_id, Date.now()))) {
      return refuse(c, TOO_MANY_REVOCATIONS);
    }
    return c.json(purgeResource(await begin(c, door, { kind: 'visitor', room_id, visitor_id })), 202);
  });

  const purgeThread = defineRoute({
    operationId: door.nameOf('purgeThread'),
    ...common,
    idempotency: 'organization',
    method: 'post',
    path: `${door.organization}/unified_messaging/{config_id}/purge`,
    summary: 'Purge a thread of a channel',
    description: `As the purge of its visitor: with every session of the thread, and the thread_id itself. The next message with this thread_id begins with a new visitor. ${REPEAT}`,
    request: {
      params: organizationPath.extend({ config_id: pathId('config_id') }),
      body: bodyOf(threadPurge),
    },
    answers: accepted,
  });
  routes.openapi(purgeThread, async (c) => {
    const { config_id } = c.req.valid('param');
    const { thread_id } = c.req.valid('json');
    const database = await copyDatabase(c);
    const { id } = c.var.organization;
    const channel = await findChannelOrDeleted(database, id, config_id);
    if (channel === null) return refuse(c, { reason: 'not_found', detail: 'Channel not found.' });
    const source = { channel_id: channel.id, thread_id };
    const thread = threadName(channelIdentity(channel, thread_id));
    const find = (shown: string) => findChannelThread(database, id, channel.id, { thread, thread_id: shown });
    const found = (await find(thread_id)) ?? (await find(hiddenThreadId(source)));
    if (found === null) return refuse(c, { reason: 'not_found', detail: 'Thread not found.' });
    return c.json(purgeResource(await begin(c, door, { kind: 'thread', thread })), 202);
  });

  const purgeChat = defineRoute({
    operationId: door.nameOf('purgeChat'),
    ...common,
    idempotency: 'organization',
    method: 'post',
    path: `${door.organization}/owned_chats/{chat_id}/purge`,
    summary: 'Purge the messages of a chat',
    description: `Deletes texts, attachments, suggestions and the visitor's name from the messages of a chat, open or ended; \`sensitive_data_purged_at\` says when. The chat, its members and its counts stay. ${REPEAT}`,
    request: {
      params: organizationPath.extend({ chat_id: pathId('chat_id') }),
      body: { ...bodyOf(chatPurge), required: false },
    },
    answers: accepted,
  });
  routes.openapi(purgeChat, async (c) => {
    const { chat_id } = c.req.valid('param');
    const before = c.req.valid('json').created_at_before ?? null;
    const thread = await threadOfChat(await copyDatabase(c), c.var.organization.id, chat_id);
    if (thread === null) return refuse(c, { reason: 'not_found', detail: 'Chat not found.' });
    return c.json(purgeResource(await begin(c, door, { kind: 'chat', thread, chat_id, before })), 202);
  });

  const list = defineRoute({
    operationId: door.nameOf('listPurges'),
    ...common,
    method: 'get',
    path: `${door.organization}/purges`,
    summary: 'List purges',
    description: 'The newest first. They show ids, and nothing of what was purged.',
    request: { params: organizationPath, query: z.object(collectionQuery) },
    answers: { 200: jsonOf(collectionSchema(purgeSchema), 'A page') },
  });
  routes.openapi(list, async (c) => {
    const asked = readPage(c.req.valid('query'), '-id', idKey);
    if (!asked.ok) return refuse(c, asked.refusal);
    const rows = await listPurges(await copyDatabase(c), c.var.organization.id, asked.page.keyset);
    const parts = { page: asked.page, rows, keyOf: ({ id }: PurgeRow) => [id] };
    return c.json(collectionResponse(c, { ...parts, resource: purgeResource }), 200);
  });

  const get = defineRoute({
    operationId: door.nameOf('getPurge'),
    ...common,
    method: 'get',
    path: `${door.organization}/purges/{purge_id}`,
    summary: 'Get a purge',
    description: 'Ask until `status` is `done`: a large thread takes minutes.',
    request: { params: organizationPath.extend({ purge_id: pathId('purge_id') }) },
    answers: { 200: jsonOf(purgeSchema, 'The purge') },
  });
  routes.openapi(get, async (c) => {
    const purge = await findPurge(await copyDatabase(c), c.var.organization.id, c.req.valid('param').purge_id);
    return purge === null ? refuse(c, PURGE_NOT_FOUND) : c.json(purgeResource(purge), 200);
  });

  return routes;
}

function begin(c: AppContext, door: Door, what: Pick<NewPurge, 'kind'> & Partial<NewPurge>): Promise<PurgeRow> {
  const now = Date.now();
  const purge: NewPurge = {
    visitor_id: null,
    room_id: null,
    thread: null,
    chat_id: null,
    before: null,
    ...what,
    id: newUuid(now),
    organization_id: c.var.organization.id,
    requested_by_user_id: door.userId(c),
    created_at: now,
  };
  nameTarget(c, {
    type: what.kind,
    id: what.visitor_id ?? what.chat_id ?? what.thread ?? purge.id,
    details: { purge_id: purge.id },
  });
  return beginPurge(c.env, c.var.organization, organizationDatabase(c), purge, (work) =>
    c.executionCtx.waitUntil(work),
  );
}
