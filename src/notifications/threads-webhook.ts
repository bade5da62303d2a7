import type { ChannelTarget } from '../domain/events.ts';
import type { MessageResource } from '../resources/message.ts';
import { objectIdOf } from '../resources/object-id.ts';
import type { Notification, ThreadUpdate } from './notifications.ts';
import { type ChannelNotice, channelEvent } from './webhook-body.ts';

/**
 * The webhook of the threads API for a message: `send_message` with the message. The key of the settings goes into the
 * header `x-api-key` at each attempt.
 */
export function threadsWebhook(
  update: ThreadUpdate,
  notification: Notification,
  target: ChannelTarget,
): ChannelNotice | null {
  if (channelEvent(update, notification, target)?.event_type !== 'message_created') return null;
  const event_data = threadsMessage(notification.resource as MessageResource, target);
  const body = JSON.stringify({ event_type: 'send_message', event_data });
  return { event_type: 'send_message', has_gap: false, bodyAt: () => body };
}

/** A message as the threads API shows it. */
export function threadsMessage(message: MessageResource, { thread_id }: Pick<ChannelTarget, 'thread_id'>) {
  return {
    id: objectIdOf(message.id),
    body: message.message ?? '',
    user_fid: message.external_sender_id ?? message.sender_id,
    thread_fid: thread_id,
    lang: null,
    subject: null,
    is_customer_support_agent: message.sender_type === 'user',
    created_at: message.created_at,
  };
}
