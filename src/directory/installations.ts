import type { IdentityDatabase } from '../db/database.ts';
import { CREATION_ORDERS, type CreationOrdering, type Keyset, keysetClauses } from '../db/keyset.ts';
import type { AppInstallationRow, AppRow, Flag, UserRow } from '../db/rows.ts';
import type { AppInstallationView } from '../resources/app.ts';
import { APP_COLUMNS, type AppColumns, appView, OWNERS } from './apps.ts';
import { changing, forget } from './changes.ts';
import { userFacts } from './users.ts';

type BotColumn = 'first_name' | 'last_name' | 'alias' | 'avatar_id' | 'avatar_url' | 'is_bot' | 'is_staff';

/** An installation with its organization, app and bot user, as one query answers them. */
export type InstallationRow = Pick<
  AppInstallationRow,
  'id' | 'organization_id' | 'app_user_id' | 'allowed_scopes' | 'consented_version' | 'created_at' | 'updated_at'
> & { organization_name: string; needs_consent: Flag } & { [Column in BotColumn]: UserRow[Column] | null } & AppColumns;

/**
 * True for a webhook that may reach an installation: the app is the organization's own, or the organization has consented
 * to this version of the webhook. For a query over `apps`, `webhooks` and `installations`.
 */
export const IS_CONSENTED = `(apps.organization_id = installations.organization_id
  OR webhooks.version <= installations.consented_version)`;

/** Whether an installation waits for the consent to a webhook. For a query over `apps` and `installations`. */
export const NEEDS_CONSENT = `EXISTS (SELECT 1 FROM app_webhooks AS webhooks
    WHERE webhooks.app_id = apps.id AND webhooks.deleted_at IS NULL AND NOT ${IS_CONSENTED}) AS needs_consent`;

const INSTALLATION_COLUMNS = `installations.id, installations.organization_id, installations.app_user_id,
  installations.allowed_scopes, installations.consented_version, installations.created_at, installations.updated_at,
  organizations.name AS organization_name, users.first_name, users.last_name, users.alias, users.avatar_id, users.avatar_url,
  users.is_bot, users.is_staff, ${APP_COLUMNS},
  ${NEEDS_CONSENT}`;

const JOINS = `JOIN organizations ON organizations.id = installations.organization_id
  JOIN apps ON apps.id = installations.app_id ${OWNERS}
  LEFT JOIN users ON users.id = installations.app_user_id`;

/** An installation as resources show it. */
export function installationView(row: InstallationRow): AppInstallationView {
  return {
    id: row.id,
    app: appView(row),
    organization: { id: row.organization_id, name: row.organization_name },
    app_user: botOf(row),
    allowed_scopes: JSON.parse(row.allowed_scopes) as string[],
    needs_consent: row.needs_consent === 1,
    created_at: row.created_at,
    updated_at: row.updated_at,
  };
}

function botOf(row: InstallationRow): AppInstallationView['app_user'] {
  if (row.app_user_id === null) return null;
  return userFacts({
    id: row.app_user_id,
    organization_id: row.organization_id,
    first_name: row.first_name ?? '',
    last_name: row.last_name ?? '',
    alias: row.alias,
    avatar_id: row.avatar_id,
    avatar_url: row.avatar_url,
    is_bot: row.is_bot ?? 1,
    is_staff: row.is_staff ?? 0,
  });
}

/** An installation of the organization; null when there is none. */
export function findInstallation(
  identity: IdentityDatabase,
  organizationId: string,
  installationId: string,
): Promise<InstallationRow | null> {
  return identity.first<InstallationRow>(
    `SELECT ${INSTALLATION_COLUMNS} FROM app_installations AS installations ${JOINS}
     WHERE installations.id = ? AND installations.organization_id = ? AND installations.deleted_at IS NULL`,
    installationId,
    organizationId,
  );
}

/** Whether the organization has this installation, or had it: its log is kept longer. */
export async function hasHadInstallation(
  identity: IdentityDatabase,
  organizationId: string,
  installationId: string,
): Promise<boolean> {
  const row = await identity.first(
    'SELECT 1 FROM app_installations WHERE id = ? AND organization_id = ?',
    installationId,
    organizationId,
  );
  return row !== null;
}

/** Lists the installations of the organization. A key holds the ordering's columns in CREATION_ORDERS. */
export function listInstallations(
  identity: IdentityDatabase,
  organizationId: string,
  ordering: CreationOrdering,
  keyset: Keyset,
): Promise<InstallationRow[]> {
  const { where, orderBy, parameters } = keysetClauses(CREATION_ORDERS[ordering], keyset);
  const isDescending = CREATION_ORDERS[ordering].descending !== (keyset.direction === 'previous');
  return identity.all<InstallationRow>(
    `SELECT ${INSTALLATION_COLUMNS} FROM (
       SELECT * FROM app_installations WHERE organization_id = ? AND deleted_at IS NULL AND ${where} ORDER BY ${orderBy}
     ) AS installations ${JOINS}
     ORDER BY ${isDescending ? 'installations.created_at DESC, installations.id DESC' : 'installations.created_at, installations.id'}`,
    organizationId,
    ...parameters,
  );
}

/** Ids of a new installation and, if the app needs a bot user, of this user. */
export type NewInstallation = {
  id: string;
  app_id: string;
  app_user_id: string;
  /** The scopes that the installing user has accepted. */
  scopes: readonly string[];
  /** The version of the app's webhooks that they were shown; null: the present one. */
  webhooks_version: number | null;
  created_at: number;
};

/**
 * Installs an app in an organization, with its bot user, in one transaction. False when the app is not available to the
 * organization, requires other scopes or has wider webhooks now, or is installed already.
 */
export function insertInstallation(
  identity: IdentityDatabase,
  organizationId: string,
  installation: NewInstallation,
): Promise<boolean> {
  return changing({ kind: 'installations', organization_id: organizationId }, async () => {
    const { id, app_id, app_user_id, scopes, webhooks_version, created_at } = installation;
    const [made] = await identity.batch([
      [
        `INSERT INTO app_installations (id, app_id, organization_id, app_user_id, allowed_scopes, consented_version, created_at,
           updated_at)
         SELECT ?1, apps.id, ?2, CASE WHEN apps.is_app_user_required = 1 THEN ?3 END, apps.required_scopes,
           apps.webhooks_version, ?4, ?4 FROM apps
         WHERE apps.id = ?5 AND apps.deleted_at IS NULL AND (apps.organization_id = ?2 OR apps.is_available_to_anyone = 1)
           AND apps.required_scopes = ?6 AND apps.webhooks_version = coalesce(?7, apps.webhooks_version)
         ON CONFLICT DO NOTHING RETURNING id`,
        id,
        organizationId,
        app_user_id,
        created_at,
        app_id,
        JSON.stringify(scopes),
        webhooks_version,
      ],
      [
        `INSERT INTO users (id, organization_id, first_name, last_name, is_bot, created_at, updated_at)
         SELECT installations.app_user_id, installations.organization_id, apps.name, '', 1, ?2, ?2
         FROM app_installations AS installations JOIN apps ON apps.id = installations.app_id
         WHERE installations.id = ?1 AND installations.app_user_id IS NOT NULL`,
        id,
        created_at,
      ],
      [
        `UPDATE apps SET installation_count = installation_count + 1
         WHERE id = ? AND EXISTS (SELECT 1 FROM app_installations WHERE id = ?)`,
        app_id,
        id,
      ],
    ]);
    return made !== undefined && made.length > 0;
  });
}

/**
 * Records that the organization consents to its installation's app with the webhooks of this version. False when there is
 * no such installation, or the app has another version now.
 */
export function consentToWebhooks(
  identity: IdentityDatabase,
  organizationId: string,
  installationId: string,
  version: number,
  now: number,
): Promise<boolean> {
  return changing({ kind: 'installations', organization_id: organizationId }, async () => {
    const { changes } = await identity.run(
      `UPDATE app_installations SET consented_version = ?1, updated_at = ?2
       WHERE id = ?3 AND organization_id = ?4 AND deleted_at IS NULL
         AND EXISTS (SELECT 1 FROM apps WHERE apps.id = app_installations.app_id AND apps.webhooks_version = ?1)`,
      version,
      now,
      installationId,
      organizationId,
    );
    return changes > 0;
  });
}

/**
 * Marks an installation as deleted, with its bot user, whose tokens stop working. Answers its app and its bot user
 * (null: none); null when the organization has no such installation.
 */
export function deleteInstallation(
  identity: IdentityDatabase,
  organizationId: string,
  installationId: string,
  now: number,
): Promise<Pick<AppInstallationRow, 'app_id' | 'app_user_id'> | null> {
  return changing({ kind: 'installations', organization_id: organizationId }, async () => {
    const live = 'FROM app_installations WHERE id = ?1 AND organization_id = ?2 AND deleted_at IS NULL';
    const [, , gone] = await identity.batch([
      [
        `UPDATE users SET deleted_at = ?3, updated_at = ?3 WHERE id = (SELECT app_user_id ${live}) AND deleted_at IS NULL`,
        installationId,
        organizationId,
        now,
      ],
      [
        `UPDATE apps SET installation_count = installation_count - 1 WHERE id = (SELECT app_id ${live})`,
        installationId,
        organizationId,
      ],
      [
        `UPDATE app_installations SET deleted_at = ?3, updated_at = ?3
         WHERE id = ?1 AND organization_id = ?2 AND deleted_at IS NULL RETURNING app_id, app_user_id`,
        installationId,
        organizationId,
        now,
      ],
    ]);
    const [ended] = (gone ?? []) as Pick<AppInstallationRow, 'app_id' | 'app_user_id'>[];
    if (ended === undefined) return null;
    if (ended.app_user_id !== null) {
      forget({ kind: 'user', organization_id: organizationId, user_id: ended.app_user_id });
    }
    return ended;
  });
}

/** What the call of an app's trigger URL at an uninstallation needs. */
export type UninstallTrigger = Pick<AppInstallationRow, 'id' | 'organization_id' | 'app_id' | 'app_user_id'> & {
  trigger_url: string;
  secret: AppRow['secret'];
  registered_origin: string;
};

/** The uninstallation trigger of an installation's app; null when the app does not want it. */
export function findUninstallTrigger(
  identity: IdentityDatabase,
  organizationId: string,
  installationId: string,
): Promise<UninstallTrigger | null> {
  return identity.first<UninstallTrigger>(
    `SELECT installations.id, installations.organization_id, installations.app_id, installations.app_user_id,
       apps.trigger_url, apps.secret, apps.registered_origin
     FROM app_installations AS installations JOIN apps ON apps.id = installations.app_id
     WHERE installations.id = ? AND installations.organization_id = ? AND installations.deleted_at IS NULL
       AND apps.trigger_url IS NOT NULL AND 'uninstall' IN (SELECT value FROM json_each(apps.trigger_types))`,
    installationId,
    organizationId,
  );
}
