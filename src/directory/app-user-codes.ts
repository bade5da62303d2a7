import type { IdentityDatabase } from '../db/database.ts';
import type { AppRow } from '../db/rows.ts';
import { type AuditEntry, auditOfNewToken } from './audit-log.ts';
import { LASTING_TOKEN_UNUSED, MAX_LASTING_TOKENS } from './lasting-tokens.ts';
import type { NewToken } from './tokens.ts';

/** An app's secret, which authenticates the app; null when there is no such app. */
export function findAppSecret(
  identity: IdentityDatabase,
  appId: string,
): Promise<Pick<AppRow, 'id' | 'secret' | 'secret_version'> | null> {
  return identity.first('SELECT id, secret, secret_version FROM apps WHERE id = ? AND deleted_at IS NULL', appId);
}

/** The secret of an app that is installed: it signs the data of triggers. */
export function findInstalledSecret(
  identity: IdentityDatabase,
  organizationId: string,
  installationId: string,
): Promise<Pick<AppRow, 'id' | 'secret'> | null> {
  return identity.first(
    `SELECT apps.id, apps.secret FROM app_installations AS installations JOIN apps ON apps.id = installations.app_id
     WHERE installations.id = ? AND installations.organization_id = ? AND installations.deleted_at IS NULL`,
    installationId,
    organizationId,
  );
}

/**
 * A code that was read and verified, from an app that has proved the secret of this version. `expires_at` in ms.
 */
export type UsedCode = {
  id: string;
  app_id: string;
  installation_id: string;
  expires_at: number;
  secret_version: number;
};

/**
 * Exchanges a code for a lasting token of the installation's bot user. One transaction: of two exchanges of the same code,
 * only one gets a token. It also writes `entry` for the token, and deletes the installation's tokens that have ended, and those beyond MAX_LASTING_TOKENS.
 * Null when the code was used, the app has a newer secret, or the installation or its bot user no longer exists.
 */
export async function exchangeCode(
  identity: IdentityDatabase,
  code: UsedCode,
  token: Pick<NewToken, 'digest' | 'id' | 'label' | 'created_at'>,
  entry: AuditEntry,
): Promise<{ user_id: string; organization_id: string } | null> {
  const [, , made] = await identity.batch([
    ['DELETE FROM app_user_codes WHERE expires_at < ?', token.created_at],
    [
      'INSERT INTO app_user_codes (id, token_id, expires_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
      code.id,
      token.id,
      code.expires_at,
    ],
    [
      `INSERT INTO tokens (digest, id, organization_id, user_id, label, scopes, expires_at, installation_id,
         secret_version, created_at)
       SELECT ?, codes.token_id, installations.organization_id, users.id, ?, installations.allowed_scopes, ?,
         installations.id, apps.secret_version, ?
       FROM app_user_codes AS codes
       JOIN app_installations AS installations ON installations.id = ? AND installations.app_id = ?
       JOIN apps ON apps.id = installations.app_id AND apps.secret_version = ?
       JOIN users ON users.id = installations.app_user_id
       WHERE codes.id = ? AND codes.token_id = ? AND installations.deleted_at IS NULL AND users.deleted_at IS NULL
       RETURNING user_id, organization_id`,
      token.digest,
      token.label,
      token.created_at + LASTING_TOKEN_UNUSED,
      token.created_at,
      code.installation_id,
      code.app_id,
      code.secret_version,
      code.id,
      token.id,
    ],
    auditOfNewToken(entry, token.id),
    [
      `DELETE FROM tokens WHERE installation_id = ?1 AND EXISTS (SELECT 1 FROM tokens WHERE id = ?2)
         AND (revoked_at IS NOT NULL OR expires_at <= ?3 OR secret_version <> ?4 OR id NOT IN (
           SELECT id FROM tokens WHERE installation_id = ?1 AND revoked_at IS NULL AND expires_at > ?3
             AND secret_version = ?4
           ORDER BY id = ?2 DESC, expires_at > created_at + ${LASTING_TOKEN_UNUSED} DESC, created_at DESC, id DESC
           LIMIT ${MAX_LASTING_TOKENS}))`,
      code.installation_id,
      token.id,
      token.created_at,
      code.secret_version,
    ],
  ]);
  return (made as { user_id: string; organization_id: string }[] | undefined)?.[0] ?? null;
}
