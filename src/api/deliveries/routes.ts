import type { z } from '@hono/zod-openapi';
import type { DeliveryRow } from '../../db/rows.ts';
import { findDelivery, listDeliveries } from '../../delivery/delivery-log.ts';
import { readLedger } from '../../delivery/lanes-of-receiver.ts';
import { replayLanes } from '../../delivery/replay-lanes.ts';
import type { AppContext } from '../../http/app-environment.ts';
import { collectionResponse, collectionSchema, idKey, readPage } from '../../http/collection.ts';
import { pathId } from '../../http/fields.ts';
import { type Refusal, refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { type AppRouter, createRouter } from '../../http/router.ts';
import type { Receiver } from '../../resources/receiver.ts';
import { type ReplayFilter, readThread } from '../../rpc/thread.ts';
import { type Access, mayReadHistory } from '../access.ts';
import { deliveryLogCopy } from '../copy-database.ts';
import { defineRoute } from '../define-route.ts';
import { bodyTextWithUrls } from '../shared/file-links.ts';
import { type KeptDelivery, type LogShape, replayedSchema, replayRequest, replaySchema } from './delivery.ts';

/** The delivery log of one receiver. */
export type ReceiverLog = {
  receiver: Receiver;
  /** The organization of the channel or the installation. */
  organization_id: string;
  /** Whether its webhooks may be replayed. */
  can_replay: boolean;
  /** Whether the bodies of its webhooks may be read. */
  shows_bodies: boolean;
};

/** The receivers whose logs a route set serves. `Params`: the parameters of `path`. */
export type Receivers<Params extends z.ZodObject> = {
  /** The `operationId` of a route from its parts, such as `list` and `Deliveries`. */
  nameOf: (verb: 'list' | 'get' | 'replay', noun: 'Deliveries' | 'Delivery' | 'Ledger') => string;
  tag: string;
  access: Access;
  /** Path of one receiver. */
  path: string;
  params: Params;
  /** A receiver in the texts of the reference, with its article. */
  receiver: string;
  /** The events that its log outlives, for the reference. */
  outlives: string;
  shape: LogShape;
  /** Whether the log can only be read: no replays, no ledger. */
  isReadOnly?: true;
  /** Null when there never was such a receiver. The route then answers `notFound`. */
  findLog: (c: AppContext, ids: z.infer<Params>) => Promise<ReceiverLog | null>;
  notFound: Refusal;
};

/** What the reference adds about bodies. */
const PRIVATE_BODIES = ' With private history `body` is null for tokens without the scope `reports`.';

const DELIVERY_NOT_FOUND: Refusal = { reason: 'not_found', detail: 'Delivery not found.' };

/** The delivery log of each receiver: the list, one delivery, replays, and the ledger. */
export function deliveryRoutesOf<Params extends z.ZodObject>(receivers: Receivers<Params>): AppRouter {
  const { nameOf, path, receiver, outlives, shape, notFound } = receivers;
  const common = { tag: receivers.tag, access: receivers.access };
  // Hono's types cannot follow a generic schema, so the routes declare only their own parameters.
  const params = receivers.params as z.ZodObject as z.ZodObject<Record<never, never>>;
  const deliveryParams = params.extend({ delivery_id: pathId('delivery_id') });
  const findLog = (c: AppContext, ids: object) => receivers.findLog(c, ids as z.infer<Params>);
  const routes = createRouter();

  const getDeliveries = defineRoute({
    operationId: nameOf('list', 'Deliveries'),
    ...common,
    method: 'get',
    path: `${path}/deliveries`,
    summary: `List the webhooks of ${receiver}, newest first`,
    description: `The log stays readable when ${outlives}.`,
    request: { params, query: shape.query },
    answers: { 200: jsonOf(collectionSchema(shape.delivery), 'A page') },
  });
  routes.openapi(getDeliveries, async (c) => {
    const { cursor, page_size, ...filter } = c.req.valid('query');
    const asked = readPage({ cursor, page_size }, '-id', idKey);
    if (!asked.ok) return refuse(c, asked.refusal);
    const { page } = asked;
    const log = await findLog(c, c.req.valid('param'));
    if (log === null) return refuse(c, notFound);
    const database = await deliveryLogCopy(c);
    const found = await listDeliveries(database, log.organization_id, log.receiver, filter, page.keyset);
    const cutAt = found.cut_at === null ? null : [found.cut_at];
    const keyOf = (row: DeliveryRow) => [row.id];
    const resource = (row: DeliveryRow) => shape.resource(row);
    return c.json(collectionResponse(c, { page, rows: found.rows, cutAt, keyOf, resource }), 200);
  });

  const getDelivery = defineRoute({
    operationId: nameOf('get', 'Delivery'),
    ...common,
    method: 'get',
    path: `${path}/deliveries/{delivery_id}`,
    summary: `Get a webhook of ${receiver} with its ${receivers.isReadOnly ? '' : 'body and its '}attempts`,
    description: `Finished webhooks are kept for 30 days.${receivers.isReadOnly ? '' : PRIVATE_BODIES}`,
    request: { params: deliveryParams },
    answers: { 200: jsonOf(shape.detail, 'The webhook') },
  });
  routes.openapi(getDelivery, async (c) => {
    const ids = c.req.valid('param');
    const log = await findLog(c, ids);
    if (log === null) return refuse(c, notFound);
    const row = await findLogged(c, log, ids.delivery_id);
    if (row === null) return refuse(c, DELIVERY_NOT_FOUND);
    const kept = await readKept(c, row);
    const showsBody = log.shows_bodies && mayReadHistory(c);
    const body = showsBody ? await bodyTextWithUrls(c, kept.body) : null;
    return c.json(shape.detailResource(row, { ...kept, body }), 200);
  });

  if (receivers.isReadOnly) return routes;

  const replayDelivery = defineRoute({
    operationId: nameOf('replay', 'Delivery'),
    ...common,
    method: 'post',
    path: `${path}/deliveries/{delivery_id}/replay`,
    summary: `Send a webhook of ${receiver} again`,
    description:
      'The replay has the same `webhook-id` and runs outside the order of its thread. A webhook that is still pending stays as it is, and so does one whose message was deleted or purged: `replayed` is 0.',
    request: { params: deliveryParams },
    answers: { 202: jsonOf(replayedSchema, 'Accepted') },
  });
  routes.openapi(replayDelivery, async (c) => {
    const ids = c.req.valid('param');
    const log = await findLog(c, ids);
    if (log === null || !log.can_replay) return refuse(c, notFound);
    const row = await findLogged(c, log, ids.delivery_id);
    if (row === null) return refuse(c, DELIVERY_NOT_FOUND);
    return c.json({ replayed: await replayInThread(c, log.receiver, row.thread, { delivery_id: row.id }) }, 202);
  });

  const replayDeliveries = defineRoute({
    operationId: nameOf('replay', 'Deliveries'),
    ...common,
    method: 'post',
    path: `${path}/replay`,
    summary: `Send finished webhooks of ${receiver} again`,
    description:
      'Choose them by status, by time range, or by both. A time range alone means every finished webhook in it, delivered ones too. Repeat the call with `cursor` until `is_complete` is true.',
    request: { params, body: bodyOf(replayRequest) },
    answers: { 202: jsonOf(replaySchema, 'Accepted') },
  });
  routes.openapi(replayDeliveries, async (c) => {
    const log = await findLog(c, c.req.valid('param'));
    if (log === null || !log.can_replay) return refuse(c, notFound);
    const { status = null, created_at_after: from = null, created_at_before: to = null, cursor } = c.req.valid('json');
    const filter = { status: status === null ? null : [status], from, to };
    const done = await replayLanes(
      await deliveryLogCopy(c),
      log.organization_id,
      log.receiver,
      { status, from, to },
      cursor ?? '',
      (thread, ids) => replayInThread(c, log.receiver, thread, { ...filter, ids }),
    );
    const { lanes, replayed, after } = done;
    return c.json({ lanes, replayed, is_complete: after === null, cursor: after }, 202);
  });

  const getLedger = defineRoute({
    operationId: nameOf('get', 'Ledger'),
    ...common,
    method: 'get',
    path: `${path}/ledger`,
    summary: `Count the webhooks of ${receiver} by outcome`,
    description: 'accepted = delivered + pending + exhausted + skipped; replays are not counted again.',
    request: { params },
    answers: { 200: jsonOf(shape.ledger, 'The sums') },
  });
  routes.openapi(getLedger, async (c) => {
    const log = await findLog(c, c.req.valid('param'));
    if (log === null) return refuse(c, notFound);
    const sums = await readLedger(await deliveryLogCopy(c), log.organization_id, log.receiver);
    return c.json(shape.ledgerResource(sums), 200);
  });

  return routes;
}

/** A delivery of this receiver in the log; null when the receiver has no such delivery. */
async function findLogged(c: AppContext, log: ReceiverLog, deliveryId: string): Promise<DeliveryRow | null> {
  return findDelivery(await deliveryLogCopy(c), log.organization_id, log.receiver, deliveryId);
}

async function readKept(c: AppContext, { id, thread }: DeliveryRow): Promise<KeptDelivery> {
  const kept = await readThread(c.env, c.var.cost, thread, (stub) => stub.readDelivery({ v: 1, delivery_id: id }));
  return kept === null ? { body: null, is_purged: false, attempts: [] } : { ...kept, is_purged: kept.body === null };
}

/** Puts finished deliveries of a thread back to be sent again. Answers how many. */
async function replayInThread(
  c: AppContext,
  receiver: Receiver,
  thread: string,
  filter: ReplayFilter,
): Promise<number> {
  const request = { v: 1 as const, receiver, filter };
  const { replayed } = await readThread(c.env, c.var.cost, thread, (stub) => stub.replay(request));
  return replayed;
}
