import type { IdentityDatabase } from '../db/database.ts';
import type { AppRow } from '../db/rows.ts';
import type { NewToken } from './tokens.ts';

/** An app's secret, which authenticates the app; null when there is no such app. */
export function findAppSecret(
  identity: IdentityDatabase,
  appId: string,
): Promise<Pick<AppRow, 'id' | 'secret'> | null> {
  return identity.first('SELECT id, secret FROM apps WHERE id = ? AND deleted_at IS NULL', appId);
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

/** A code that was read and verified. `expires_at` in ms. */
export type UsedCode = { id: string; app_id: string; installation_id: string; expires_at: number };

/**
 * Exchanges a code for a token of the installation's bot user, with the installation's scopes. One transaction: of two
 * exchanges of the same code, only one gets a token. Null when the code was used, or the installation or its bot user
 * no longer exists.
 */
export async function exchangeCode(
  identity: IdentityDatabase,
  code: UsedCode,
  token: Pick<NewToken, 'digest' | 'id' | 'label' | 'created_at'>,
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
      `INSERT INTO tokens (digest, id, organization_id, user_id, label, scopes, created_at)
       SELECT ?, codes.token_id, installations.organization_id, users.id, ?, installations.allowed_scopes, ?
       FROM app_user_codes AS codes
       JOIN app_installations AS installations ON installations.id = ? AND installations.app_id = ?
       JOIN users ON users.id = installations.app_user_id
       WHERE codes.id = ? AND codes.token_id = ? AND installations.deleted_at IS NULL AND users.deleted_at IS NULL
       RETURNING user_id, organization_id`,
      token.digest,
      token.label,
      token.created_at,
      code.installation_id,
      code.app_id,
      code.id,
      token.id,
    ],
  ]);
  return (made as { user_id: string; organization_id: string }[] | undefined)?.[0] ?? null;
}
