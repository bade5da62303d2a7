import type { IdentityDatabase } from '../db/database.ts';
import { type Keyset, keysetClauses } from '../db/keyset.ts';
import type { ConversationStarterRow } from '../db/rows.ts';
import { assignments } from './assignments.ts';

/**
 * Conversation starters are in the first database, with their users. Language codes are compared without regard to
 * case.
 */

/** Lists a user's starters, oldest first (Chats API, Chat conversation starters). */
export function listConversationStarters(
  identity: IdentityDatabase,
  organizationId: string,
  userId: string,
  keyset: Keyset,
): Promise<ConversationStarterRow[]> {
  const order = { columns: ['created_at', 'language_code'], descending: false };
  const { where, orderBy, parameters } = keysetClauses(order, keyset);
  return identity.all<ConversationStarterRow>(
    `SELECT * FROM conversation_starters WHERE user_id = ? AND organization_id = ? AND ${where} ORDER BY ${orderBy}`,
    userId,
    organizationId,
    ...parameters,
  );
}

/** The starters of users in some languages, in any order. */
export function startersIn(
  identity: IdentityDatabase,
  organizationId: string,
  userIds: readonly string[],
  languageCodes: readonly string[],
): Promise<ConversationStarterRow[]> {
  return identity.all<ConversationStarterRow>(
    `SELECT * FROM conversation_starters WHERE user_id IN (SELECT value FROM json_each(?))
       AND language_code IN (SELECT value FROM json_each(?)) AND organization_id = ?`,
    JSON.stringify(userIds),
    JSON.stringify(languageCodes),
    organizationId,
  );
}

/** A user's starter for a language; null when there is none. */
export function findConversationStarter(
  identity: IdentityDatabase,
  organizationId: string,
  userId: string,
  languageCode: string,
): Promise<ConversationStarterRow | null> {
  return identity.first<ConversationStarterRow>(
    'SELECT * FROM conversation_starters WHERE user_id = ? AND language_code = ? AND organization_id = ?',
    userId,
    languageCode,
    organizationId,
  );
}

/** Adds a starter. Null when the user has one for the language. */
export function insertConversationStarter(
  identity: IdentityDatabase,
  organizationId: string,
  starter: Omit<ConversationStarterRow, 'organization_id' | 'updated_at'>,
): Promise<ConversationStarterRow | null> {
  return identity.first<ConversationStarterRow>(
    `INSERT INTO conversation_starters (user_id, language_code, organization_id, message, created_at, updated_at)
     VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT DO NOTHING RETURNING *`,
    starter.user_id,
    starter.language_code,
    organizationId,
    starter.message,
    starter.created_at,
    starter.created_at,
  );
}

export type ConversationStarterChanges = { language_code?: string | undefined; message?: string | undefined };

/** Changes a starter. Its language may change only to one for which the user has no starter. */
export async function updateConversationStarter(
  identity: IdentityDatabase,
  organizationId: string,
  userId: string,
  languageCode: string,
  changes: ConversationStarterChanges,
  now: number,
): Promise<{ ok: true; starter: ConversationStarterRow } | { ok: false; reason: 'not_found' | 'language_taken' }> {
  const { set, parameters } = assignments({ ...changes, updated_at: now });
  const [updated = [], known = []] = await identity.batch([
    [
      `UPDATE conversation_starters SET ${set}
       WHERE user_id = ? AND language_code = ? AND organization_id = ? AND NOT EXISTS (
         SELECT 1 FROM conversation_starters AS other
         WHERE other.user_id = conversation_starters.user_id AND other.language_code = ?
           AND other.language_code <> conversation_starters.language_code)
       RETURNING *`,
      ...parameters,
      userId,
      languageCode,
      organizationId,
      changes.language_code ?? null,
    ],
    [
      'SELECT 1 FROM conversation_starters WHERE user_id = ? AND language_code = ? AND organization_id = ?',
      userId,
      languageCode,
      organizationId,
    ],
  ]);
  const starter = updated[0] as ConversationStarterRow | undefined;
  if (starter !== undefined) return { ok: true, starter };
  return { ok: false, reason: known.length === 0 ? 'not_found' : 'language_taken' };
}

/** Deletes a starter. False when the user has none for the language. */
export async function deleteConversationStarter(
  identity: IdentityDatabase,
  organizationId: string,
  userId: string,
  languageCode: string,
): Promise<boolean> {
  const { changes } = await identity.run(
    'DELETE FROM conversation_starters WHERE user_id = ? AND language_code = ? AND organization_id = ?',
    userId,
    languageCode,
    organizationId,
  );
  return changes > 0;
}
