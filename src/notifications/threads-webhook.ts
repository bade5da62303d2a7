import type { ChannelTarget } from '../domain/events.ts';
import { hasFiles, withLinksAsText } from '../resources/file-links.ts';
import type { MessageResource } from '../resources/message.ts';
import { objectIdOf } from '../resources/object-id.ts';
import type { Notification, ThreadUpdate } from './notifications.ts';
import { type ChannelNotice, channelEvent } from './webhook-body.ts';

/**
 * The webhook of the threads API: `send_message` with a message, or `reply_suggestion_created` with a suggestion. The key of the settings goes into the
 * header `x-api-key` at each attempt.
 */
export function threadsWebhook(
  update: ThreadUpdate,
  notification: Notification,
  target: ChannelTarget,
): ChannelNotice | null {
  const event = channelEvent(update, notification, target);
  if (event === null) return null;
  if (event.event_type === 'reply_suggestion_created')
    return noticeOf('reply_suggestion_created', notification.resource);
  return noticeOf('send_message', threadsMessage(notification.resource as MessageResource, target));
}

function noticeOf(event_type: string, event_data: object): ChannelNotice {
  const body = JSON.stringify({ event_type, event_data });
  return { event_type, has_gap: false, bodyAt: () => body };
}

/**
 * A message as the threads API shows it. Without a text its links are the text; URLs of files, which expire, are put in
 * whenever it is shown (resources/file-links.ts).
 */
export function threadsMessage(message: MessageResource, { thread_id }: Pick<ChannelTarget, 'thread_id'>) {
  const shown = {
    id: objectIdOf(message.id),
    body: message.message ?? '',
    user_fid: message.external_sender_id ?? message.sender_id,
    thread_fid: thread_id,
    lang: message.lang ?? null,
    subject: message.subject ?? null,
    is_customer_support_agent: message.sender_type === 'user',
    created_at: message.created_at,
    attachments: message.attachments,
  };
  return hasFiles(shown) ? shown : withLinksAsText(shown);
}
