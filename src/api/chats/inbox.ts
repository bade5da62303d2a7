import { z } from '@hono/zod-openapi';
import { countInbox, findInInbox, type Inbox, inboxKey, listInbox } from '../../chats/inbox.ts';
import type { AppContext } from '../../http/app-environment.ts';
import { collectionQuery, collectionResponse, collectionSchema, readPage } from '../../http/collection.ts';
import { pathId, uuidField } from '../../http/fields.ts';
import { refuse } from '../../http/refusals.ts';
import { jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import type { RoomSet } from '../../resources/chat-grant.ts';
import {
  INBOX_ORDERS,
  INBOX_VIEWS,
  type InboxOrder,
  type InboxView,
  inboxRow,
  LARGEST_COUNT,
  type TextRights,
} from '../../resources/inbox.ts';
import { mayReadHistory, ownUser } from '../access.ts';
import { copyDatabase } from '../copy-database.ts';
import { defineRoute } from '../define-route.ts';
import { memberRooms, reachedRoom, userReach } from '../reach-cache.ts';
import { inboxCountsSchema, inboxRowSchema } from '../shared/inbox-schemas.ts';
import { isCallerFull } from './presence.ts';

const NO_ROOMS: RoomSet = { organization_id: null, room_ids: [] };
const DEFAULT_ORDER: { [View in InboxView]: InboxOrder } = {
  waiting: 'waiting',
  mine: 'activity',
  mentioned: 'activity',
  open: 'activity',
  bot: 'activity',
  closed: 'created',
};

const params = z.object({ user_id: pathId('user_id') });
const room_id = uuidField().optional().openapi({ description: 'Only chats of this room.' });

const listRoute = defineRoute({
  operationId: 'listInbox',
  method: 'get',
  path: '/users/{user_id}/inbox',
  tag: 'Chats',
  access: ownUser,
  summary: 'List the chats of a view of the user’s inbox, each with what a row shows',
  description:
    '`waiting`: routed chats that are pending, none while the user is full. `open`, `closed`: routed chats. `bot`: open routed chats in which a bot takes part and no other user. `mine`: open chats in which the user takes part. `mentioned`: chats, open or ended, in which a note mentions the user, who has not opened them since. Orders: `waiting` (longest first, the default of that view), `activity` (newest message first), `created` (newest chat first, the only one of `closed`). The first two sort 1,000 chats: those that wait the oldest, else the newest. The list follows a change within a second.',
  request: {
    params,
    query: z.object({
      ...collectionQuery,
      view: z.enum(INBOX_VIEWS).default('open'),
      order: z.enum(INBOX_ORDERS).optional(),
      room_id,
    }),
  },
  answers: { 200: jsonOf(collectionSchema(inboxRowSchema), 'A page') },
});

const countsRoute = defineRoute({
  operationId: 'getInboxCounts',
  method: 'get',
  path: '/users/{user_id}/inbox/counts',
  tag: 'Chats',
  access: ownUser,
  summary: 'Count the chats of each view of the user’s inbox',
  description: `Up to ${LARGEST_COUNT}, which stands for more too. \`bot\` looks at the 1,000 newest open chats, \`mine\` at the 1,000 newest open chats of which the user is a member, \`mentioned\` at the 1,000 newest chats.`,
  request: { params, query: z.object({ room_id }) },
  answers: { 200: jsonOf(inboxCountsSchema, 'The counts') },
});

const rowRoute = defineRoute({
  operationId: 'getInboxRow',
  method: 'get',
  path: '/users/{user_id}/inbox/{chat_id}',
  tag: 'Chats',
  access: ownUser,
  summary: 'Retrieve a chat of the user’s inbox with what its row shows',
  description:
    'A chat that is routed to the user, or of which they are a member, open or ended. A console reads it when it is told of a chat that it does not know yet. It follows a change within a second.',
  request: { params: params.extend({ chat_id: pathId('chat_id') }) },
  answers: { 200: jsonOf(inboxRowSchema, 'The row') },
});

/** /users/<user_id>/inbox (an extension): the views of the console, from D1's copy. */
export const inboxRoutes = createRouter();

inboxRoutes.openapi(listRoute, async (c) => {
  const { view, room_id: roomId, order = DEFAULT_ORDER[c.req.valid('query').view], ...query } = c.req.valid('query');
  if (view === 'closed' && order !== 'created') {
    return refuse(c, { reason: 'invalid', fields: { order: ['The view `closed` has the order `created` only.'] } });
  }
  const read = readPage(query, `${view}/${order}`, KEYS[order]);
  if (!read.ok) return refuse(c, read.refusal);
  const { page } = read;
  const [inbox, rights, isFull] = await Promise.all([
    inboxOf(c, roomId),
    textRights(c),
    view === 'waiting' && isCallerFull(c),
  ]);
  const database = await copyDatabase(c);
  const { rows, cut_at } = isFull
    ? { rows: [], cut_at: null }
    : await listInbox(database, inbox, view, order, page.keyset);
  const parts = { page, rows, keyOf: inboxKey(order), cutAt: cut_at === null ? null : [cut_at] };
  return c.json(collectionResponse(c, { ...parts, resource: (row) => inboxRow(row, rights) }), 200);
});

inboxRoutes.openapi(countsRoute, async (c) => {
  const [inbox, isFull] = await Promise.all([inboxOf(c, c.req.valid('query').room_id), isCallerFull(c)]);
  const counts = await countInbox(await copyDatabase(c), inbox);
  return c.json(isFull ? { ...counts, waiting: 0 } : counts, 200);
});

inboxRoutes.openapi(rowRoute, async (c) => {
  const [inbox, rights] = await Promise.all([inboxOf(c, undefined), textRights(c)]);
  const found = await findInInbox(await copyDatabase(c), inbox, c.req.valid('param').chat_id);
  return found === null ? refuse(c, { reason: 'not_found' }) : c.json(inboxRow(found, rights), 200);
});

const timeKey = z.tuple([z.int(), z.string()]);
const KEYS = { waiting: timeKey, activity: timeKey, created: z.tuple([z.string()]) };

async function inboxOf(c: AppContext, roomId: string | undefined): Promise<Inbox> {
  const { user } = c.var.principal;
  const [rooms, reach] = await Promise.all([memberRooms(c), chosenRooms(c, roomId)]);
  return { user_id: user.id, reach, rooms, room_id: roomId ?? null };
}

/** The rooms that reach the user, or the one of them that is chosen. */
async function chosenRooms(c: AppContext, roomId: string | undefined): Promise<RoomSet> {
  if (roomId === undefined) return await userReach(c);
  const room = await reachedRoom(c, roomId);
  return room === null ? NO_ROOMS : { organization_id: null, room_ids: [room.id] };
}

/** As the routes of a user's chats and routed chats let them read. */
async function textRights(c: AppContext): Promise<TextRights> {
  const includesPrivateHistory = c.var.principal.scopes.has('reports');
  const [member, routed] = await Promise.all([
    memberRooms(c),
    mayReadHistory(c) ? userReach(c, { includesPrivateHistory }) : NO_ROOMS,
  ]);
  return { routed, member };
}
