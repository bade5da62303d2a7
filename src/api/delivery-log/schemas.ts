import { z } from '@hono/zod-openapi';
import type { DeliveryRow } from '../../db/rows.ts';
import { isoTimeSchema, timeField } from '../../http/fields.ts';
import { isoTime, isoTimeOrNull } from '../../resources/clock.ts';
import type { Attempt } from '../../rpc/lane.ts';

/** What the logs of all kinds of receivers have in common on the wire. */

export const STATUSES = ['pending', 'delivered', 'exhausted', 'skipped'] as const;

export const deliveryId = z.string().openapi({ description: 'Also the `webhook-id` header.' });

/** Where a delivery belongs and what has become of it so far. */
export const courseFields = {
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
const courseSchema = z.object(courseFields);

export function courseResource(row: DeliveryRow): z.infer<typeof courseSchema> {
  return {
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

export const attemptSchema = z
  .object({
    at: isoTimeSchema,
    duration_ms: z.int(),
    status: z.int().nullable(),
    response: z.string().nullable().openapi({ description: 'The first 2,048 bytes of the answer.' }),
    error: z.string().nullable(),
  })
  .openapi('DeliveryAttempt');

export function attemptResource(attempt: Attempt): z.infer<typeof attemptSchema> {
  const { status, response, error } = attempt;
  return { at: isoTime(attempt.at), duration_ms: attempt.duration, status, response, error };
}

export const replayedSchema = z.object({ replayed: z.int() });

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

/** The sums of a ledger but for what was skipped, whose reasons depend on the receiver. */
export const sumFields = { accepted: z.int(), delivered: z.int(), pending: z.int(), exhausted: z.int() };

/** What a receiver answered to a test. */
export const testResultSchema = z.object({
  success: z.boolean(),
  status: z.int().nullable(),
  duration_ms: z.int(),
  response: z.string().nullable().openapi({ description: 'The first 2,048 bytes of the answer.' }),
  error: z.string().nullable(),
});

export function testResult(isDelivered: boolean, attempt: Attempt): z.infer<typeof testResultSchema> {
  const { status, duration, response, error } = attempt;
  return { success: isDelivered, status, duration_ms: duration, response, error };
}
