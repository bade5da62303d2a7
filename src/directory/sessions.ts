import type { IdentityDatabase, Statement } from '../db/database.ts';
import { type Keyset, keysetClauses } from '../db/keyset.ts';
import type { TokenRow } from '../db/rows.ts';
import { type AuditEntry, auditOfNewToken } from './audit-log.ts';
import { changing, forget } from './changes.ts';
import { type Scope, tokenDigest } from './tokens.ts';

/**
 * Sessions of the console. Each is a row of `tokens` whose secret a browser holds in a cookie.
 */

/** How long (ms) a session works without being used. */
export const SESSION_UNUSED = 12 * 3_600_000;
/** How long (ms) a session works at most, however much it is used. */
export const SESSION_LONGEST = 30 * 24 * 3_600_000;
/** A session is renewed by its use when its last renewal is this old (ms): a write of D1 an hour at most. */
const RENEWED_AFTER = 3_600_000;
/** Most sessions of a user. Beyond it the oldest end first. */
export const MAX_SESSIONS = 50;

/**
 * The digest of a session's secret. It is another one than a token's of the same text, so that the secret is worth
 * nothing in a header, and a token nothing in a cookie.
 */
export function sessionDigest(secret: string): string {
  return tokenDigest(`session ${secret}`);
}

/** A session that is about to begin at `created_at` (ms). `label`: its browser. */
export type NewSession = Pick<TokenRow, 'digest' | 'id' | 'label' | 'created_at'>;
export type SessionRow = Pick<TokenRow, 'id' | 'organization_id' | 'user_id' | 'scopes'> & {
  expires_at: number;
  session_until: number;
};

/** Whose session begins: a query of `organization_id, user_id, scopes, parent_token_id, ends_at`, with no row to refuse it. */
type Source = readonly [sql: string, ...parameters: unknown[]];

/**
 * Begins a session with a user's own token, whose scopes it has and with which it ends. Null when the token has ended
 * meanwhile.
 */
export function beginSessionOfToken(
  identity: IdentityDatabase,
  organizationId: string,
  tokenId: string,
  session: NewSession,
  entry: AuditEntry,
): Promise<SessionRow | null> {
  const source: Source = [
    `SELECT parents.organization_id, parents.user_id, parents.scopes, parents.id AS parent_token_id,
       parents.expires_at AS ends_at
     FROM tokens AS parents JOIN users ON users.id = parents.user_id
     WHERE parents.id = ? AND parents.organization_id = ? AND parents.revoked_at IS NULL
       AND parents.installation_id IS NULL AND users.deleted_at IS NULL
       AND (parents.expires_at IS NULL OR parents.expires_at > ?)`,
    tokenId,
    organizationId,
    session.created_at,
  ];
  return begin(identity, source, session, entry);
}

/** Begins a session with the code of a sign-in link, which is then used up. Null when there is no such code. */
export function beginSessionOfLink(
  identity: IdentityDatabase,
  codeDigest: string,
  session: NewSession,
  entry: AuditEntry,
): Promise<SessionRow | null> {
  const source: Source = [
    `SELECT links.organization_id, links.user_id, links.scopes, NULL AS parent_token_id, NULL AS ends_at
     FROM sign_in_links AS links
     JOIN users ON users.id = links.user_id AND users.organization_id = links.organization_id
     WHERE links.digest = ? AND links.expires_at > ? AND users.deleted_at IS NULL`,
    codeDigest,
    session.created_at,
  ];
  return begin(identity, source, session, entry, ['DELETE FROM sign_in_links WHERE digest = ?', codeDigest]);
}

/** Begins a session of a user of the demo. Null when the organization has no such user. */
export function beginSessionOfUser(
  identity: IdentityDatabase,
  organizationId: string,
  user: { user_id: string; scopes: readonly Scope[] },
  session: NewSession,
  entry: AuditEntry,
): Promise<SessionRow | null> {
  const source: Source = [
    `SELECT organization_id, id AS user_id, ? AS scopes, NULL AS parent_token_id, NULL AS ends_at FROM users
     WHERE id = ? AND organization_id = ? AND deleted_at IS NULL`,
    JSON.stringify(user.scopes),
    user.user_id,
    organizationId,
  ];
  return begin(identity, source, session, entry);
}

/**
 * One transaction: the session, its entry of the audit log, and the deletion of the user's sessions that have ended, and
 * of those beyond MAX_SESSIONS. `using`: what uses its source up.
 */
async function begin(
  identity: IdentityDatabase,
  [source, ...parameters]: Source,
  { digest, id, label, created_at }: NewSession,
  entry: AuditEntry,
  ...using: Statement[]
): Promise<SessionRow | null> {
  const [made] = await identity.batch([
    [
      `INSERT INTO tokens (digest, id, organization_id, user_id, label, scopes, expires_at, session_until,
         parent_token_id, created_at)
       SELECT ?, ?, organization_id, user_id, ?, scopes, min(?, coalesce(ends_at, ?)),
         min(?, coalesce(ends_at, ?)), parent_token_id, ? FROM (${source})
       RETURNING id, organization_id, user_id, scopes, expires_at, session_until`,
      digest,
      id,
      label,
      created_at + SESSION_UNUSED,
      created_at + SESSION_UNUSED,
      created_at + SESSION_LONGEST,
      created_at + SESSION_LONGEST,
      created_at,
      ...parameters,
    ],
    auditOfNewToken(entry, id),
    [
      `DELETE FROM tokens WHERE session_until IS NOT NULL AND (organization_id, user_id) = (${OWNER})
         AND (revoked_at IS NOT NULL OR expires_at <= ?2 OR id NOT IN (
           SELECT id FROM tokens WHERE session_until IS NOT NULL AND (organization_id, user_id) = (${OWNER})
             AND revoked_at IS NULL AND expires_at > ?2
           ORDER BY id = ?1 DESC, created_at DESC, id DESC LIMIT ${MAX_SESSIONS}))`,
      id,
      created_at,
    ],
    ...using,
  ]);
  const session = (made as SessionRow[] | undefined)?.[0] ?? null;
  if (session !== null) forget({ kind: 'user', ...session });
  return session;
}

/** The owner of the session ?1. */
const OWNER = 'SELECT organization_id, user_id FROM tokens WHERE id = ?1';

/**
 * Moves the end of a session that is used at `now` (ms), unless that was done within the hour. Answers its end; null
 * when it did not move.
 */
export async function renewSession(
  identity: IdentityDatabase,
  organizationId: string,
  session: { token_id: string; expires_at: number | null },
  now: number,
): Promise<number | null> {
  if (session.expires_at === null || session.expires_at >= now + SESSION_UNUSED - RENEWED_AFTER) return null;
  return changing({ kind: 'token', organization_id: organizationId, token_id: session.token_id }, async () => {
    const row = await identity.first<{ expires_at: number }>(
      `UPDATE tokens SET expires_at = min(?1, session_until)
       WHERE id = ?2 AND organization_id = ?3 AND revoked_at IS NULL AND expires_at > ?4
         AND expires_at < min(?5, session_until)
       RETURNING expires_at`,
      now + SESSION_UNUSED,
      session.token_id,
      organizationId,
      now,
      now + SESSION_UNUSED - RENEWED_AFTER,
    );
    return row?.expires_at ?? null;
  });
}

type ListedSession = Pick<TokenRow, 'id' | 'label' | 'scopes' | 'created_at'> & { expires_at: number };

/** Lists the sessions of a user that work at `now` (ms), by id. */
export function listSessions(
  identity: IdentityDatabase,
  organizationId: string,
  userId: string,
  now: number,
  keyset: Keyset,
): Promise<ListedSession[]> {
  const { where, orderBy, parameters } = keysetClauses({ columns: ['id'], descending: false }, keyset);
  return identity.all<ListedSession>(
    `SELECT id, label, scopes, created_at, expires_at FROM tokens INDEXED BY tokens_of_sessions
     WHERE organization_id = ? AND user_id = ? AND session_until IS NOT NULL AND revoked_at IS NULL
       AND expires_at > ? AND ${where} ORDER BY ${orderBy}`,
    organizationId,
    userId,
    now,
    ...parameters,
  );
}

/** Ends a session at `now` (ms); repeating it changes nothing. False when the user has no such session. */
export function revokeSession(
  identity: IdentityDatabase,
  organizationId: string,
  userId: string,
  sessionId: string,
  now: number,
): Promise<boolean> {
  return changing({ kind: 'token', organization_id: organizationId, token_id: sessionId }, async () => {
    const row = await identity.first<{ id: string }>(
      `UPDATE tokens INDEXED BY tokens_of_sessions SET revoked_at = COALESCE(revoked_at, ?)
       WHERE organization_id = ? AND user_id = ? AND id = ? AND session_until IS NOT NULL RETURNING id`,
      now,
      organizationId,
      userId,
      sessionId,
    );
    return row !== null;
  });
}
