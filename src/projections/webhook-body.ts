import type { ChannelWebhook } from '../resources/channel-webhook.ts';
import type { Routing } from '../thread/events.ts';
import type { Telling } from './match.ts';
import type { Kind, Notification, Told } from './notifications.ts';

/** The kinds of notifications of which channels may be told. */
export const KINDS_OF_CHANNELS: ReadonlySet<Kind> = new Set(['message', 'reply_suggestion']);

/** The place of an event in its thread, and that of the event accepted for the receiver before it; null for the first. */
type Places = { seq: number; prev_seq: number | null };

/**
 * The body that a channel gets for a notification; null when it gets none. Each `msg` of an agent or bot and each new suggestion
 * goes to the channel (seed 000, Webhook trigger conditions), but for what the channel or the request does not want told back.
 * The log's `/events` and the outbox both call it. `previousSeq` is asked only when there is a body.
 */
export function channelWebhook(
  told: Told,
  notification: Notification,
  routing: Routing,
  previousSeq: () => number | null,
): ChannelWebhook | null {
  if (told.is_silent || (told.origin === routing.receiver && !routing.echo_user_messages)) return null;
  const event = channelEvent(notification);
  if (event === null) return null;
  const { event_type, ...resource } = event;
  return {
    event_type,
    thread_id: routing.thread_id,
    chat_id: told.place.chat_id,
    ...resource,
    messaging_channel: routing.messaging_channel,
    channel_config_id: routing.channel_id,
    seq: told.seq,
    prev_seq: previousSeq(),
  };
}

type ChannelEvent =
  | { event_type: 'message_created'; message: object }
  | { event_type: 'reply_suggestion_created'; reply_suggestion: object };

function channelEvent({ kind, action, resource }: Notification): ChannelEvent | null {
  if (action !== 'added') return null;
  if (kind === 'reply_suggestion') return { event_type: 'reply_suggestion_created', reply_suggestion: resource };
  if (kind !== 'message') return null;
  const { type, sender_type } = resource as { type: string; sender_type: string };
  return type === 'msg' && sender_type === 'user' ? { event_type: 'message_created', message: resource } : null;
}

/** The frozen part of an app's webhook (protocol.md 6.3); `app_user_auth` is made at each attempt. */
export function appWebhook({ channel, action, resource_id, resource }: Telling, { seq, prev_seq }: Places): object {
  return { channel, action, resource_id, resource, seq, prev_seq };
}
