/**
 * The JSON bodies of webhooks. A body is frozen as text when its event is committed, so each attempt sends the same
 * bytes. Deliveries of one event share the text of their resource, which is stored once.
 */

import type { ChannelTarget } from '../domain/events.ts';
import type { ChannelWebhook } from '../resources/channel-webhook.ts';
import type { LiveNotification } from '../resources/live-frames.ts';
import { publishedMessage } from '../resources/message.ts';
import type { purgeNotice } from '../resources/purge.ts';
import type { Notification, ThreadUpdate } from './notifications.ts';

/** The `seq` of an event, and of the event accepted for the receiver before it (null: the first one). */
export type LanePosition = { seq: number; prev_seq: number | null };

/** A webhook that a channel gets for a notification. */
export type ChannelNotice = {
  /** As the log of deliveries shows it. */
  event_type: string;
  /** Whether the body has a gap for the notification's resource. Otherwise it is whole. */
  has_gap: boolean;
  /** What goes into the gap. Missing: the notification's own resource. */
  resource?: object;
  /** The text of the body. */
  bodyAt: (position: LanePosition) => string;
};

/** The kind of webhook that a UMI channel gets for a notification. */
export type ChannelEvent = { event_type: ChannelWebhook['event_type']; key: 'message' | 'reply_suggestion' | 'purge' };

/**
 * The webhook that a channel gets for a notification; null for none. Each `msg` of an agent or bot and each new
 * suggestion goes to the channel (UMI documentation, Webhook trigger conditions), unless the channel or the request
 * does not want it. A purge is told if the channel wants that.
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
  if (kind === 'purge') {
    const { type } = resource as ReturnType<typeof purgeNotice>;
    return target.tells_purge === true && type !== 'key_forgotten' ? { event_type: type, key: kind } : null;
  }
  if (kind !== 'message') return null;
  const { type, sender_type } = resource as { type: string; sender_type: string };
  return type === 'msg' && sender_type === 'user' ? { event_type: 'message_created', key: kind } : null;
}

/** The resource as a channel's webhook shows it: with the attributes of the published text only. */
export function channelResource({ kind, resource }: Notification): object {
  return kind === 'message' ? publishedMessage(resource) : resource;
}

/** Marks where the resource belongs in the text of a body. JSON text contains no line break. */
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

/** The text of an app's body, without its resource. `app_user_auth` is added at each attempt. */
export function appBody(
  { channel, action, resource_id }: Omit<LiveNotification, 'resource'>,
  { seq, prev_seq }: LanePosition,
): string {
  return textAround({ channel, action, resource_id }, 'resource', { seq, prev_seq });
}

/** The whole text of a body: `resource` (JSON) goes into its gap. A body without a gap is whole already. */
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
