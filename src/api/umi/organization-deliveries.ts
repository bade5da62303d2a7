import { z } from '@hono/zod-openapi';
import type { DeliveryRow } from '../../db/rows.ts';
import { listDeliveriesOf, receiversOf } from '../../delivery/organization-deliveries.ts';
import { identityDatabase, organizationDatabase } from '../../http/app-environment.ts';
import { collectionSchema, idCollection, idKey, readPage } from '../../http/collection.ts';
import { timeBoundField, timeField, uuidField } from '../../http/fields.ts';
import { refuse } from '../../http/refusals.ts';
import { jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { organizationDeliveryResource } from '../../resources/delivery.ts';
import { channelReceiver, installationReceiver } from '../../resources/receiver.ts';
import { channelSettings } from '../access.ts';
import { deliveryLogCopy } from '../copy-database.ts';
import { defineRoute } from '../define-route.ts';
import { organizationDelivery, pageQuery } from '../deliveries/delivery.ts';
import { channelsPath } from './paths.ts';

const listRoute = defineRoute({
  operationId: 'listDeliveries',
  access: channelSettings,
  tag: 'Deliveries',
  method: 'get',
  path: '/orgs/{organization_id}/deliveries',
  summary: 'List the webhooks of all channels and installed apps, newest first',
  description:
    'An extension. Those of deleted channels and of apps that are no longer installed are in their own logs only. `channel_id` or `installation_id` chooses one receiver; its own log has the bodies, attempts and replays. A page may end early and still have a `next`.',
  request: {
    params: channelsPath,
    query: z.object({
      ...pageQuery,
      thread_id: z.string().optional(),
      event_type: z.string().optional(),
      chat_id: uuidField().optional(),
      channel_id: uuidField().optional(),
      installation_id: uuidField().optional(),
      created_at_after: timeField().optional(),
      created_at_before: timeBoundField().optional(),
    }),
  },
  answers: { 200: jsonOf(collectionSchema(organizationDelivery), 'A page') },
});

/** GET /orgs/<organization_id>/deliveries (an extension). */
export const organizationDeliveryRoutes = createRouter();

organizationDeliveryRoutes.openapi(listRoute, async (c) => {
  const { cursor, page_size, channel_id, installation_id, ...filter } = c.req.valid('query');
  const asked = readPage({ cursor, page_size }, 'id', idKey);
  if (!asked.ok) return refuse(c, asked.refusal);
  const { id: organizationId } = c.var.organization;
  const receivers = await receiversOf(identityDatabase(c), organizationDatabase(c), organizationId);
  const chosen = [
    ...(channel_id === undefined ? [] : [channelReceiver(channel_id)]),
    ...(installation_id === undefined ? [] : [installationReceiver(installation_id)]),
  ];
  const wanted = [...receivers.keys()].filter((receiver) => chosen.length === 0 || chosen.includes(receiver));
  const log = await deliveryLogCopy(c);
  const { rows, cut_at } = await listDeliveriesOf(log, organizationId, wanted, filter, asked.page.keyset);
  const resource = (row: DeliveryRow) => {
    const receiver = receivers.get(row.receiver);
    if (receiver === undefined) throw new Error('a delivery of a receiver that was not asked for');
    return organizationDeliveryResource(row, receiver);
  };
  return c.json(idCollection(c, asked.page, rows, resource, cut_at), 200);
});
