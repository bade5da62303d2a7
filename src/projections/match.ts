import type { Routing } from '../thread/events.ts';
import type { Notification } from './notifications.ts';

/**
 * Who gets a notification (ENGINE 4). Each `msg` of an agent or bot and each new suggestion in a channel's chat goes to the
 * channel (seed 000, Webhook trigger conditions), but for what the channel or the request does not want told back.
 */
export function match(notification: Notification, routing: Routing | null): Routing[] {
  if (routing === null || notification.is_silent) return [];
  const isOwnEcho = notification.origin === routing.receiver;
  return isOwnEcho && !routing.echo_user_messages ? [] : [routing];
}
