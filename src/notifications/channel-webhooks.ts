/**
 * The webhooks that a channel gets, in the form of its interface. Each interface has a module of its own; all of them
 * are pure.
 */

import type { ChannelTarget } from '../domain/events.ts';
import type { Kind, Notification, ThreadUpdate } from './notifications.ts';
import { rpcWebhooks } from './rpc-webhook.ts';
import { threadsWebhook } from './threads-webhook.ts';
import { type ChannelNotice, channelBody, channelEvent, channelResource, type LanePosition } from './webhook-body.ts';

/** The kinds of notifications of which a channel may get webhooks. */
export function kindsOfChannel({ dialect = 'umi' }: Pick<ChannelTarget, 'dialect'>): readonly Kind[] {
  return KINDS[dialect];
}

const KINDS = {
  umi: ['message', 'reply_suggestion', 'purge'],
  rpc: ['message', 'membership'],
  threads: ['message', 'reply_suggestion'],
} as const satisfies { [dialect in NonNullable<ChannelTarget['dialect']>]: readonly Kind[] };

/** The webhooks that a channel gets for a notification, in order. */
export function channelWebhooks(
  update: ThreadUpdate,
  notification: Notification,
  target: ChannelTarget,
): ChannelNotice[] {
  switch (target.dialect ?? 'umi') {
    case 'umi': {
      const event = channelEvent(update, notification, target);
      if (event === null) return [];
      const bodyAt = (position: LanePosition) => channelBody(event, update.place.chat_id, target, position);
      return [{ event_type: event.event_type, has_gap: true, resource: channelResource(notification), bodyAt }];
    }
    case 'threads': {
      const webhook = threadsWebhook(update, notification, target);
      return webhook === null ? [] : [webhook];
    }
    case 'rpc':
      return rpcWebhooks(update, notification, target);
  }
}
