import { z } from '@hono/zod-openapi';
import type { DeliveryRow } from '../../db/rows.ts';
import { collectionQuery } from '../../http/collection.ts';
import { isoTimeSchema, timeBoundField } from '../../http/fields.ts';
import {
  appAttemptResource,
  appDeliveryResource,
  appLedgerResource,
  attemptResource,
  channelDeliveryResource,
  channelLedgerResource,
  installedAttemptResource,
} from '../../resources/delivery.ts';
import { isUuid } from '../../resources/uuid.ts';
import type { Attempt } from '../../rpc/lane.ts';

/**
 * Webhooks in the delivery log as the API shows them. Channels and app installations share most fields. A `LogShape`
 * holds the differences.
 */

const STATUSES = ['pending', 'delivered', 'exhausted', 'skipped'] as const;
const EVENT_TYPES = ['message_created', 'reply_suggestion_created', 'messages_purged', 'visitor_purged'] as const;

const deliveryId = z.string().openapi({
  description: 'Also the `webhook-id` header.',
  example: '01a1fe0e-b0ae-75b8-8281-e1160d0504ad',
});

/** The chat and event of a delivery, and its state. */
const commonFields = {
  chat_id: z.string().openapi({ example: '01a1fe0e-af44-7dda-b8f4-1bac75f27f95' }),
  seq: z.int().openapi({ description: 'Place of the event in its thread.', example: 7 }),
  status: z.enum(STATUSES).openapi({ example: 'exhausted' }),
  skip_reason: z
    .enum(['disabled', 'channel_deleted', 'webhook_deleted', 'uninstalled', 'purged'])
    .nullable()
    .openapi({ description: 'Null unless the status is `skipped`.', example: null }),
  is_replay: z.boolean().openapi({ description: 'Whether the state is that of a replay.', example: false }),
  attempt_count: z.int().openapi({ example: 4 }),
  next_attempt_at: isoTimeSchema.nullable().openapi({ description: 'When a pending webhook is due.', example: null }),
  last_attempt_at: isoTimeSchema.nullable(),
  last_status: z.int().nullable().openapi({ description: 'HTTP status of the last answer.', example: 500 }),
  last_error: z
    .string()
    .nullable()
    .openapi({ description: 'Why the last attempt got no answer, such as `timeout`.', example: null }),
  created_at: isoTimeSchema,
};

const durationField = z.int().openapi({ example: 48 });
const statusField = z.int().nullable().openapi({ description: 'HTTP status; null without an answer.', example: 500 });
const responseField = z
  .string()
  .nullable()
  .openapi({ description: 'The first 2,048 bytes of the answer.', example: 'Internal Server Error' });
const errorField = z.string().nullable().openapi({ description: 'Why there was no answer.', example: null });

const attemptSchema = z
  .object({
    at: isoTimeSchema,
    duration_ms: durationField,
    status: statusField,
    response: responseField,
    error: errorField,
  })
  .openapi('DeliveryAttempt');

const appAttemptSchema = attemptSchema
  .extend({ url: z.string().nullable().openapi({ description: 'Where the request went, with its query.' }) })
  .openapi('AppDeliveryAttempt');

/**
 * The thread's record of a delivery: what it sends, if the caller may read it, and the attempts, oldest first. `is_purged`:
 * it sends nothing any more.
 */
export type KeptDelivery = { body: string | null; is_purged: boolean; attempts: Attempt[] };

const purgedField = z.boolean().openapi({
  description:
    'Whether its message was deleted, or what it tells was purged: then it is not sent any more, by no replay.',
  example: false,
});

/** The query of each log. */
export const pageQuery = { ...collectionQuery, status: z.enum(STATUSES).optional() };

const channelFields = {
  id: deliveryId,
  event_type: z.string().openapi({ example: 'message_created' }),
  thread_id: z.string().nullable().openapi({ example: 'ticket-1' }),
  ...commonFields,
};

const appFields = {
  id: deliveryId,
  webhook_id: z.string().nullable().openapi({ example: '01a1fe0e-a1b2-7c3d-8e4f-5a6b7c8d9e0f' }),
  channel: z.string().nullable().openapi({ description: 'Path of the collection that changed.' }),
  action: z.string().openapi({ example: 'added' }),
  resource_id: z.string().nullable().openapi({ description: 'Id of the resource that changed.' }),
  ...commonFields,
};

const channelDelivery = z.object(channelFields).openapi('Delivery');
const appDelivery = z.object(appFields).openapi('AppDelivery');

/** A webhook in the list of all receivers of an organization. */
export const organizationDelivery = z
  .object({
    id: deliveryId,
    receiver: z.object({ type: z.enum(['channel', 'installation']), id: z.string(), name: z.string() }),
    event_type: z.string().openapi({ description: 'Of an app’s webhook: its action.', example: 'message_created' }),
    thread_id: z.string().nullable(),
    webhook_id: z.string().nullable(),
    channel: z
      .string()
      .nullable()
      .openapi({ description: 'Of an app’s webhook: path of the collection that changed.' }),
    resource_id: z.string().nullable(),
    ...commonFields,
  })
  .openapi('OrganizationDelivery');

const sumFields = {
  accepted: z.int().openapi({ example: 3 }),
  delivered: z.int().openapi({ example: 2 }),
  pending: z.int().openapi({ example: 0 }),
  exhausted: z.int().openapi({ example: 1 }),
};
const skippedField = z.int().openapi({ example: 0 });

/** The log of a channel. */
export const channelLog = {
  query: z.object({
    ...pageQuery,
    thread_id: z.string().optional(),
    event_type: z.enum(EVENT_TYPES).optional(),
  }),
  delivery: channelDelivery,
  resource: channelDeliveryResource,
  detail: z
    .object({
      ...channelFields,
      attempts: z.array(attemptSchema),
      body: z.string().nullable().openapi({
        description: 'The JSON text as it is signed; null when no longer kept.',
        example: '{"event_type":"message_created","thread_id":"ticket-1"}',
      }),
      is_purged: purgedField,
    })
    .openapi('DeliveryDetail'),
  detailResource: (row: DeliveryRow, { attempts, body, is_purged }: KeptDelivery) => ({
    ...channelDeliveryResource(row),
    attempts: attempts.map(attemptResource),
    body,
    is_purged,
  }),
  ledger: z
    .object({
      ...sumFields,
      skipped: z.object({ disabled: skippedField, channel_deleted: skippedField, purged: skippedField }),
    })
    .openapi('Ledger'),
  ledgerResource: channelLedgerResource,
};

/**
 * The log of an installation of an app. Its attempts name their URL, because the webhooks of an app may have several.
 */
export const installationLog = {
  query: z.object(pageQuery),
  delivery: appDelivery,
  resource: appDeliveryResource,
  detail: z
    .object({
      ...appFields,
      attempts: z.array(appAttemptSchema),
      body: z.string().nullable().openapi({
        description:
          'The JSON text without `app_user_auth`, which is made at each attempt and never kept; null when no longer kept or when the app is no longer installed.',
      }),
      is_purged: purgedField,
    })
    .openapi('AppDeliveryDetail'),
  detailResource: (row: DeliveryRow, { attempts, body, is_purged }: KeptDelivery) => ({
    ...appDeliveryResource(row),
    attempts: attempts.map(appAttemptResource),
    body,
    is_purged,
  }),
  ledger: z
    .object({
      ...sumFields,
      skipped: z.object({
        disabled: skippedField,
        webhook_deleted: skippedField,
        uninstalled: skippedField,
        purged: skippedField,
      }),
    })
    .openapi('AppLedger'),
  ledgerResource: appLedgerResource,
};

const installedAttemptSchema = attemptSchema
  .omit({ response: true })
  .extend({ url: z.string().nullable().openapi({ description: 'Where the request went, without its query.' }) })
  .openapi('InstallationDeliveryAttempt');

/** The same log for the organization that has installed the app: without bodies, answers and queries, which are the app's. */
export const installedLog = {
  ...installationLog,
  detail: z.object({ ...appFields, attempts: z.array(installedAttemptSchema) }).openapi('InstallationDeliveryDetail'),
  detailResource: (row: DeliveryRow, { attempts }: KeptDelivery) => ({
    ...appDeliveryResource(row),
    attempts: attempts.map(installedAttemptResource),
  }),
};

export type LogShape = typeof channelLog | typeof installationLog | typeof installedLog;

/** How many deliveries are sent again: 0 or 1. */
export const replayedSchema = z.object({ replayed: z.int().openapi({ example: 1 }) }).openapi('DeliveryReplayed');

export const replayRequest = z
  .object({
    status: z.enum(['exhausted', 'skipped', 'delivered']).optional().openapi({ example: 'exhausted' }),
    created_at_after: timeBoundField().optional().openapi({ description: 'Accepted at this time or later.' }),
    created_at_before: timeBoundField().optional().openapi({ description: 'Accepted before this time.' }),
    cursor: z
      .string()
      .refine(isUuid, 'Invalid cursor.')
      .nullish()
      .openapi({ description: 'From the answer of a call that was not complete.' }),
  })
  .refine(
    (body) => [body.status, body.created_at_after, body.created_at_before].some((value) => value !== undefined),
    'At least one of status, created_at_after and created_at_before is required.',
  )
  .openapi('ReplayDeliveries');

export const replaySchema = z
  .object({
    lanes: z.int().openapi({ description: 'Threads in which this call found deliveries.', example: 1 }),
    replayed: z.int().openapi({ example: 3 }),
    is_complete: z.boolean().openapi({ example: true }),
    cursor: z.string().nullable().openapi({
      description: 'Send it with the same filter to continue; null when complete.',
      example: null,
    }),
  })
  .openapi('Replay');

/** A receiver's answer to a test webhook. */
export const testResultSchema = z.object({
  success: z.boolean().openapi({ example: true }),
  status: z.int().nullable().openapi({ description: 'HTTP status; null without an answer.', example: 200 }),
  duration_ms: durationField,
  response: z.string().nullable().openapi({ description: 'The first 2,048 bytes of the answer.', example: 'ok' }),
  error: errorField,
});
