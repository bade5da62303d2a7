import type { IdIndex } from '../chats/id-walk.ts';
import { idRange, type Scan, scan } from '../chats/scan.ts';
import type { OrganizationDatabase } from '../db/database.ts';
import type { Keyset } from '../db/keyset.ts';
import type { Flag } from '../db/rows.ts';
import { threadNameStart } from '../domain/address.ts';

/** A thread of a channel with its current session. Times in ms. */
export type ChannelThreadRow = {
  mapping_id: string;
  thread_id: string;
  current_chat_id: string;
  is_ended: Flag;
  created_at: number;
  last_activity_at: number;
};

/** `active_after`: ms, exclusive. */
export type ChannelThreadFilter = { active_after?: number | undefined };

const BY_CHANNEL: IdIndex = {
  table: 'threads',
  name: 'threads_by_channel',
  owner: 'channel_id',
  id: 'mapping_id',
  where: 'channel_id IS NOT NULL AND organization_id = ?4',
};

const LAST_ACTIVITY = 'coalesce(chats.updated_at, walk.created_at)';

const COLUMNS = {
  mapping_id: 'walk.id',
  thread_id: 'walk.thread_id',
  current_chat_id: 'walk.current_chat_id',
  is_ended: 'coalesce(chats.is_ended, 0)',
  created_at: 'walk.created_at',
  last_activity_at: LAST_ACTIVITY,
} satisfies { [Column in keyof ChannelThreadRow]: string };

/** Most threads that are asked for a message. Two whose names begin alike are rare even among millions. */
const THREADS_OF_A_MESSAGE = 4;

/** The names of a channel's threads that may hold a message: its id contains the beginning of the name. */
export async function findThreadsOfMessage(
  database: OrganizationDatabase,
  organizationId: string,
  channelId: string,
  messageId: string,
): Promise<string[]> {
  const start = threadNameStart(messageId);
  if (start === null) return [];
  const rows = await database.all<{ id: string }>(
    `SELECT id FROM threads WHERE id >= ?1 AND id < ?1 || 'g' AND organization_id = ?2 AND channel_id = ?3 LIMIT ?4`,
    start,
    organizationId,
    channelId,
    THREADS_OF_A_MESSAGE,
  );
  return rows.map(({ id }) => id);
}

/** A thread of a channel by the id that the outside source gives it; null when D1's copy has none. `thread`: the object's name. */
export function findChannelThread(
  database: OrganizationDatabase,
  organizationId: string,
  channelId: string,
  { thread, thread_id }: { thread: string; thread_id: string },
): Promise<ChannelThreadRow | null> {
  // Names of objects may be equal by accident, so the name alone does not say whose thread it is.
  return database.first<ChannelThreadRow>(
    `SELECT threads.mapping_id, threads.thread_id, threads.current_chat_id, coalesce(chats.is_ended, 0) AS is_ended,
       threads.created_at, coalesce(chats.updated_at, threads.created_at) AS last_activity_at
     FROM threads LEFT JOIN chats ON chats.id = threads.current_chat_id
     WHERE threads.id = ? AND threads.organization_id = ? AND threads.channel_id = ? AND threads.thread_id = ?`,
    thread,
    organizationId,
    channelId,
    thread_id,
  );
}

/**
 * Threads of a channel, newest first. The keyset's key is the mapping id, which sorts by time. The last activity has no
 * index, because every message would then write further rows. So `active_after` may cut a page short.
 */
export async function listChannelThreads(
  database: OrganizationDatabase,
  organizationId: string,
  channelId: string,
  filter: ChannelThreadFilter,
  keyset: Keyset,
): Promise<Scan<ChannelThreadRow>> {
  const { active_after } = filter;
  const found = await scan(
    database,
    {
      sources: [{ index: BY_CHANNEL, owner: channelId }],
      carried: ['thread_id', 'current_chat_id', 'created_at'],
      columns: COLUMNS,
      joins: 'LEFT JOIN chats ON chats.id = walk.current_chat_id',
      match: active_after === undefined ? null : `${LAST_ACTIVITY} > ?5`,
      // The thread's own row in both walks, and its chat.
      rowsOfId: 3,
      parameters: active_after === undefined ? [organizationId] : [organizationId, active_after],
    },
    idRange(keyset, true),
    keyset.limit,
  );
  return found as Scan<unknown> as Scan<ChannelThreadRow>;
}
