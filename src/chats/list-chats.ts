import type { Database } from '../db/database.ts';
import { type Keyset, keysetClauses } from '../db/keyset.ts';
import type { ChatFacts } from '../resources/chat.ts';

/** The lists of chats across threads, from D1's copy. A chat id sorts by the time the chat started, so it is the key. */
export type ChatOrdering = 'created_at' | '-created_at';

type Row = { facts: string };

function pageOf(
  database: Database,
  predicate: string,
  parameters: readonly unknown[],
  ordering: ChatOrdering,
  keyset: Keyset,
): Promise<ChatFacts[]> {
  const clauses = keysetClauses({ columns: ['id'], descending: ordering === '-created_at' }, keyset);
  return database
    .all<Row>(
      `SELECT facts FROM chats WHERE ${predicate} AND ${clauses.where} ORDER BY ${clauses.orderBy}`,
      ...parameters,
      ...clauses.parameters,
    )
    .then((rows) => rows.map(({ facts }) => JSON.parse(facts) as ChatFacts));
}

/** Chats of rooms that the organization owns (seed 001, List organization's owned chats). */
export function listOwnedChats(
  database: Database,
  organizationId: string,
  ordering: ChatOrdering,
  keyset: Keyset,
): Promise<ChatFacts[]> {
  return pageOf(database, 'organization_id = ?', [organizationId], ordering, keyset);
}

/** Chats of a room that wait for somebody (seed 001, List pending chats of a room). The room must be the organization's. */
export function listPendingChatsOfRoom(
  database: Database,
  organizationId: string,
  roomId: string,
  ordering: ChatOrdering,
  keyset: Keyset,
): Promise<ChatFacts[]> {
  const predicate = 'room_id = ? AND organization_id = ? AND is_pending = 1';
  return pageOf(database, predicate, [roomId, organizationId], ordering, keyset);
}
