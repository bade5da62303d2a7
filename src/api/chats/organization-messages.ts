import { z } from '@hono/zod-openapi';
import { listMessages, messageKey } from '../../chats/list-messages.ts';
import {
  collectionQuery,
  collectionResponse,
  collectionSchema,
  idKey,
  orderingParameter,
  readPage,
} from '../../http/collection.ts';
import { pathId, timeBoundField, timeField, uuidField } from '../../http/fields.ts';
import { refuse } from '../../http/refusals.ts';
import { jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { messageResource } from '../../resources/message.ts';
import { organizationUserWith } from '../access.ts';
import { copyDatabase } from '../copy-database.ts';
import { defineRoute } from '../define-route.ts';
import { pageWithUrls } from '../shared/file-links.ts';
import { messageSchema } from '../shared/message-schema.ts';
import { typeList } from './messages.ts';

const getMessages = defineRoute({
  operationId: 'listOrganizationMessages',
  method: 'get',
  path: '/orgs/{organization_id}/messages',
  tag: 'Chat messages',
  summary: 'List the messages of all rooms that the organization owns',
  description:
    'For reports, with the scope `reports`. A moment behind the chats, and as far back as `message_list_days` of the organization says; a chat’s own messages are complete.',
  access: organizationUserWith('reports'),
  request: {
    params: z.object({ organization_id: pathId('organization_id') }),
    query: z.object({
      ...collectionQuery,
      ordering: orderingParameter(['created_at', '-created_at']).optional(),
      created_at_after: timeField().optional(),
      created_at_before: timeBoundField().optional(),
      room_id: uuidField().optional(),
      chat_id: uuidField().optional(),
      sender_type: z.enum(['user', 'visitor']).optional(),
      type__in: typeList.optional(),
      type__not_in: typeList.optional(),
    }),
  },
  answers: {
    200: jsonOf(collectionSchema(messageSchema), 'Messages, newest first unless ordered otherwise'),
  },
});

/** GET /orgs/<organization_id>/messages (an extension). Read from D1's copy. */
export const organizationMessageRoutes = createRouter();

organizationMessageRoutes.openapi(getMessages, async (c) => {
  const { cursor, page_size, ordering = '-created_at', ...filters } = c.req.valid('query');
  const read = readPage({ cursor, page_size }, ordering, idKey);
  if (!read.ok) return refuse(c, read.refusal);
  const { page } = read;
  const organizationId = c.var.principal.organization.id;
  const isNewestFirst = ordering === '-created_at';
  const found = await listMessages(await copyDatabase(c), organizationId, filters, isNewestFirst, page.keyset);
  const body = collectionResponse(c, {
    page,
    rows: found.rows,
    ...(found.isCut ? { hasMore: true } : { cutAt: found.cut_at === null ? null : [found.cut_at] }),
    keyOf: messageKey,
    resource: ({ message, chat_id, room_id }) => messageResource(message, { id: chat_id, room_id }),
  });
  return c.json(await pageWithUrls(c, body), 200);
});
