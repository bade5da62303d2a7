import { isoTime } from './clock.ts';

/** The columns of a channel that its resource shows. Flags are 0 or 1, times ms. */
export type ChannelFacts = {
  id: string;
  name: string;
  messaging_channel: string;
  organization_id: string;
  room_id: string;
  reply_webhook_url: string;
  max_retry_count: number;
  echo_user_messages: 0 | 1;
  is_webhook_enabled: 0 | 1;
  notify_purges: 0 | 1;
  created_at: number;
  modified_at: number;
};

/**
 * A messaging channel configuration (UMI documentation, 1.1) with the extensions `echo_user_messages`,
 * `is_webhook_enabled` and `notify_purges`. It never shows the secret.
 */
export function channelResource(channel: ChannelFacts) {
  return {
    id: channel.id,
    name: channel.name,
    messaging_channel: channel.messaging_channel,
    organization_id: channel.organization_id,
    room_id: channel.room_id,
    reply_webhook_url: channel.reply_webhook_url,
    max_retry_count: channel.max_retry_count,
    echo_user_messages: channel.echo_user_messages === 1,
    is_webhook_enabled: channel.is_webhook_enabled === 1,
    notify_purges: channel.notify_purges === 1,
    created_at: isoTime(channel.created_at),
    modified_at: isoTime(channel.modified_at),
  };
}

/** What signs a channel's webhooks. Times in ms; `now` decides whether the secret before this one still signs, too. */
export function channelSecretResource(
  { secret, previous_secret_expires_at: until }: { secret: string; previous_secret_expires_at: number | null },
  now: number,
) {
  return { secret, previous_secret_expires_at: until === null || until <= now ? null : isoTime(until) };
}
