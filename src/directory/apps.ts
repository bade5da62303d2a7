import type { IdentityDatabase } from '../db/database.ts';
import { CREATION_ORDERS, type CreationOrdering, type Keyset, keysetClauses } from '../db/keyset.ts';
import type { AppInstallationRow, AppRow, StoredSecret } from '../db/rows.ts';
import { randomSecret } from '../platform/secrets.ts';
import type { AppView } from '../resources/app.ts';
import { assignments } from './assignments.ts';
import { type AuditEntry, auditOfEndingInstallations } from './audit-log.ts';
import { changing, forget } from './changes.ts';
import { type KeptAnswer, keepingAnswer } from './keyed-requests.ts';
import { isBelow } from './quotas.ts';

/**
 * Apps, their webhooks and their installations are in the first database, because organizations of any database may
 * install an app.
 */

/** A new secret of an app: `umiapp_` and 32 random bytes in base64url. Its text is the key of HS256 signatures. */
export function newAppSecret(): string {
  return `umiapp_${randomSecret()}`;
}

/** The columns of an app without its secret, and its owner's name; each with the prefix `app_`. */
const APP_COLUMN_NAMES = [
  'id',
  'organization_id',
  'name',
  'description',
  'terms_url',
  'privacy_url',
  'icon_asset_id',
  'icon_url',
  'trigger_url',
  'trigger_types',
  'is_app_user_required',
  'required_scopes',
  'is_available_to_anyone',
  'registered_origin',
  'installation_count',
  'webhooks_version',
  'created_at',
  'updated_at',
] as const;
type AppColumn = (typeof APP_COLUMN_NAMES)[number];
export type AppColumns = { [Column in AppColumn as `app_${Column}`]: AppRow[Column] } & {
  app_organization_name: string;
};

/** The columns of `AppColumns`, for a query over `apps` and `owners` (joined by OWNERS). */
export const APP_COLUMNS = `${APP_COLUMN_NAMES.map((column) => `apps.${column} AS app_${column}`).join(', ')}, owners.name AS app_organization_name`;
export const OWNERS = 'JOIN organizations AS owners ON owners.id = apps.organization_id';

/** An app as resources show it. */
export function appView(row: AppColumns): AppView {
  return {
    id: row.app_id,
    organization: { id: row.app_organization_id, name: row.app_organization_name },
    name: row.app_name,
    description: row.app_description,
    terms_url: row.app_terms_url,
    privacy_url: row.app_privacy_url,
    icon:
      row.app_icon_asset_id === null || row.app_icon_url === null
        ? null
        : { id: row.app_icon_asset_id, url: row.app_icon_url },
    trigger_url: row.app_trigger_url,
    trigger_types: JSON.parse(row.app_trigger_types) as string[],
    is_app_user_required: row.app_is_app_user_required === 1,
    required_scopes: JSON.parse(row.app_required_scopes) as string[],
    is_available_to_anyone: row.app_is_available_to_anyone === 1,
    installation_count: row.app_installation_count,
    webhooks_version: row.app_webhooks_version,
    created_at: row.app_created_at,
    updated_at: row.app_updated_at,
  };
}

/** An app of the organization that is not deleted. */
export function findApp(identity: IdentityDatabase, organizationId: string, appId: string): Promise<AppColumns | null> {
  return identity.first<AppColumns>(
    `SELECT ${APP_COLUMNS} FROM apps ${OWNERS} WHERE apps.id = ? AND apps.organization_id = ? AND apps.deleted_at IS NULL`,
    appId,
    organizationId,
  );
}

/** An app that the organization may install: its own, or one that is available to anyone. */
export function findAvailableApp(
  identity: IdentityDatabase,
  organizationId: string,
  appId: string,
): Promise<AppColumns | null> {
  return identity.first<AppColumns>(
    `SELECT ${APP_COLUMNS} FROM apps ${OWNERS} WHERE apps.id = ? AND apps.deleted_at IS NULL
       AND (apps.organization_id = ? OR apps.is_available_to_anyone = 1)`,
    appId,
    organizationId,
  );
}

/** Lists the apps of the organization. A key holds the ordering's columns in CREATION_ORDERS. */
export function listApps(
  identity: IdentityDatabase,
  organizationId: string,
  ordering: CreationOrdering,
  keyset: Keyset,
): Promise<AppColumns[]> {
  const { where, orderBy, parameters } = keysetClauses(CREATION_ORDERS[ordering], keyset);
  return identity.all<AppColumns>(
    `SELECT ${APP_COLUMNS} FROM (
       SELECT * FROM apps WHERE organization_id = ? AND deleted_at IS NULL AND ${where} ORDER BY ${orderBy}
     ) AS apps ${OWNERS} ORDER BY ${outerOrder(ordering, keyset)}`,
    organizationId,
    ...parameters,
  );
}

/**
 * Lists the apps that the organization may install. The page is merged from two: its own apps and those available to
 * anyone, each read from an index.
 */
export function listAvailableApps(
  identity: IdentityDatabase,
  organizationId: string,
  ordering: CreationOrdering,
  keyset: Keyset,
): Promise<AppColumns[]> {
  const { where, orderBy, parameters } = keysetClauses(CREATION_ORDERS[ordering], keyset);
  return identity.all<AppColumns>(
    `SELECT ${APP_COLUMNS} FROM (
       SELECT * FROM (SELECT * FROM apps WHERE organization_id = ? AND deleted_at IS NULL AND ${where} ORDER BY ${orderBy})
       UNION
       SELECT * FROM (
         SELECT * FROM apps WHERE is_available_to_anyone = 1 AND deleted_at IS NULL AND ${where} ORDER BY ${orderBy})
     ) AS apps ${OWNERS} ORDER BY ${outerOrder(ordering, keyset)} LIMIT ${Math.trunc(keyset.limit)}`,
    organizationId,
    ...parameters,
    ...parameters,
  );
}

/** A join may change the order. */
function outerOrder(ordering: CreationOrdering, keyset: Keyset): string {
  const isDescending = CREATION_ORDERS[ordering].descending !== (keyset.direction === 'previous');
  return isDescending ? 'apps.created_at DESC, apps.id DESC' : 'apps.created_at, apps.id';
}

export type NewApp = Omit<
  AppRow,
  'organization_id' | 'installation_count' | 'secret_version' | 'webhooks_version' | 'deleted_at' | 'updated_at'
>;

/** Adds an app to an organization that exists. False when its quota is reached. */
export async function insertApp(
  identity: IdentityDatabase,
  organizationId: string,
  app: NewApp,
  limit: number,
): Promise<boolean> {
  const { changes } = await identity.run(
    `INSERT INTO apps (id, organization_id, name, description, terms_url, privacy_url, icon_asset_id, icon_url, trigger_url,
       trigger_types, is_app_user_required, required_scopes, is_available_to_anyone, secret, registered_origin,
       created_at, updated_at)
     SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? WHERE ${isBelow({ name: 'apps', limit })}`,
    app.id,
    organizationId,
    app.name,
    app.description,
    app.terms_url,
    app.privacy_url,
    app.icon_asset_id,
    app.icon_url,
    app.trigger_url,
    app.trigger_types,
    app.is_app_user_required,
    app.required_scopes,
    app.is_available_to_anyone,
    app.secret,
    app.registered_origin,
    app.created_at,
    app.created_at,
    organizationId,
  );
  return changes > 0;
}

type Changeable = Omit<NewApp, 'id' | 'secret' | 'registered_origin' | 'created_at'>;
/** An undefined value stays as it is. */
export type AppChanges = { [Column in keyof Changeable]?: Changeable[Column] | undefined };

/** Changes an app. Installations keep their scopes and bot user. False when the organization has no such app. */
export function updateApp(
  identity: IdentityDatabase,
  organizationId: string,
  appId: string,
  changes: AppChanges,
  now: number,
): Promise<boolean> {
  return changing({ kind: 'app', app_id: appId }, async () => {
    const { set, parameters } = assignments({ ...changes, updated_at: now });
    const { changes: changed } = await identity.run(
      `UPDATE apps SET ${set} WHERE id = ? AND organization_id = ? AND deleted_at IS NULL`,
      ...parameters,
      appId,
      organizationId,
    );
    return changed > 0;
  });
}

/**
 * Gives an app another secret. The one before ends, and with it every lasting token that was made with it. False when the
 * organization has no such app. `kept`: the answer to keep with it.
 */
export function replaceAppSecret(
  identity: IdentityDatabase,
  organizationId: string,
  appId: string,
  secret: StoredSecret,
  now: number,
  kept: KeptAnswer | null = null,
): Promise<boolean> {
  return changing({ kind: 'app', app_id: appId }, async () => {
    const [changed = []] = await identity.batch([
      [
        `UPDATE apps SET secret = ?, secret_version = secret_version + 1, updated_at = ?
         WHERE id = ? AND organization_id = ? AND deleted_at IS NULL RETURNING id`,
        secret,
        now,
        appId,
        organizationId,
      ],
      ...keepingAnswer(kept, 'SELECT 1 FROM apps WHERE id = ? AND secret = ?', appId, secret),
    ]);
    return changed.length > 0;
  });
}

/** An installation that has ended: its organization and its bot user. */
export type EndedInstallation = Pick<AppInstallationRow, 'id' | 'organization_id' | 'app_user_id'>;

/**
 * Marks an app as deleted, with its webhooks, its installations in all organizations and their bot users. Answers these
 * installations; null when the organization has no such app.
 */
export function deleteApp(
  identity: IdentityDatabase,
  organizationId: string,
  appId: string,
  now: number,
  entry: AuditEntry,
): Promise<EndedInstallation[] | null> {
  return changing({ kind: 'app', app_id: appId }, async () => {
    const live = 'EXISTS (SELECT 1 FROM apps WHERE id = ?1 AND organization_id = ?2 AND deleted_at IS NULL)';
    const [, , , installations, apps] = await identity.batch([
      auditOfEndingInstallations(entry, { organizationId, appId }),
      [
        `UPDATE users SET deleted_at = ?3, updated_at = ?3 WHERE deleted_at IS NULL AND id IN (
           SELECT app_user_id FROM app_installations WHERE app_id = ?1 AND deleted_at IS NULL AND ${live})`,
        appId,
        organizationId,
        now,
      ],
      [
        `UPDATE app_webhooks SET deleted_at = ?3, updated_at = ?3 WHERE app_id = ?1 AND deleted_at IS NULL AND ${live}`,
        appId,
        organizationId,
        now,
      ],
      [
        `UPDATE app_installations SET deleted_at = ?3, updated_at = ?3 WHERE app_id = ?1 AND deleted_at IS NULL AND ${live}
         RETURNING id, organization_id, app_user_id`,
        appId,
        organizationId,
        now,
      ],
      [
        `UPDATE apps SET deleted_at = ?3, updated_at = ?3, installation_count = 0
         WHERE id = ?1 AND organization_id = ?2 AND deleted_at IS NULL RETURNING id`,
        appId,
        organizationId,
        now,
      ],
    ]);
    if (apps === undefined || apps.length === 0) return null;
    const ended = (installations ?? []) as EndedInstallation[];
    for (const { organization_id, app_user_id } of ended) {
      forget({ kind: 'installations', organization_id });
      if (app_user_id !== null) forget({ kind: 'user', organization_id, user_id: app_user_id });
    }
    return ended;
  });
}
