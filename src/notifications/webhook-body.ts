import type { ChannelTarget } from '../domain/events.ts';
import type { ChannelWebhook } from '../resources/channel-webhook.ts';
import type { SubscriberNotification } from './match.ts';
import type { Kind, Notification, ThreadUpdate } from './notifications.ts';

/** The kinds of notifications of which channels may be told. */
export const KINDS_OF_CHANNELS: ReadonlySet<Kind> = new Set(['message', 'reply_suggestion']);

/** The place of an event in its thread, and that of the event accepted for the receiver before it; null for the first. */
export type LanePosition = { seq: number; prev_seq: number | null };

/** What a channel is told of a notification. */
export type ChannelEvent = { event_type: ChannelWebhook['event_type']; key: 'message' | 'reply_suggestion' };

/**
 * What a channel is told of a notification; null for nothing. Each `msg` of an agent or bot and each new suggestion goes to the channel
 * (UMI documentation, Webhook trigger conditions), but for what the channel or the request does not want told back.
 */
export function channelEvent(
  update: ThreadUpdate,
  notification: Notification,
  target: ChannelTarget,
): ChannelEvent | null {
  if (update.is_silent || (update.origin === target.receiver && !target.echo_user_messages)) return null;
  const { kind, action, resource } = notification;
  if (action !== 'added') return null;
  if (kind === 'reply_suggestion') return { event_type: 'reply_suggestion_created', key: kind };
  if (kind !== 'message') return null;
  const { type, sender_type } = resource as { type: string; sender_type: string };
  return type === 'msg' && sender_type === 'user' ? { event_type: 'message_created', key: kind } : null;
}

/** Stands in a body's text where its resource belongs. No JSON text has a line break. */
const GAP = '\n';

/** The text of a channel's body, without its resource. */
export function channelBody(
  { event_type, key }: ChannelEvent,
  chat_id: string,
  { thread_id, messaging_channel, channel_id }: ChannelTarget,
  { seq, prev_seq }: LanePosition,
): string {
  const after = { messaging_channel, channel_config_id: channel_id, seq, prev_seq };
  return textAround({ event_type, thread_id, chat_id }, key, after);
}

/** The same of an app's webhook; `app_user_auth` is made at each attempt. */
export function appBody(
  { channel, action, resource_id }: Omit<SubscriberNotification, 'resource'>,
  { seq, prev_seq }: LanePosition,
): string {
  return textAround({ channel, action, resource_id }, 'resource', { seq, prev_seq });
}

/**
 * The whole text of a body: the log's `/events` and the deliveries call it. Deliveries of one event share their resource (JSON), so
 * it is stored once. A body without a gap is whole.
 */
export function wholeBody(body: string, resource: string): string {
  const gap = body.indexOf(GAP);
  return gap === -1 ? body : body.slice(0, gap) + resource + body.slice(gap + GAP.length);
}

/** Whether a body's resource is stored apart from it. */
export function hasGap(body: string): boolean {
  return body.includes(GAP);
}

function textAround(before: object, key: string, after: object): string {
  return `${JSON.stringify(before).slice(0, -1)},"${key}":${GAP},${JSON.stringify(after).slice(1)}`;
}
