import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { IdentityDatabase } from '../db/database.ts';
import { type Keyset, keysetClauses } from '../db/keyset.ts';
import type { OrganizationRow, TokenRow, UserRow } from '../db/rows.ts';
import { randomSecret } from '../platform/secrets.ts';
import { changing, forget } from './changes.ts';

/** The scopes that allow a token more than its user's own chats (Chats API: settings, reports, users). */
export const SCOPES = ['settings', 'reports', 'users'] as const;
export type Scope = (typeof SCOPES)[number];

/** Tokens of earlier versions end without a checksum. */
const TOKEN_FORM = /^(umi_[A-Za-z0-9_-]{43})([0-9a-z]{7})?$/;

/** A new user token: `umi_`, 32 random bytes in base64url and a checksum of both. It is shown once; only its digest is stored. */
export function newToken(): string {
  const token = `umi_${randomSecret()}`;
  return `${token}${checksum(token)}`;
}

/** Whether a text can be a user token. What cannot is refused without a look into the database. */
export function isTokenForm(text: string): boolean {
  const [, token = '', sum] = TOKEN_FORM.exec(text) ?? [];
  return token !== '' && (sum === undefined || sum === checksum(token));
}

/** CRC-32 in seven base-36 digits: it finds typing errors and made-up tokens, and proves nothing. */
function checksum(token: string): string {
  return crc32(token).toString(36).padStart(7, '0');
}

/** Lower-case hex SHA-256 of a token: tokens are stored and looked up in this form. */
export function tokenDigest(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** The preference of a user in a query over `users`. */
export const CHAT_CAPACITY = "users.preferences ->> '$.chat_capacity'";

/** A token with its user and the user's organization, as one query answers them. */
export type PrincipalRow = {
  token_id: string;
  scopes: string;
  expires_at: number | null;
  /** The app that has the token; null for a user's own. */
  app_id: string | null;
} & Pick<
  UserRow,
  'first_name' | 'last_name' | 'alias' | 'avatar_id' | 'avatar_url' | 'is_bot' | 'is_staff' | 'organization_id'
> & {
    user_id: string;
    /** Null: no limit. */
    chat_capacity: number | null;
    organization_name: string;
  } & Pick<
    OrganizationRow,
    | 'database'
    | 'has_active_subscription'
    | 'private_chats'
    | 'private_chat_history'
    | 'encryption_public_key'
    | 'quotas'
    | 'stored_day'
    | 'stored_bytes'
  >;

/** The installation and the app of a lasting token, for a query over `tokens`. */
export const APP_OF_TOKEN = `LEFT JOIN app_installations AS installations ON installations.id = tokens.installation_id
  LEFT JOIN apps ON apps.id = installations.app_id`;
/** The scopes of a token over APP_OF_TOKEN: its own, or what the installation of a lasting token has now. */
export const SCOPES_OF_TOKEN = 'coalesce(installations.allowed_scopes, tokens.scopes)';
/** True for a token over APP_OF_TOKEN that is not revoked, whose app is still installed and has no newer secret. */
export const IS_VALID_TOKEN = `tokens.revoked_at IS NULL AND (tokens.installation_id IS NULL
  OR (installations.deleted_at IS NULL AND apps.secret_version = tokens.secret_version))`;

/**
 * The principal of a token. Null when the token is unknown or has ended, or its user is deleted. The caller checks the
 * expiry at each request. The only query without an organization id, because the token names the organization.
 */
export function findPrincipal(database: IdentityDatabase, digest: string): Promise<PrincipalRow | null> {
  return database.first<PrincipalRow>(
    `SELECT tokens.id AS token_id, ${SCOPES_OF_TOKEN} AS scopes, tokens.expires_at, installations.app_id,
       users.id AS user_id, users.first_name, users.last_name, users.alias, users.avatar_id, users.avatar_url, users.is_bot,
       users.is_staff, users.organization_id, ${CHAT_CAPACITY} AS chat_capacity,
       organizations.name AS organization_name, organizations.database, organizations.has_active_subscription,
       organizations.private_chats, organizations.private_chat_history, organizations.encryption_public_key,
       organizations.quotas, organizations.stored_day, organizations.stored_bytes
     FROM tokens
     JOIN users ON users.id = tokens.user_id AND users.organization_id = tokens.organization_id
     JOIN organizations ON organizations.id = tokens.organization_id
     ${APP_OF_TOKEN}
     WHERE tokens.digest = ? AND ${IS_VALID_TOKEN} AND users.deleted_at IS NULL`,
    digest,
  );
}

export type NewToken = {
  digest: string;
  id: string;
  user_id: string;
  label: string;
  scopes: readonly Scope[];
  /** In ms; null for a token that does not expire. */
  expires_at: number | null;
  created_at: number;
};

/** Most tokens of a user, revoked ones too, since they are kept. Sessions do not count. */
export const MAX_TOKENS = 1_000;

/** Stores the digest of a token. Null when the organization has no such user, or they have MAX_TOKENS. */
export function insertToken(
  database: IdentityDatabase,
  organizationId: string,
  token: NewToken,
): Promise<TokenRow | null> {
  return database.first<TokenRow>(
    `INSERT INTO tokens (digest, id, organization_id, user_id, label, scopes, expires_at, created_at)
     SELECT ?, ?, organization_id, id, ?, ?, ?, ? FROM users
     WHERE id = ? AND organization_id = ? AND deleted_at IS NULL AND ${MAX_TOKENS} > (SELECT count(*) FROM (
       SELECT 1 FROM tokens WHERE tokens.organization_id = users.organization_id AND tokens.user_id = users.id
         AND tokens.session_until IS NULL LIMIT ${MAX_TOKENS}))
     RETURNING *`,
    token.digest,
    token.id,
    token.label,
    JSON.stringify(token.scopes),
    token.expires_at,
    token.created_at,
    token.user_id,
    organizationId,
  );
}

/** Lists the tokens of a user by id, revoked ones too. Those that have ended with an app's secret are not listed. */
export function listTokens(
  database: IdentityDatabase,
  organizationId: string,
  userId: string,
  keyset: Keyset,
): Promise<TokenRow[]> {
  const { where, orderBy, parameters } = keysetClauses({ columns: ['id'], descending: false }, keyset);
  return database.all<TokenRow>(
    `SELECT * FROM tokens WHERE organization_id = ? AND user_id = ?
       AND (installation_id IS NULL OR secret_version = (
         SELECT apps.secret_version FROM app_installations AS installations
         JOIN apps ON apps.id = installations.app_id WHERE installations.id = tokens.installation_id))
       AND ${where} ORDER BY ${orderBy}`,
    organizationId,
    userId,
    ...parameters,
  );
}

/**
 * Revokes a token, with the sessions that were begun with it; repeating it changes nothing. Answers the token's row; null
 * when the user has no such token.
 */
export function revokeToken(
  database: IdentityDatabase,
  organizationId: string,
  userId: string,
  tokenId: string,
  now: number,
): Promise<TokenRow | null> {
  return changing({ kind: 'token', organization_id: organizationId, token_id: tokenId }, async () => {
    const rows = await database.all<TokenRow>(
      `UPDATE tokens SET revoked_at = COALESCE(revoked_at, ?1)
       WHERE organization_id = ?3 AND user_id = ?4 AND digest IN (
         SELECT digest FROM tokens WHERE id = ?2
         UNION ALL SELECT digest FROM tokens INDEXED BY tokens_of_sessions
           WHERE organization_id = ?3 AND user_id = ?4 AND session_until IS NOT NULL AND parent_token_id = ?2)
       RETURNING *`,
      now,
      tokenId,
      organizationId,
      userId,
    );
    for (const { id } of rows) forget({ kind: 'token', organization_id: organizationId, token_id: id });
    return rows.find(({ id }) => id === tokenId) ?? null;
  });
}
