import type { IdentityDatabase } from '../db/database.ts';
import { type Keyset, type KeysetOrder, keysetClauses } from '../db/keyset.ts';
import type { AppInstallationRow, Flag } from '../db/rows.ts';
import { NEEDS_CONSENT } from './installations.ts';

/**
 * The installations of an app as its owner sees them. The log of an app's webhooks is kept for each organization that
 * has installed the app.
 */

/** An app of the organization; its placeholders take the app and the organization. */
const OWN_APP = 'SELECT id FROM apps WHERE id = ? AND organization_id = ?';

export type InstallationOfAppRow = Pick<
  AppInstallationRow,
  'id' | 'organization_id' | 'app_user_id' | 'allowed_scopes' | 'created_at' | 'updated_at'
> & { organization_name: string; needs_consent: Flag };

const NEWEST_FIRST: KeysetOrder = { columns: ['id'], descending: true };

/** Lists the installations of the organization's app, newest first. A key holds the id, which sorts by time. */
export function listInstallationsOfApp(
  identity: IdentityDatabase,
  organizationId: string,
  appId: string,
  keyset: Keyset,
): Promise<InstallationOfAppRow[]> {
  const { where, orderBy, parameters } = keysetClauses(NEWEST_FIRST, keyset);
  const isBackwards = keyset.direction === 'previous';
  return identity.all<InstallationOfAppRow>(
    `SELECT installations.id, installations.organization_id, organizations.name AS organization_name,
       installations.app_user_id, installations.allowed_scopes, installations.created_at, installations.updated_at,
       ${NEEDS_CONSENT}
     FROM (
       SELECT * FROM app_installations
       WHERE app_id = (${OWN_APP} AND deleted_at IS NULL) AND deleted_at IS NULL AND ${where} ORDER BY ${orderBy}
     ) AS installations JOIN organizations ON organizations.id = installations.organization_id
       JOIN apps ON apps.id = installations.app_id
     ORDER BY installations.id ${isBackwards ? 'ASC' : 'DESC'}`,
    appId,
    organizationId,
    ...parameters,
  );
}

/** An installation as a receiver of webhooks, with the organization that has it. */
export type InstalledReceiver = Pick<AppInstallationRow, 'id' | 'organization_id'>;

/**
 * An installation of the organization's app, even when it has ended or the app is deleted: the log is kept longer.
 * `is_installed`: it still exists. Null when the app never had this installation.
 */
export async function findInstallationOfApp(
  identity: IdentityDatabase,
  organizationId: string,
  appId: string,
  installationId: string,
): Promise<(InstalledReceiver & { is_installed: boolean }) | null> {
  const row = await identity.first<InstalledReceiver & Pick<AppInstallationRow, 'deleted_at'>>(
    `SELECT id, organization_id, deleted_at FROM app_installations WHERE id = ? AND app_id = (${OWN_APP})`,
    installationId,
    appId,
    organizationId,
  );
  if (row === null) return null;
  const { deleted_at, ...receiver } = row;
  return { ...receiver, is_installed: deleted_at === null };
}

/** The first `limit` installations of the organization's app, by id. */
export function listReceiversOfApp(
  identity: IdentityDatabase,
  organizationId: string,
  appId: string,
  limit: number,
): Promise<InstalledReceiver[]> {
  return identity.all<InstalledReceiver>(
    `SELECT id, organization_id FROM app_installations
     WHERE app_id = (${OWN_APP} AND deleted_at IS NULL) AND deleted_at IS NULL ORDER BY id LIMIT ?`,
    appId,
    organizationId,
    limit,
  );
}
