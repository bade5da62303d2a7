import type { IdentityDatabase } from '../db/database.ts';
import { CREATION_ORDERS, type CreationOrdering, type Keyset, keysetClauses } from '../db/keyset.ts';
import type { AppWebhookRow } from '../db/rows.ts';
import { samePattern } from '../resources/topic.ts';
import { assignments } from './assignments.ts';
import { type Inserted, insertBelow, isBelow } from './quotas.ts';

/** True for webhooks of an app of the organization; its placeholders take the app and the organization. */
const OF_OWN_APP = `app_id = (SELECT id FROM apps WHERE id = ? AND organization_id = ? AND deleted_at IS NULL)
  AND deleted_at IS NULL`;

/** True for a webhook with a pattern in the form of `samePattern`; its placeholders take the organization and that form. */
const HAS_PATTERN = "replace(lower(channel_pattern), ?, '{organization_id}') = ?";

/** A webhook of an app of the organization; null when there is none. */
export function findAppWebhook(
  identity: IdentityDatabase,
  organizationId: string,
  appId: string,
  webhookId: string,
): Promise<AppWebhookRow | null> {
  return identity.first<AppWebhookRow>(
    `SELECT * FROM app_webhooks WHERE id = ? AND ${OF_OWN_APP}`,
    webhookId,
    appId,
    organizationId,
  );
}

/** Lists the webhooks of an app of the organization. A key holds the ordering's columns in CREATION_ORDERS. */
export function listAppWebhooks(
  identity: IdentityDatabase,
  organizationId: string,
  appId: string,
  ordering: CreationOrdering,
  keyset: Keyset,
): Promise<AppWebhookRow[]> {
  const { where, orderBy, parameters } = keysetClauses(CREATION_ORDERS[ordering], keyset);
  return identity.all<AppWebhookRow>(
    `SELECT * FROM app_webhooks WHERE ${OF_OWN_APP} AND ${where} ORDER BY ${orderBy}`,
    appId,
    organizationId,
    ...parameters,
  );
}

/** Whether another webhook of the app has this pattern. `webhookId`: the webhook that may have it, if any. */
export async function isPatternTaken(
  identity: IdentityDatabase,
  organizationId: string,
  appId: string,
  pattern: string,
  webhookId: string | null,
): Promise<boolean> {
  const row = await identity.first(
    `SELECT 1 FROM app_webhooks WHERE ${OF_OWN_APP} AND ${HAS_PATTERN} AND id IS NOT ? LIMIT 1`,
    appId,
    organizationId,
    organizationId,
    samePattern(pattern, organizationId),
    webhookId,
  );
  return row !== null;
}

/** The patterns of an app of the organization, as many as the quota `webhooks` allows. */
export async function listAppPatterns(
  identity: IdentityDatabase,
  organizationId: string,
  appId: string,
): Promise<string[]> {
  const rows = await identity.all<{ channel_pattern: string }>(
    `SELECT channel_pattern FROM app_webhooks WHERE ${OF_OWN_APP}`,
    appId,
    organizationId,
  );
  return rows.map(({ channel_pattern }) => channel_pattern);
}

export type NewAppWebhook = Omit<AppWebhookRow, 'deleted_at' | 'updated_at'>;

/** Adds a webhook to an app of the organization. Refused when the app is deleted or uses the pattern already. */
export function insertAppWebhook(
  identity: IdentityDatabase,
  organizationId: string,
  webhook: NewAppWebhook,
  limit: number,
): Promise<Inserted<AppWebhookRow>> {
  const quota = { name: 'webhooks', limit } as const;
  return insertBelow<AppWebhookRow>(identity, quota, webhook.app_id, [
    `INSERT INTO app_webhooks (id, app_id, endpoint_url, channel_pattern, on_added, on_changed, on_removed, is_enabled,
       registered_origin, created_at, updated_at)
     SELECT ?, apps.id, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM apps
     WHERE apps.id = ? AND apps.organization_id = ? AND apps.deleted_at IS NULL
       AND NOT EXISTS (
         SELECT 1 FROM app_webhooks WHERE app_id = apps.id AND deleted_at IS NULL AND ${HAS_PATTERN})
       AND ${isBelow(quota)}
     RETURNING *`,
    webhook.id,
    webhook.endpoint_url,
    webhook.channel_pattern,
    webhook.on_added,
    webhook.on_changed,
    webhook.on_removed,
    webhook.is_enabled,
    webhook.registered_origin,
    webhook.created_at,
    webhook.created_at,
    webhook.app_id,
    organizationId,
    organizationId,
    samePattern(webhook.channel_pattern, organizationId),
    webhook.app_id,
  ]);
}

type Changeable = Omit<NewAppWebhook, 'id' | 'app_id' | 'registered_origin' | 'created_at'>;
/** An undefined value stays as it is. */
export type AppWebhookChanges = { [Column in keyof Changeable]?: Changeable[Column] | undefined };

/** Changes a webhook. Null when there is no such webhook, another one has the new pattern, or it would send nothing. */
export function updateAppWebhook(
  identity: IdentityDatabase,
  organizationId: string,
  appId: string,
  webhookId: string,
  changes: AppWebhookChanges,
  now: number,
): Promise<AppWebhookRow | null> {
  const { set, parameters } = assignments({ ...changes, updated_at: now });
  const { on_added = null, on_changed = null, on_removed = null } = changes;
  return identity.first<AppWebhookRow>(
    `UPDATE app_webhooks SET ${set}
     WHERE id = ? AND ${OF_OWN_APP}
       AND coalesce(?, on_added) + coalesce(?, on_changed) + coalesce(?, on_removed) > 0
       AND NOT EXISTS (
         SELECT 1 FROM app_webhooks AS others
         WHERE others.app_id = app_webhooks.app_id AND others.id <> app_webhooks.id AND others.deleted_at IS NULL
           AND ${HAS_PATTERN.replace('channel_pattern', 'others.channel_pattern')})
     RETURNING *`,
    ...parameters,
    webhookId,
    appId,
    organizationId,
    on_added,
    on_changed,
    on_removed,
    organizationId,
    changes.channel_pattern === undefined ? null : samePattern(changes.channel_pattern, organizationId),
  );
}

/** Marks a webhook as deleted. False when there is no such webhook. */
export async function deleteAppWebhook(
  identity: IdentityDatabase,
  organizationId: string,
  appId: string,
  webhookId: string,
  now: number,
): Promise<boolean> {
  const { changes } = await identity.run(
    `UPDATE app_webhooks SET deleted_at = ?, updated_at = ? WHERE id = ? AND ${OF_OWN_APP}`,
    now,
    now,
    webhookId,
    appId,
    organizationId,
  );
  return changes > 0;
}
