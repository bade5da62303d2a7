import type { ChannelRow } from '../../db/rows.ts';
import { type ChannelChanges, findChannel, updateChannel } from '../../directory/channels.ts';
import { type AppContext, organizationDatabase } from '../../http/app-environment.ts';
import type { Refusal } from '../../http/refusals.ts';
import { purgeChannel } from './channel-cache.ts';
import { drainChannel } from './drain-channel.ts';
import { refusalOfUrl } from './guard-channel-url.ts';
import { CHANNEL_NOT_FOUND } from './paths.ts';

/** Fields of a channel as the wire has them; what is missing stays. */
type WireChanges = Partial<{
  name: string;
  messaging_channel: string;
  room_id: string;
  reply_webhook_url: string;
  max_retry_count: number;
  echo_user_messages: boolean;
  is_webhook_enabled: boolean;
}>;

type Changed = { ok: true; channel: ChannelRow } | { ok: false; refusal: Refusal };

/** Changes a channel, for PUT and PATCH. Switching its webhook off also ends what is pending. */
export async function changeChannel(
  c: AppContext,
  organizationId: string,
  channelId: string,
  changes: WireChanges,
): Promise<Changed> {
  const database = organizationDatabase(c);
  const before = await findChannel(database, organizationId, channelId);
  if (before === null) return { ok: false, refusal: CHANNEL_NOT_FOUND };
  const url = changes.reply_webhook_url;
  const message = url === undefined ? null : refusalOfUrl(c, url, before.registered_origin);
  if (message !== null) return { ok: false, refusal: invalid('reply_webhook_url', message) };
  const channel = await updateChannel(database, organizationId, channelId, columnsOf(changes), Date.now());
  if (channel === null) {
    return { ok: false, refusal: changes.room_id === undefined ? CHANNEL_NOT_FOUND : invalid('room_id', ROOM_UNKNOWN) };
  }
  purgeChannel(organizationId, channelId);
  if (before.is_webhook_enabled === 1 && channel.is_webhook_enabled === 0) drainChannel(c, organizationId, channelId);
  return { ok: true, channel };
}

/** What a 400 says of a room that does not exist or belongs to another organization. */
export const ROOM_UNKNOWN = 'Room not found in this organization.';

function invalid(field: string, message: string): Refusal {
  return { reason: 'invalid', fields: { [field]: [message] } };
}

function columnsOf({ echo_user_messages, is_webhook_enabled, ...rest }: WireChanges): ChannelChanges {
  return {
    ...rest,
    ...(echo_user_messages === undefined ? {} : { echo_user_messages: echo_user_messages ? 1 : 0 }),
    ...(is_webhook_enabled === undefined ? {} : { is_webhook_enabled: is_webhook_enabled ? 1 : 0 }),
  };
}
