import type { OrganizationDatabase } from '../db/database.ts';

/** An ended chat that a retention of its organization concerns, and the name of the object that holds it. */
export type EndedChat = {
  id: string;
  thread: string;
  seq: number;
  organization_id: string;
  visitor_id: string | null;
};

/** Indexes of ended chats by organization and end, each with its condition. */
const INDEXES = {
  chats_unpurged: `is_ended = 1 AND facts ->> '$.purged_at' IS NULL`,
  chats_unanswered: `is_ended = 1 AND facts ->> '$.is_unanswered' IS NOT NULL`,
} as const;

export type EndedChats = keyof typeof INDEXES;

/**
 * Chats of an index that ended before `before` (ms), at most `limit`, in the order of their ends, from the place `start` in
 * [0, 1) on: the caller chooses another one each time, so that chats which fail keep no others waiting.
 */
export async function chatsEndedBefore(
  copy: OrganizationDatabase,
  index: EndedChats,
  organizationId: string,
  before: number,
  { start, limit }: { start: number; limit: number },
): Promise<EndedChat[]> {
  const read = (from: number, to: number, count: number) =>
    copy.all<EndedChat & { ended_at: number }>(
      `SELECT id, thread, seq, organization_id, visitor_id, facts ->> '$.ended_at' AS ended_at
       FROM chats INDEXED BY ${index}
       WHERE organization_id = ? AND ${INDEXES[index]} AND facts ->> '$.ended_at' >= ? AND facts ->> '$.ended_at' < ?
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

/**
 * Whether a chat (its id as SQL) has ended and was purged, as SQL. A purge deletes drafts and notes when D1 has this of the
 * chat. So what is written on this condition is either refused or deleted.
 */
export function isPurgedChat(id: string): string {
  return `EXISTS (SELECT 1 FROM chats WHERE chats.id = ${id} AND facts ->> '$.purged_at' IS NOT NULL)`;
}
