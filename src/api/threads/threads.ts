import { z } from '@hono/zod-openapi';
import { findConversation, listConversations } from '../../chats/list-conversations.ts';
import type { AppContext } from '../../http/app-environment.ts';
import { collectionQuery, idKey, placePage, publicOrigin, readPage } from '../../http/collection.ts';
import { type Cursor, encodeCursor } from '../../http/cursor.ts';
import { refuse } from '../../http/refusals.ts';
import { jsonOf } from '../../http/route-parts.ts';
import { type AppRouter, createRouter } from '../../http/router.ts';
import { conversationName } from '../../resources/conversation.ts';
import { readThread } from '../../rpc/thread.ts';
import { threadsProgram } from '../access.ts';
import { copyDatabase } from '../copy-database.ts';
import { defineRoute } from '../define-route.ts';
import { refuseThread } from '../refuse-thread.ts';
import type { Mount } from './mount.ts';
import { messageInThread, shownWithUrls, threadResource, threadSchema, threadWithMessagesSchema } from './schemas.ts';

const pageQuery = z.object({
  cursor: collectionQuery.cursor.openapi({ description: 'Extension. Place in the list, from the header `Link`.' }),
  limit: collectionQuery.page_size.openapi({ description: 'Extension. Length of the page.' }),
});

const LINK = {
  Link: {
    description: 'Extension. The next page, `<…>; rel="next"`. Missing on the last one.',
    schema: { type: 'string' as const },
  },
};

const THREAD_NOT_FOUND = { reason: 'not_found', detail: 'Thread not found.' } as const;

/** `GET /threads` and `GET /threads/<hash>`. */
export function threadRoutesOf({ root, nameOf }: Mount): AppRouter {
  const routes = createRouter();

  const list = defineRoute({
    operationId: nameOf('listConversations'),
    tag: 'Threads',
    access: threadsProgram,
    method: 'get',
    path: `${root}/threads`,
    summary: 'List the threads of the organization',
    description:
      'All conversations in rooms of the organization, those with the newest chat sessions first, whatever interface they came through. The body is a bare array: at most `limit` threads, and a `Link` to the next ones. A page may be shorter than `limit` and still have a `Link`.',
    request: { query: pageQuery },
    answers: { 200: { ...jsonOf(z.array(threadSchema).openapi('Threads'), 'A page'), headers: LINK } },
  });
  routes.openapi(list, async (c) => {
    const { cursor, limit } = c.req.valid('query');
    const read = readPage({ cursor, page_size: limit }, '-chat', idKey);
    if (!read.ok) return refuse(c, read.refusal);
    const found = await listConversations(await copyDatabase(c), c.var.organization.id, read.page.keyset);
    const place = placePage(read.page, found.rows, (row) => [row.current_chat_id], {
      cutAt: found.cut_at === null ? null : [found.cut_at],
    });
    linkTo(c, place.next === 'first' ? null : place.next);
    return c.json(place.rows.map(threadResource), 200);
  });

  const get = defineRoute({
    operationId: nameOf('getConversation'),
    tag: 'Threads',
    access: threadsProgram,
    method: 'get',
    path: `${root}/threads/{thread_fid_hash}`,
    summary: 'Get a thread with its messages',
    description:
      'A thread by the MD5 of its `thread_fid` (UTF-8, 32 hex digits in lower case), with its newest messages in the order in which they were written: at most `limit`, and a `Link` to earlier ones. Joins, tags and other events are left out.',
    request: {
      params: z.object({
        thread_fid_hash: z
          .string()
          .openapi({ param: { name: 'thread_fid_hash', in: 'path' }, example: 'e3c1a5f0b1d2c3a4958677889900aabb' }),
      }),
      query: pageQuery,
    },
    answers: { 200: { ...jsonOf(threadWithMessagesSchema, 'The thread'), headers: LINK } },
  });
  routes.openapi(get, async (c) => {
    const { cursor, limit } = c.req.valid('query');
    const read = readPage({ cursor, page_size: limit }, '-seq', z.tuple([z.int().positive()]));
    if (!read.ok) return refuse(c, read.refusal);
    const { id } = c.var.organization;
    const row = await findConversation(await copyDatabase(c), id, c.req.valid('param').thread_fid_hash.toLowerCase());
    if (row === null) return refuse(c, THREAD_NOT_FOUND);
    const { keyset, size } = read.page;
    const before = (keyset.key?.[0] ?? null) as number | null;
    const log = await readThread(c.env, c.var.cost, row.thread, (stub) =>
      stub.readLog({ v: 1, organization_id: id, before, limit: size }),
    );
    if (!log.ok) return refuseThread(c, log.refusal);
    const { messages, has_more } = log.answer;
    const last = messages.at(-1);
    linkTo(c, has_more && last !== undefined ? { ordering: '-seq', direction: 'next', key: [last.seq] } : null);
    const shown = messages.map((each) => shownWithUrls(c, messageInThread(each, conversationName(row)))).reverse();
    return c.json({ ...threadResource(row), messages: await Promise.all(shown) }, 200);
  });

  return routes;
}

function linkTo(c: AppContext, cursor: Cursor | null): void {
  if (cursor === null) return;
  const url = new URL(c.req.url);
  url.searchParams.set('cursor', encodeCursor(cursor));
  c.header('Link', `<${publicOrigin(c)}${url.pathname}${url.search}>; rel="next"`);
}
