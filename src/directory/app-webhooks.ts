import type { IdentityDatabase, Statement } from '../db/database.ts';
import { CREATION_ORDERS, type CreationOrdering, type Keyset, keysetClauses } from '../db/keyset.ts';
import type { AppWebhookRow } from '../db/rows.ts';
import { samePattern } from '../resources/topic.ts';
import { assignments } from './assignments.ts';
import { changing } from './changes.ts';
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

export type NewAppWebhook = Omit<AppWebhookRow, 'version' | 'deleted_at' | 'updated_at'>;

/** Adds a webhook to an app of the organization. Refused when the app is deleted or uses the pattern already. */
export function insertAppWebhook(
  identity: IdentityDatabase,
  organizationId: string,
  webhook: NewAppWebhook,
  limit: number,
): Promise<Inserted<AppWebhookRow>> {
  return changing({ kind: 'app', app_id: webhook.app_id }, async () => {
    const quota = { name: 'webhooks', limit } as const;
    const insert: Statement = [
      `INSERT INTO app_webhooks (id, app_id, endpoint_url, channel_pattern, on_added, on_changed, on_removed, is_enabled,
         registered_origin, version, created_at, updated_at)
       SELECT ?, apps.id, ?, ?, ?, ?, ?, ?, ?, apps.webhooks_version + 1, ?, ? FROM apps
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
    ];
    const raised = raiseVersion(organizationId, webhook.app_id, webhook.id);
    return insertBelow<AppWebhookRow>(identity, quota, webhook.app_id, insert, { after: [raised] });
  });
}

/** Raises the app's version to that of a webhook that was added or widened in the same transaction. */
function raiseVersion(organizationId: string, appId: string, webhookId: string): Statement {
  return [
    `UPDATE apps SET webhooks_version = max(webhooks_version, (SELECT version FROM app_webhooks WHERE id = ?1 AND app_id = ?2))
     WHERE id = ?2 AND organization_id = ?3
       AND webhooks_version < (SELECT version FROM app_webhooks WHERE id = ?1 AND app_id = ?2)`,
    webhookId,
    appId,
    organizationId,
  ];
}

type Changeable = Omit<NewAppWebhook, 'id' | 'app_id' | 'registered_origin' | 'created_at'>;
/** An undefined value stays as it is. */
export type AppWebhookChanges = { [Column in keyof Changeable]?: Changeable[Column] | undefined };

/**
 * True for a change that widens a webhook: another pattern, more kinds of changes, another origin of the endpoint. Its
 * placeholders take pattern and flags (null: unchanged), and the origin with its slash twice.
 */
const WIDENS = `coalesce(?, channel_pattern) <> channel_pattern OR coalesce(?, on_added) > on_added
  OR coalesce(?, on_changed) > on_changed OR coalesce(?, on_removed) > on_removed
  OR substr(endpoint_url || '/', 1, length(?)) <> ?`;

/**
 * Changes a webhook. A wider one has another version, to which other organizations must consent. Null when there is no
 * such webhook, another one has the new pattern, or it would send nothing.
 */
export function updateAppWebhook(
  identity: IdentityDatabase,
  organizationId: string,
  appId: string,
  webhookId: string,
  changes: AppWebhookChanges,
  now: number,
): Promise<AppWebhookRow | null> {
  return changing({ kind: 'app', app_id: appId }, async () => {
    const { set, parameters } = assignments({ ...changes, updated_at: now });
    const { on_added = null, on_changed = null, on_removed = null, channel_pattern = null, endpoint_url } = changes;
    const origin = endpoint_url === undefined ? null : `${new URL(endpoint_url).origin}/`;
    const [changed] = await identity.batch([
      [
        `UPDATE app_webhooks SET ${set}, version = CASE WHEN ${WIDENS}
         THEN (SELECT webhooks_version + 1 FROM apps WHERE apps.id = app_webhooks.app_id) ELSE version END
       WHERE id = ? AND ${OF_OWN_APP}
         AND coalesce(?, on_added) + coalesce(?, on_changed) + coalesce(?, on_removed) > 0
         AND NOT EXISTS (
           SELECT 1 FROM app_webhooks AS others
           WHERE others.app_id = app_webhooks.app_id AND others.id <> app_webhooks.id AND others.deleted_at IS NULL
             AND ${HAS_PATTERN.replace('channel_pattern', 'others.channel_pattern')})
       RETURNING *`,
        ...parameters,
        channel_pattern,
        on_added,
        on_changed,
        on_removed,
        origin,
        origin,
        webhookId,
        appId,
        organizationId,
        on_added,
        on_changed,
        on_removed,
        organizationId,
        channel_pattern === null ? null : samePattern(channel_pattern, organizationId),
      ],
      raiseVersion(organizationId, appId, webhookId),
    ]);
    return (changed as AppWebhookRow[] | undefined)?.[0] ?? null;
  });
}

export type ShownWebhook = Pick<
  AppWebhookRow,
  'channel_pattern' | 'endpoint_url' | 'on_added' | 'on_changed' | 'on_removed' | 'version'
>;

/**
 * The webhooks of an app for an organization that has installed it or may install it, oldest first: as many as
 * the quota of the app's owner allows.
 */
export function listShownWebhooks(
  identity: IdentityDatabase,
  organizationId: string,
  appId: string,
): Promise<ShownWebhook[]> {
  return identity.all<ShownWebhook>(
    `SELECT channel_pattern, endpoint_url, on_added, on_changed, on_removed, version FROM app_webhooks
     WHERE app_id = ?1 AND deleted_at IS NULL AND EXISTS (
       SELECT 1 FROM apps WHERE id = ?1 AND deleted_at IS NULL AND (organization_id = ?2 OR is_available_to_anyone = 1
         OR EXISTS (SELECT 1 FROM app_installations
           WHERE app_id = ?1 AND organization_id = ?2 AND deleted_at IS NULL)))
     ORDER BY created_at, id`,
    appId,
    organizationId,
  );
}

/** Marks a webhook as deleted. False when there is no such webhook. */
export function deleteAppWebhook(
  identity: IdentityDatabase,
  organizationId: string,
  appId: string,
  webhookId: string,
  now: number,
): Promise<boolean> {
  return changing({ kind: 'app', app_id: appId }, async () => {
    const { changes } = await identity.run(
      `UPDATE app_webhooks SET deleted_at = ?, updated_at = ? WHERE id = ? AND ${OF_OWN_APP}`,
      now,
      now,
      webhookId,
      appId,
      organizationId,
    );
    return changes > 0;
  });
}
