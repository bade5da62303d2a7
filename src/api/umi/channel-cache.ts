import type { ChannelRow, RoomRow } from '../../db/rows.ts';
import { createDirectoryCache } from '../../directory/changes.ts';
import { findChannel } from '../../directory/channels.ts';
import { type AppContext, organizationDatabase } from '../../http/app-environment.ts';
import { cacheTimeToLive } from '../../platform/isolate-cache.ts';
import { ownRoom } from '../reach-cache.ts';

export type CachedChannel = { channel: ChannelRow; room: RoomRow };

const channels = createDirectoryCache<ChannelRow>({
  limit: 10_000,
  isConcerned: (change, { id }) => change.kind === 'channel' && change.channel_id === id,
});

/**
 * The channel that a message's path names, and its room: at most AUTH_CACHE_SECONDS old, up to 10 minutes while D1
 * cannot be reached. Null when the organization has no such channel, or the channel's room was deleted.
 */
export async function findCachedChannel(
  c: AppContext,
  organizationId: string,
  channelId: string,
): Promise<CachedChannel | null> {
  const load = () => findChannel(organizationDatabase(c), organizationId, channelId);
  const channel = await channels.get(cacheKey(organizationId, channelId), cacheTimeToLive(c.env), load);
  const room = channel === null ? null : await ownRoom(c, channel.room_id);
  if (channel === null || room === null) return null;
  return { channel, room };
}

function cacheKey(organizationId: string, channelId: string): string {
  return `${organizationId}/${channelId}`;
}
