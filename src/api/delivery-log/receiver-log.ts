import type { z } from '@hono/zod-openapi';
import type { DeliveryRow } from '../../db/rows.ts';
import { type DeliveryFilter, findDelivery, listDeliveries } from '../../delivery/delivery-log.ts';
import { type LaneSums, sumLanes } from '../../delivery/lanes-of-receiver.ts';
import { replayLanes } from '../../delivery/replay-lanes.ts';
import type { AppContext } from '../../http/app-environment.ts';
import { collectionResponse, type Page } from '../../http/collection.ts';
import type { Refusal } from '../../http/refusals.ts';
import type { Receiver } from '../../resources/receiver.ts';
import type { Attempt } from '../../rpc/lane.ts';
import { readThread } from '../../rpc/thread.ts';
import { deliveryLogCopy } from '../copy-database.ts';
import type { replayRequest, replaySchema } from './schemas.ts';

/** The webhooks of one receiver, and the organization whose receiver it is. */
export type ReceiverLog = { receiver: Receiver; organization_id: string };

export const DELIVERY_NOT_FOUND: Refusal = { reason: 'not_found', detail: 'Delivery not found.' };

/** A page of the log, newest first. */
export async function pageOfDeliveries<Resource>(
  c: AppContext,
  { organization_id, receiver }: ReceiverLog,
  page: Page,
  filter: DeliveryFilter,
  resource: (row: DeliveryRow) => Resource,
) {
  const found = await listDeliveries(await deliveryLogCopy(c), organization_id, receiver, filter, page.keyset);
  const cutAt = found.cut_at === null ? null : [found.cut_at];
  return collectionResponse(c, { page, rows: found.rows, cutAt, keyOf: (row) => [row.id], resource });
}

/** One delivery as D1's log has it; null when it is none of this receiver. */
export async function findLogged(
  c: AppContext,
  { organization_id, receiver }: ReceiverLog,
  deliveryId: string,
): Promise<DeliveryRow | null> {
  return findDelivery(await deliveryLogCopy(c), organization_id, receiver, deliveryId);
}

/** What has become of the receiver's webhooks, counted. */
export async function sumsOf(c: AppContext, { organization_id, receiver }: ReceiverLog): Promise<LaneSums> {
  return sumLanes(await deliveryLogCopy(c), organization_id, receiver);
}

/** What the thread keeps of a delivery: the frozen body, null when no longer kept, and the attempts, oldest first. */
export async function readKept(
  c: AppContext,
  { id, thread }: DeliveryRow,
): Promise<{ body: string | null; attempts: Attempt[] }> {
  const kept = await readThread(c.env, c.var.cost, thread, (stub) => stub.readDelivery({ v: 1, delivery_id: id }));
  return kept ?? { body: null, attempts: [] };
}

/** Sends one delivery again; 0 when it is still pending. */
export async function replayOne(c: AppContext, { receiver }: ReceiverLog, row: DeliveryRow): Promise<number> {
  const request = { v: 1 as const, receiver, filter: { delivery_id: row.id } };
  const { replayed } = await readThread(c.env, c.var.cost, row.thread, (stub) => stub.replay(request));
  return replayed;
}

/** Sends finished deliveries again, thread by thread. */
export async function replayMany(
  c: AppContext,
  { organization_id, receiver }: ReceiverLog,
  asked: z.infer<typeof replayRequest>,
): Promise<z.infer<typeof replaySchema>> {
  const { status = null, created_at_after: from = null, created_at_before: to = null, cursor } = asked;
  const request = { v: 1 as const, receiver, filter: { status: status === null ? null : [status], from, to } };
  const replay = async (thread: string) => {
    const { replayed } = await readThread(c.env, c.var.cost, thread, (stub) => stub.replay(request));
    return replayed;
  };
  const bounds = { status, from, to };
  const done = await replayLanes(await deliveryLogCopy(c), organization_id, receiver, bounds, cursor ?? '', replay);
  const { lanes, replayed, after } = done;
  return { lanes, replayed, is_complete: after === null, cursor: after };
}
