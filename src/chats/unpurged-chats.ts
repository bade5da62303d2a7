import type { IdentityDatabase, OrganizationDatabase } from '../db/database.ts';

/** Number of organizations that are read at a time. */
const ORGANIZATIONS_AT_ONCE = 500;
const DAY = 24 * 3_600_000;

/** An ended chat that is due to be purged, and the name of the object that holds it. */
export type UnpurgedChat = { id: string; thread: string; organization_id: string };

/**
 * Chats of the database `name` whose organization keeps them no longer at `now` (ms), at most `limit`. Those of each
 * organization in the order of their ends, from the place `start` in [0, 1) on: the caller chooses another one each
 * time, so that chats which cannot be purged keep no others waiting. Reads across organizations, which only the
 * watchdog may do.
 */
export async function* unpurgedChats(
  identity: IdentityDatabase,
  copy: OrganizationDatabase,
  name: string,
  now: number,
  { start, limit }: { start: number; limit: number },
): AsyncGenerator<UnpurgedChat[]> {
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
      const chats = await endedBefore(copy, id, now - chat_retention_days * DAY, { start, limit: left });
      left -= chats.length;
      if (chats.length > 0) yield chats;
    }
    const last = organizations.at(-1);
    if (last === undefined || organizations.length < ORGANIZATIONS_AT_ONCE) return;
    after = last.id;
  }
}

const IS_UNPURGED = `is_ended = 1 AND facts ->> '$.purged_at' IS NULL`;

async function endedBefore(
  copy: OrganizationDatabase,
  organizationId: string,
  before: number,
  { start, limit }: { start: number; limit: number },
): Promise<UnpurgedChat[]> {
  const read = (from: number, to: number, count: number) =>
    copy.all<UnpurgedChat & { ended_at: number }>(
      `SELECT id, thread, organization_id, facts ->> '$.ended_at' AS ended_at FROM chats INDEXED BY chats_unpurged
       WHERE organization_id = ? AND ${IS_UNPURGED} AND facts ->> '$.ended_at' >= ? AND facts ->> '$.ended_at' < ?
       ORDER BY facts ->> '$.ended_at' LIMIT ?`,
      organizationId,
      from,
      to,
      count,
    );
  const [oldest] = await read(0, before, 1);
  if (oldest === undefined) return [];
  const from = Math.floor(oldest.ended_at + start * (before - oldest.ended_at));
  const later = await read(from, before, limit);
  const earlier = later.length < limit ? await read(0, from, limit - later.length) : [];
  return [...later, ...earlier];
}
