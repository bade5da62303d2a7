import type { ChannelWebhook } from '../resources/channel-webhook.ts';
import type { Acceptance } from '../thread/events.ts';
import type { Notification } from './notifications.ts';

/** The body that a receiver gets for a notification; the log's `/events` and the outbox both call it. */
export function webhookBody(notification: Notification, acceptance: Acceptance): ChannelWebhook {
  return {
    event_type: notification.event_type,
    thread_id: acceptance.routing.thread_id,
    chat_id: notification.chat_id,
    ...notification.resource,
    messaging_channel: acceptance.routing.messaging_channel,
    channel_config_id: acceptance.routing.channel_id,
    seq: notification.seq,
    prev_seq: acceptance.prev_seq,
  };
}
