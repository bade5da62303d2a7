import type { Database } from '../db/database.ts';
import { type Keyset, keysetClauses } from '../db/keyset.ts';
import type { Flag } from '../db/rows.ts';

/** A thread of a channel with its current session. Times in ms. */
export type ChannelThreadRow = {
  mapping_id: string;
  thread_id: string;
  current_chat_id: string;
  is_ended: Flag;
  created_at: number;
  last_activity_at: number;
};

/** Threads of a channel, newest first. A key holds the mapping id, which sorts by time. */
export function listChannelThreads(
  database: Database,
  organizationId: string,
  channelId: string,
  keyset: Keyset,
): Promise<ChannelThreadRow[]> {
  const order = { columns: ['threads.mapping_id'], descending: true };
  const { where, orderBy, parameters } = keysetClauses(order, keyset);
  return database.all<ChannelThreadRow>(
    `SELECT threads.mapping_id, threads.thread_id, threads.current_chat_id, coalesce(chats.is_ended, 0) AS is_ended,
       threads.created_at, coalesce(chats.updated_at, threads.created_at) AS last_activity_at
     FROM threads LEFT JOIN chats ON chats.id = threads.current_chat_id
     WHERE threads.channel_id = ? AND threads.organization_id = ? AND ${where}
     ORDER BY ${orderBy}`,
    channelId,
    organizationId,
    ...parameters,
  );
}
