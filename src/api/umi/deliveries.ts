import type { z } from '@hono/zod-openapi';
import { findChannel, findChannelOrDeleted } from '../../directory/channels.ts';
import { type AppContext, organizationDatabase } from '../../http/app-environment.ts';
import { collectionSchema, idKey, readPage } from '../../http/collection.ts';
import { refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { channelReceiver } from '../../resources/receiver.ts';
import { channelSettings } from '../access.ts';
import { defineRoute } from '../define-route.ts';
import {
  DELIVERY_NOT_FOUND,
  findLogged,
  pageOfDeliveries,
  type ReceiverLog,
  readKept,
  replayMany,
  replayOne,
  sumsOf,
} from '../delivery-log/receiver-log.ts';
import { attemptResource, replayedSchema, replayRequest, replaySchema } from '../delivery-log/schemas.ts';
import {
  deliveriesQuery,
  deliveryDetailSchema,
  deliveryResource,
  deliverySchema,
  ledgerSchema,
} from './delivery-schemas.ts';
import { CHANNEL, CHANNEL_NOT_FOUND, channelPath, deliveryPath } from './paths.ts';

const common = { access: channelSettings, tag: 'Deliveries' };

const getDeliveries = defineRoute({
  operationId: 'listChannelDeliveries',
  ...common,
  method: 'get',
  path: `${CHANNEL}/deliveries`,
  summary: 'List the webhooks of a channel, newest first',
  request: { params: channelPath, query: deliveriesQuery },
  answers: { 200: jsonOf(collectionSchema(deliverySchema), 'A page') },
});

const getDelivery = defineRoute({
  operationId: 'getChannelDelivery',
  ...common,
  method: 'get',
  path: `${CHANNEL}/deliveries/{delivery_id}`,
  summary: 'Get a webhook with its body and its attempts',
  request: { params: deliveryPath },
  answers: { 200: jsonOf(deliveryDetailSchema, 'The webhook') },
});

const replayDelivery = defineRoute({
  operationId: 'replayChannelDelivery',
  ...common,
  method: 'post',
  path: `${CHANNEL}/deliveries/{delivery_id}/replay`,
  summary: 'Send a webhook again',
  description: 'Outside the order of its thread, with the same `webhook-id`. One that is still pending stays as it is.',
  request: { params: deliveryPath },
  answers: {
    202: jsonOf(replayedSchema, 'Accepted'),
  },
});

const replayDeliveries = defineRoute({
  operationId: 'replayChannelDeliveries',
  ...common,
  method: 'post',
  path: `${CHANNEL}/replay`,
  summary: 'Send finished webhooks again',
  description: 'Those of a status, of a time range, or both. A bare time range means every finished webhook in it.',
  request: { params: channelPath, body: bodyOf(replayRequest) },
  answers: { 202: jsonOf(replaySchema, 'Accepted') },
});

const getLedger = defineRoute({
  operationId: 'getChannelLedger',
  ...common,
  method: 'get',
  path: `${CHANNEL}/ledger`,
  summary: 'Count what became of the webhooks of a channel',
  description: 'accepted = delivered + pending + exhausted + skipped; replays are not counted again.',
  request: { params: channelPath },
  answers: { 200: jsonOf(ledgerSchema, 'The sums') },
});

export const deliveryRoutes = createRouter();

deliveryRoutes.openapi(getDeliveries, async (c) => {
  const ids = c.req.valid('param');
  const { status, thread_id, event_type, ...query } = c.req.valid('query');
  const asked = readPage(query, '-id', idKey);
  if (!asked.ok) return refuse(c, asked.refusal);
  if (!(await isKnown(c, ids))) return refuse(c, CHANNEL_NOT_FOUND);
  const filter = { status, thread_id, event_type };
  return c.json(await pageOfDeliveries(c, logOf(ids), asked.page, filter, deliveryResource), 200);
});

deliveryRoutes.openapi(getDelivery, async (c) => {
  const ids = c.req.valid('param');
  const row = await findLogged(c, logOf(ids), ids.delivery_id);
  if (row === null) return refuse(c, DELIVERY_NOT_FOUND);
  const { body, attempts } = await readKept(c, row);
  return c.json({ ...deliveryResource(row), attempts: attempts.map(attemptResource), body }, 200);
});

deliveryRoutes.openapi(replayDelivery, async (c) => {
  const ids = c.req.valid('param');
  if (!(await isThere(c, ids))) return refuse(c, CHANNEL_NOT_FOUND);
  const log = logOf(ids);
  const row = await findLogged(c, log, ids.delivery_id);
  if (row === null) return refuse(c, DELIVERY_NOT_FOUND);
  return c.json({ replayed: await replayOne(c, log, row) }, 202);
});

deliveryRoutes.openapi(replayDeliveries, async (c) => {
  const ids = c.req.valid('param');
  if (!(await isThere(c, ids))) return refuse(c, CHANNEL_NOT_FOUND);
  return c.json(await replayMany(c, logOf(ids), c.req.valid('json')), 202);
});

deliveryRoutes.openapi(getLedger, async (c) => {
  const ids = c.req.valid('param');
  if (!(await isKnown(c, ids))) return refuse(c, CHANNEL_NOT_FOUND);
  const sums = await sumsOf(c, logOf(ids));
  const { accepted, delivered, pending, exhausted } = sums;
  const skipped = { disabled: sums.skipped_disabled, channel_deleted: sums.skipped_channel_deleted };
  return c.json({ accepted, delivered, pending, exhausted, skipped }, 200);
});

type ChannelIds = z.infer<typeof channelPath>;

function logOf({ organization_id, config_id }: ChannelIds): ReceiverLog {
  return { receiver: channelReceiver(config_id), organization_id };
}

/** Whether the organization has the channel. */
async function isThere(c: AppContext, { organization_id, config_id }: ChannelIds): Promise<boolean> {
  return (await findChannel(organizationDatabase(c), organization_id, config_id)) !== null;
}

/** Whether it has or had it. */
async function isKnown(c: AppContext, { organization_id, config_id }: ChannelIds): Promise<boolean> {
  return (await findChannelOrDeleted(organizationDatabase(c), organization_id, config_id)) !== null;
}
