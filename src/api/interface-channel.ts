import type { ChannelRow, RoomRow } from '../db/rows.ts';
import { createDirectoryCache } from '../directory/changes.ts';
import { findInterfaceChannel } from '../directory/interface-channels.ts';
import { type AppContext, organizationDatabase } from '../http/app-environment.ts';
import { cacheTimeToLive } from '../platform/isolate-cache.ts';
import type { InterfaceKind } from '../resources/interface.ts';
import { ownRoom } from './reach-cache.ts';

const channels = createDirectoryCache<ChannelRow>({
  limit: 10_000,
  isConcerned: (change, { id }) => change.kind === 'channel' && change.channel_id === id,
});

/**
 * The channel of an interface of the caller's organization, and its room: at most AUTH_CACHE_SECONDS old, up to 10
 * minutes while D1 cannot be reached. Null when there are no settings, or the room is gone.
 */
export async function findCachedInterface(
  c: AppContext,
  kind: InterfaceKind,
): Promise<{ channel: ChannelRow; room: RoomRow } | null> {
  const { id } = c.var.organization;
  const load = () => findInterfaceChannel(organizationDatabase(c), id, kind);
  const channel = await channels.get(`${id}/${kind}`, cacheTimeToLive(c.env), load);
  const room = channel === null ? null : await ownRoom(c, channel.room_id);
  if (channel === null || room === null) return null;
  return { channel, room };
}
