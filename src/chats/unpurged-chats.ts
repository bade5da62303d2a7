import type { IdentityDatabase, OrganizationDatabase } from '../db/database.ts';
import { chatsEndedBefore, type EndedChat } from './ended-chats.ts';

/** Number of organizations that are read at a time. */
const ORGANIZATIONS_AT_ONCE = 500;
const DAY = 24 * 3_600_000;

/**
 * Chats of the database `name` whose organization keeps them no longer at `now` (ms), at most `limit`. Those of each
 * organization from the place `start` on (`chatsEndedBefore`). Reads across organizations, which only the
 * watchdog may do.
 */
export async function* unpurgedChats(
  identity: IdentityDatabase,
  copy: OrganizationDatabase,
  name: string,
  now: number,
  { start, limit }: { start: number; limit: number },
): AsyncGenerator<EndedChat[]> {
  let left = limit;
  for (let after = ''; left > 0; ) {
    const organizations = await identity.all<{ id: string; chat_retention_days: number }>(
      `SELECT id, chat_retention_days FROM organizations
       WHERE database = ? AND chat_retention_days IS NOT NULL AND id > ? ORDER BY id LIMIT ?`,
      name,
      after,
      ORGANIZATIONS_AT_ONCE,
    );
    for (const { id, chat_retention_days } of organizations) {
      if (left <= 0) return;
      const before = now - chat_retention_days * DAY;
      const chats = await chatsEndedBefore(copy, 'chats_unpurged', id, before, { start, limit: left });
      left -= chats.length;
      if (chats.length > 0) yield chats;
    }
    const last = organizations.at(-1);
    if (last === undefined || organizations.length < ORGANIZATIONS_AT_ONCE) return;
    after = last.id;
  }
}
