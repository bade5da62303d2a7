import type { OrganizationDatabase } from '../db/database.ts';
import type { Keyset } from '../db/keyset.ts';
import type { Flag } from '../db/rows.ts';
import type { IdIndex } from './id-walk.ts';
import { idRange, type Scan, scan } from './scan.ts';

/** A thread of an organization with its newest chat. `thread`: the name of its object. Times in ms. */
export type ConversationRow = {
  thread: string;
  thread_id: string | null;
  current_chat_id: string;
  is_ended: Flag;
  created_at: number;
  updated_at: number;
};

const CHATS: IdIndex = {
  table: 'chats',
  name: 'chats_of_organization',
  owner: 'organization_id',
  id: 'id',
  where: 'room_id IS NOT NULL',
};

const COLUMNS = {
  thread: 'threads.id',
  thread_id: 'threads.thread_id',
  current_chat_id: 'threads.current_chat_id',
  is_ended: 'walk.is_ended',
  created_at: 'threads.created_at',
  updated_at: 'walk.updated_at',
} satisfies { [Column in keyof ConversationRow]: string };

/** Conversations in rooms of the organization, those with the newest chats first. The keyset's key is the chat's id. */
export async function listConversations(
  database: OrganizationDatabase,
  organizationId: string,
  keyset: Keyset,
): Promise<Scan<ConversationRow>> {
  const listing = {
    sources: [{ index: CHATS, owner: organizationId }],
    carried: ['thread', 'is_ended', 'updated_at'],
    columns: COLUMNS,
    joins: 'CROSS JOIN threads ON threads.id = walk.thread',
    // Earlier chats of a thread are no conversations of their own.
    match: 'threads.current_chat_id = walk.id',
    rowsOfId: 3,
  };
  return (await scan(database, listing, idRange(keyset, true), keyset.limit)) as Scan<unknown> as Scan<ConversationRow>;
}

/**
 * A conversation of the organization by its hash (resources/conversation.ts). Of several, that of the threads API, else the
 * newest. Null for none.
 */
export function findConversation(
  database: OrganizationDatabase,
  organizationId: string,
  hash: string,
): Promise<ConversationRow | null> {
  return database.first<ConversationRow>(
    `SELECT threads.id AS thread, threads.thread_id, threads.current_chat_id, chats.is_ended, threads.created_at,
       chats.updated_at
     FROM threads INDEXED BY threads_by_hash
       JOIN chats ON chats.id = threads.current_chat_id AND chats.room_id IS NOT NULL
       LEFT JOIN channels ON channels.id = threads.channel_id
     WHERE threads.organization_id = ? AND threads.hash = ? AND threads.hash IS NOT NULL
     ORDER BY channels.kind = 'threads' DESC, threads.mapping_id DESC LIMIT 1`,
    organizationId,
    hash,
  );
}

/** Most threads whose names begin alike: 42 bits are enough to tell almost all apart. */
const NAMED_ALIKE = 10;

/** Conversations of the organization whose objects' names begin so. */
export function findConversationsNamed(
  database: OrganizationDatabase,
  organizationId: string,
  prefix: string,
): Promise<Pick<ConversationRow, 'thread' | 'thread_id' | 'current_chat_id'>[]> {
  return database.all<Pick<ConversationRow, 'thread' | 'thread_id' | 'current_chat_id'>>(
    `SELECT threads.id AS thread, threads.thread_id, threads.current_chat_id
     FROM threads JOIN chats ON chats.id = threads.current_chat_id AND chats.room_id IS NOT NULL
     WHERE threads.id >= ?1 AND threads.id < ?1 || 'g' AND threads.organization_id = ?2 LIMIT ?3`,
    prefix,
    organizationId,
    NAMED_ALIKE,
  );
}
