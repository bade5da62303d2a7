import { z } from '@hono/zod-openapi';
import type { DeliveryRow } from '../../db/rows.ts';
import { collectionQuery } from '../../http/collection.ts';
import {
  attemptSchema,
  courseFields,
  courseResource,
  deliveryId,
  STATUSES,
  sumFields,
} from '../delivery-log/schemas.ts';

const EVENT_TYPES = ['message_created', 'reply_suggestion_created'] as const;

export const deliveriesQuery = z.object({
  ...collectionQuery,
  status: z.enum(STATUSES).optional(),
  thread_id: z.string().optional(),
  event_type: z.enum(EVENT_TYPES).optional(),
});

const deliveryFields = {
  id: deliveryId,
  event_type: z.string(),
  thread_id: z.string().nullable(),
  ...courseFields,
};

export const deliverySchema = z.object(deliveryFields).openapi('Delivery');

export const deliveryDetailSchema = z
  .object({
    ...deliveryFields,
    attempts: z.array(attemptSchema),
    body: z.string().nullable().openapi({ description: 'The JSON text as it is signed; null when no longer kept.' }),
  })
  .openapi('DeliveryDetail');

export const ledgerSchema = z
  .object({ ...sumFields, skipped: z.object({ disabled: z.int(), channel_deleted: z.int() }) })
  .openapi('Ledger');

/** A delivery of D1's log on the wire. */
export function deliveryResource(row: DeliveryRow): z.infer<typeof deliverySchema> {
  return { id: row.id, event_type: row.event_type, thread_id: row.thread_id, ...courseResource(row) };
}
