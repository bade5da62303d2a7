import { z } from '@hono/zod-openapi';
import type { DeliveryRow } from '../../db/rows.ts';
import type { LaneSums } from '../../delivery/lanes-of-receiver.ts';
import type { InstallationOfAppRow } from '../../directory/app-receivers.ts';
import { collectionQuery } from '../../http/collection.ts';
import { isoTimeSchema } from '../../http/fields.ts';
import { isoTime } from '../../resources/clock.ts';
import type { Attempt } from '../../rpc/lane.ts';
import {
  attemptResource,
  attemptSchema,
  courseFields,
  courseResource,
  deliveryId,
  STATUSES,
  sumFields,
} from '../delivery-log/schemas.ts';
import { organizationSchema } from './schemas.ts';

export const installationOfAppSchema = z
  .object({
    id: z.string(),
    organization_id: z.string(),
    organization: organizationSchema,
    app_user_id: z.string().nullable(),
    allowed_scopes: z.array(z.string()),
    created_at: isoTimeSchema,
    updated_at: isoTimeSchema,
  })
  .openapi('InstallationOfApp');

/** An installation as the owner of the app sees it. */
export function installationOfAppResource(row: InstallationOfAppRow): z.infer<typeof installationOfAppSchema> {
  return {
    id: row.id,
    organization_id: row.organization_id,
    organization: { id: row.organization_id, name: row.organization_name },
    app_user_id: row.app_user_id,
    allowed_scopes: JSON.parse(row.allowed_scopes) as string[],
    created_at: isoTime(row.created_at),
    updated_at: isoTime(row.updated_at),
  };
}

export const appDeliveriesQuery = z.object({ ...collectionQuery, status: z.enum(STATUSES).optional() });

const appDeliveryFields = {
  id: deliveryId,
  webhook_id: z.string().nullable(),
  channel: z.string().nullable(),
  action: z.string(),
  resource_id: z.string().nullable(),
  ...courseFields,
};

export const appDeliverySchema = z.object(appDeliveryFields).openapi('AppDelivery');

/** A webhook of an app in D1's log on the wire. */
export function appDeliveryResource(row: DeliveryRow): z.infer<typeof appDeliverySchema> {
  const { id, webhook_id, channel, event_type, resource_id } = row;
  return { id, webhook_id, channel, action: event_type, resource_id, ...courseResource(row) };
}

const appAttemptSchema = attemptSchema
  .extend({ url: z.string().nullable().openapi({ description: 'Where the request went, with its query.' }) })
  .openapi('AppDeliveryAttempt');

export function appAttemptResource(attempt: Attempt): z.infer<typeof appAttemptSchema> {
  return { ...attemptResource(attempt), url: attempt.url ?? null };
}

export const appDeliveryDetailSchema = z
  .object({
    ...appDeliveryFields,
    attempts: z.array(appAttemptSchema),
    body: z.string().nullable().openapi({
      description:
        'The JSON text without `app_user_auth`, which is made at each attempt and never kept; null when no longer kept or when the app is no longer installed.',
    }),
  })
  .openapi('AppDeliveryDetail');

export const appLedgerSchema = z
  .object({
    ...sumFields,
    skipped: z.object({ disabled: z.int(), webhook_deleted: z.int(), uninstalled: z.int() }),
  })
  .openapi('AppLedger');

export function appLedgerResource(sums: LaneSums): z.infer<typeof appLedgerSchema> {
  const { accepted, delivered, pending, exhausted } = sums;
  const skipped = {
    disabled: sums.skipped_disabled,
    webhook_deleted: sums.skipped_webhook_deleted,
    uninstalled: sums.skipped_uninstalled,
  };
  return { accepted, delivered, pending, exhausted, skipped };
}
