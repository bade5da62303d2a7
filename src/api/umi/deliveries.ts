import { createRoute, z } from '@hono/zod-openapi';
import type { DeliveryRow } from '../../db/rows.ts';
import { findDelivery, listDeliveries } from '../../delivery/delivery-log.ts';
import { channelReceiver } from '../../delivery/lane.ts';
import { sumLanes } from '../../delivery/lanes-of-receiver.ts';
import { replayLanes } from '../../delivery/replay-lanes.ts';
import { findChannel, findChannelOrDeleted } from '../../directory/channels.ts';
import { organizationDatabase } from '../../http/app-environment.ts';
import { collectionResponse, collectionSchema, idKey, readPage } from '../../http/collection.ts';
import { refusalResponses, refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { readThread } from '../../stubs.ts';
import {
  attemptResource,
  deliveriesQuery,
  deliveryDetailSchema,
  deliveryResource,
  deliverySchema,
  ledgerSchema,
  replayRequest,
  replaySchema,
} from './delivery-schemas.ts';
import { CHANNEL, CHANNEL_NOT_FOUND, channelPath, deliveryPath, settingsAccess } from './paths.ts';

const common = { ...settingsAccess, tags: ['Deliveries'] };

const getDeliveries = createRoute({
  ...common,
  method: 'get',
  path: `${CHANNEL}/deliveries`,
  summary: 'List the webhooks of a channel, newest first',
  request: { params: channelPath, query: deliveriesQuery },
  responses: { 200: jsonOf(collectionSchema(deliverySchema), 'A page'), ...refusalResponses(400, 401, 403, 404) },
});

const getDelivery = createRoute({
  ...common,
  method: 'get',
  path: `${CHANNEL}/deliveries/{delivery_id}`,
  summary: 'Get a webhook with its body and its attempts',
  request: { params: deliveryPath },
  responses: { 200: jsonOf(deliveryDetailSchema, 'The webhook'), ...refusalResponses(401, 403, 404) },
});

const replayDelivery = createRoute({
  ...common,
  method: 'post',
  path: `${CHANNEL}/deliveries/{delivery_id}/replay`,
  summary: 'Send a webhook again',
  description: 'Outside the order of its thread, with the same `webhook-id`. One that is still pending stays as it is.',
  request: { params: deliveryPath },
  responses: {
    202: jsonOf(z.object({ replayed: z.int() }), 'Accepted'),
    ...refusalResponses(401, 403, 404),
  },
});

const replayDeliveries = createRoute({
  ...common,
  method: 'post',
  path: `${CHANNEL}/replay`,
  summary: 'Send finished webhooks again',
  description: 'Those of a status, of a time range, or both. A bare time range means every finished webhook in it.',
  request: { params: channelPath, body: bodyOf(replayRequest) },
  responses: { 202: jsonOf(replaySchema, 'Accepted'), ...refusalResponses(400, 401, 403, 404, 413) },
});

const getLedger = createRoute({
  ...common,
  method: 'get',
  path: `${CHANNEL}/ledger`,
  summary: 'Count what became of the webhooks of a channel',
  description: 'accepted = delivered + pending + exhausted + skipped; replays are not counted again.',
  request: { params: channelPath },
  responses: { 200: jsonOf(ledgerSchema, 'The sums'), ...refusalResponses(401, 403, 404) },
});

export const deliveryRoutes = createRouter();

deliveryRoutes.openapi(getDeliveries, async (c) => {
  const { organization_id, config_id } = c.req.valid('param');
  const { status, thread_id, event_type, ...query } = c.req.valid('query');
  const asked = readPage(query, '-id', idKey);
  if (!asked.ok) return refuse(c, asked.refusal);
  const database = organizationDatabase(c);
  if ((await findChannelOrDeleted(database, organization_id, config_id)) === null) return refuse(c, CHANNEL_NOT_FOUND);
  const filter = { status, thread_id, event_type };
  const receiver = channelReceiver(config_id);
  const rows = await listDeliveries(database, organization_id, receiver, filter, asked.page.keyset);
  const keyOf = (row: DeliveryRow) => [row.id];
  return c.json(collectionResponse(c, { page: asked.page, rows, keyOf, resource: deliveryResource }), 200);
});

deliveryRoutes.openapi(getDelivery, async (c) => {
  const { organization_id, config_id, delivery_id } = c.req.valid('param');
  const receiver = channelReceiver(config_id);
  const row = await findDelivery(organizationDatabase(c), organization_id, receiver, delivery_id);
  if (row === null) return refuse(c, DELIVERY_NOT_FOUND);
  const kept = await readThread(c.env, c.var.cost, row.thread, (stub) => stub.readDelivery({ v: 1, delivery_id }));
  const attempts = (kept?.attempts ?? []).map(attemptResource);
  return c.json({ ...deliveryResource(row), attempts, body: kept?.body ?? null }, 200);
});

deliveryRoutes.openapi(replayDelivery, async (c) => {
  const { organization_id, config_id, delivery_id } = c.req.valid('param');
  const database = organizationDatabase(c);
  if ((await findChannel(database, organization_id, config_id)) === null) return refuse(c, CHANNEL_NOT_FOUND);
  const receiver = channelReceiver(config_id);
  const row = await findDelivery(database, organization_id, receiver, delivery_id);
  if (row === null) return refuse(c, DELIVERY_NOT_FOUND);
  const request = { v: 1 as const, receiver, filter: { delivery_id } };
  const { replayed } = await readThread(c.env, c.var.cost, row.thread, (stub) => stub.replay(request));
  return c.json({ replayed }, 202);
});

deliveryRoutes.openapi(replayDeliveries, async (c) => {
  const { organization_id, config_id } = c.req.valid('param');
  const { status = null, created_at_after: from = null, created_at_before: to = null, cursor } = c.req.valid('json');
  const database = organizationDatabase(c);
  if ((await findChannel(database, organization_id, config_id)) === null) return refuse(c, CHANNEL_NOT_FOUND);
  const receiver = channelReceiver(config_id);
  const request = { v: 1 as const, receiver, filter: { status: status === null ? null : [status], from, to } };
  const replay = async (thread: string) => {
    const { replayed } = await readThread(c.env, c.var.cost, thread, (stub) => stub.replay(request));
    return replayed;
  };
  const bounds = { status, from, to };
  const done = await replayLanes(database, organization_id, receiver, bounds, cursor ?? '', replay);
  const { lanes, replayed, after } = done;
  return c.json({ lanes, replayed, is_complete: after === null, cursor: after }, 202);
});

deliveryRoutes.openapi(getLedger, async (c) => {
  const { organization_id, config_id } = c.req.valid('param');
  const database = organizationDatabase(c);
  if ((await findChannelOrDeleted(database, organization_id, config_id)) === null) return refuse(c, CHANNEL_NOT_FOUND);
  const { skipped_disabled, skipped_channel_deleted, ...sums } = await sumLanes(
    database,
    organization_id,
    channelReceiver(config_id),
  );
  return c.json({ ...sums, skipped: { disabled: skipped_disabled, channel_deleted: skipped_channel_deleted } }, 200);
});

const DELIVERY_NOT_FOUND = { reason: 'not_found', detail: 'Delivery not found.' } as const;
