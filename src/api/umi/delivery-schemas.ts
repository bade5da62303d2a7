import { z } from '@hono/zod-openapi';
import type { DeliveryRow } from '../../db/rows.ts';
import type { Attempt } from '../../delivery/lane.ts';
import { collectionQuery } from '../../http/collection.ts';
import { isoTimeSchema, timeField } from '../../http/fields.ts';
import { isoTime, isoTimeOrNull } from '../../resources/clock.ts';

const STATUSES = ['pending', 'delivered', 'exhausted', 'skipped'] as const;
const EVENT_TYPES = ['message_created', 'reply_suggestion_created'] as const;

export const deliveriesQuery = z.object({
  ...collectionQuery,
  status: z.enum(STATUSES).optional(),
  thread_id: z.string().optional(),
  event_type: z.enum(EVENT_TYPES).optional(),
});

const deliveryFields = {
  id: z.string().openapi({ description: 'Also the `webhook-id` header.' }),
  event_type: z.string(),
  thread_id: z.string().nullable(),
  chat_id: z.string(),
  seq: z.int(),
  status: z.enum(STATUSES),
  skip_reason: z.enum(['disabled', 'channel_deleted', 'webhook_deleted', 'uninstalled']).nullable(),
  is_replay: z.boolean(),
  attempt_count: z.int(),
  next_attempt_at: isoTimeSchema.nullable().openapi({ description: 'When a pending webhook is due.' }),
  last_attempt_at: isoTimeSchema.nullable(),
  last_status: z.int().nullable(),
  last_error: z.string().nullable(),
  created_at: isoTimeSchema,
};

export const deliverySchema = z.object(deliveryFields).openapi('Delivery');

const attemptSchema = z
  .object({
    at: isoTimeSchema,
    duration_ms: z.int(),
    status: z.int().nullable(),
    response: z.string().nullable().openapi({ description: 'The first 2,048 bytes of the answer.' }),
    error: z.string().nullable(),
  })
  .openapi('DeliveryAttempt');

export const deliveryDetailSchema = z
  .object({
    ...deliveryFields,
    attempts: z.array(attemptSchema),
    body: z.string().nullable().openapi({ description: 'The JSON text as it is signed; null when no longer kept.' }),
  })
  .openapi('DeliveryDetail');

export const replayRequest = z
  .object({
    status: z.enum(['exhausted', 'skipped', 'delivered']).optional(),
    created_at_after: timeField().optional().openapi({ description: 'Accepted at this time or later.' }),
    created_at_before: timeField().optional().openapi({ description: 'Accepted before this time.' }),
    cursor: z.string().max(64).nullish().openapi({ description: 'From the answer of a call that was not complete.' }),
  })
  .refine(
    (body) => [body.status, body.created_at_after, body.created_at_before].some((value) => value !== undefined),
    'At least one of status, created_at_after and created_at_before is required.',
  );

export const replaySchema = z
  .object({
    lanes: z.int().openapi({ description: 'Threads in which deliveries were found.' }),
    replayed: z.int(),
    is_complete: z.boolean(),
    cursor: z
      .string()
      .nullable()
      .openapi({ description: 'Send it with the same filter to go on; null when complete.' }),
  })
  .openapi('Replay');

export const ledgerSchema = z
  .object({
    accepted: z.int(),
    delivered: z.int(),
    pending: z.int(),
    exhausted: z.int(),
    skipped: z.object({ disabled: z.int(), channel_deleted: z.int() }),
  })
  .openapi('Ledger');

/** A delivery of D1's log on the wire. */
export function deliveryResource(row: DeliveryRow): z.infer<typeof deliverySchema> {
  return {
    id: row.id,
    event_type: row.event_type,
    thread_id: row.thread_id,
    chat_id: row.chat_id,
    seq: row.seq,
    status: row.status,
    skip_reason: row.skip_reason,
    is_replay: row.is_replay === 1,
    attempt_count: row.attempt_count,
    next_attempt_at: row.status === 'pending' ? isoTime(row.due_at) : null,
    last_attempt_at: isoTimeOrNull(row.last_attempt_at),
    last_status: row.last_status,
    last_error: row.last_error,
    created_at: isoTime(row.created_at),
  };
}

export function attemptResource(attempt: Attempt): z.infer<typeof attemptSchema> {
  const { status, response, error } = attempt;
  return { at: isoTime(attempt.at), duration_ms: attempt.duration, status, response, error };
}
