import type { DatabaseSync } from 'node:sqlite';

/** A visitor's authentication data. Visitors' requests write nothing else. */
export type StoredVisitor = {
  /** The session id in the browser's cookie. */
  session: string;
  visitor_id: string;
  visitor_secret_id: string;
  access_token: string;
  /** ms since 1970. */
  token_expires_at: number;
};

export function findVisitor(database: DatabaseSync, session: string): StoredVisitor | null {
  const row = database.prepare('SELECT * FROM visitors WHERE session = ?').get(session);
  return (row as StoredVisitor | undefined) ?? null;
}

/** The session of a visitor; null when the visitor is not of this application. */
export function findSession(database: DatabaseSync, visitorId: string): string | null {
  const row = database.prepare('SELECT session FROM visitors WHERE visitor_id = ?').get(visitorId);
  return (row as { session: string } | undefined)?.session ?? null;
}

/** Stores a session's visitor. When two requests of a new session have made one each, the first one stays. */
export function insertVisitor(database: DatabaseSync, visitor: StoredVisitor): void {
  const { session, visitor_id, visitor_secret_id, access_token, token_expires_at } = visitor;
  database
    .prepare('INSERT INTO visitors VALUES (?, ?, ?, ?, ?) ON CONFLICT (session) DO NOTHING')
    .run(session, visitor_id, visitor_secret_id, access_token, token_expires_at);
}

export function updateToken(database: DatabaseSync, session: string, token: string, expiresAt: number): void {
  database
    .prepare('UPDATE visitors SET access_token = ?, token_expires_at = ? WHERE session = ?')
    .run(token, expiresAt, session);
}

export function deleteVisitor(database: DatabaseSync, visitorId: string): void {
  database.prepare('DELETE FROM visitors WHERE visitor_id = ?').run(visitorId);
}
