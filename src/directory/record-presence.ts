import type { IdentityDatabase } from '../db/database.ts';

/** A copy of what a user's object knows. `version` grows with each copy. */
export type PresenceCopy = {
  version: number;
  /** When the last of the user's clients expires (ms); null when there is none. */
  present_until: number | null;
  /** The number of open chats in which the user participates. */
  current_chat_count: number;
};

/**
 * Stores the copy in the user's row unless a newer one is there. `ignored`: nothing changed, or there is no such user.
 * `deleted`: it is stored, but the user is deleted.
 */
export async function recordPresence(
  database: IdentityDatabase,
  organizationId: string,
  userId: string,
  copy: PresenceCopy,
): Promise<'recorded' | 'deleted' | 'ignored'> {
  const row = await database.first<{ deleted_at: number | null }>(
    `UPDATE users SET present_until = ?, current_chat_count = ?, presence_version = ?
     WHERE id = ? AND organization_id = ? AND presence_version < ? RETURNING deleted_at`,
    copy.present_until,
    copy.current_chat_count,
    copy.version,
    userId,
    organizationId,
    copy.version,
  );
  if (row === null) return 'ignored';
  return row.deleted_at === null ? 'recorded' : 'deleted';
}
