import { z } from '@hono/zod-openapi';
import { type ChatFilters, chatKey, listChats, type MemberChatOrdering } from '../../chats/list-chats.ts';
import {
  collectionQuery,
  collectionResponse,
  collectionSchema,
  orderingParameter,
  readPage,
} from '../../http/collection.ts';
import { booleanParameter, timeBoundField, timeField } from '../../http/fields.ts';
import { refuse } from '../../http/refusals.ts';
import { jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { chatResource } from '../../resources/chat.ts';
import { copyDatabase } from '../copy-database.ts';
import { defineRoute } from '../define-route.ts';
import { chatSchema } from '../shared/chat-schemas.ts';
import { collectionParams, routeIn } from './in-scope.ts';
import { isCallerFull } from './presence.ts';
import type { ChatScope } from './scopes.ts';

const flag = booleanParameter().optional();

const filters = {
  is_waiting: flag,
  is_ended: flag,
  has_messages: flag,
  has_user_messages: flag,
  has_visitor_messages: flag,
  created_at_after: timeField().optional(),
  created_at_before: timeBoundField().optional(),
};

/**
 * The filters of the lists of chats. Each list has those that the Chats API documents for an organization's chats. A
 * member's chats have one more.
 */
const CHAT_FILTERS = { any: filters, member: { ...filters, is_participating: flag } };

const CREATED = ['created_at', '-created_at'] as const;
const ORDERINGS = { any: CREATED, member: [...CREATED, 'updated_at', '-updated_at'] as const };

const NOTHING = { rows: [], cut_at: null };

type ListQuery = ChatFilters & {
  cursor?: string | undefined;
  page_size?: number | undefined;
  ordering?: MemberChatOrdering | undefined;
};

/**
 * GET <collection> of a scope (Chats API, the lists of chats). Read from D1's copy, newest first unless ordered
 * otherwise.
 */
export function chatListRoutes(scope: ChatScope, kind: keyof typeof CHAT_FILTERS = 'any') {
  const route = defineRoute({
    operationId: `list${scope.name}s`,
    ...routeIn(scope),
    method: 'get',
    tag: 'Chats',
    summary: `List ${scope.chats}`,
    description: `${scope.says} The list follows a change within a second. A page may be short or empty and still have a \`next\`: follow it until it is null.`,
    request: {
      params: collectionParams(scope),
      query: z.object({
        ...collectionQuery,
        ...CHAT_FILTERS[kind],
        ordering: orderingParameter<MemberChatOrdering>(ORDERINGS[kind]).optional(),
      }),
    },
    answers: {
      200: jsonOf(collectionSchema(chatSchema), 'Chats, newest first unless ordered otherwise'),
    },
  });
  const router = createRouter();
  router.openapi(route, async (c) => {
    const { cursor, page_size, ordering = '-created_at', ...chosen }: ListQuery = c.req.valid('query');
    const read = readPage({ cursor, page_size }, ordering, keySchemaOf(ordering));
    if (!read.ok) return refuse(c, read.refusal);
    const { page } = read;
    const granted = await scope.findGrant(c, c.req.valid('param'));
    if (!granted.ok) return refuse(c, granted.refusal);
    const database = await copyDatabase(c);
    const grant = granted.withRooms === undefined ? granted.grant : await granted.withRooms();
    const isRefused = scope.isOffer === true && (await isCallerFull(c));
    const { rows, cut_at } = isRefused ? NOTHING : await listChats(database, grant, chosen, ordering, page.keyset);
    const parts = { page, rows, keyOf: chatKey(ordering), resource: chatResource };
    return c.json(collectionResponse(c, { ...parts, cutAt: cut_at === null ? null : [cut_at] }), 200);
  });
  return router;
}

function keySchemaOf(ordering: MemberChatOrdering): z.ZodType<readonly (string | number)[]> {
  return ordering.endsWith('updated_at') ? z.tuple([z.int(), z.string()]) : z.tuple([z.string()]);
}
