import type { ChannelRow } from '../db/rows.ts';
import type { Destination } from './attempt.ts';

/** What a receiver is at the moment of an attempt. */
export type Endpoint =
  | { kind: 'open'; destination: Destination; max_retry_count: number }
  | { kind: 'disabled' }
  | { kind: 'channel_deleted' };

type EndpointColumns = Pick<
  ChannelRow,
  | 'reply_webhook_url'
  | 'max_retry_count'
  | 'is_webhook_enabled'
  | 'secret'
  | 'previous_secret'
  | 'previous_secret_expires_at'
  | 'registered_origin'
  | 'deleted_at'
>;

/** The endpoint of a channel's row; `null` is a channel that does not exist. `now` in ms. */
export function endpointOfChannel(channel: EndpointColumns | null, now: number, publicOrigin: string): Endpoint {
  if (channel === null || channel.deleted_at !== null) return { kind: 'channel_deleted' };
  if (channel.is_webhook_enabled === 0) return { kind: 'disabled' };
  return {
    kind: 'open',
    destination: destinationOfChannel(channel, now, publicOrigin),
    max_retry_count: channel.max_retry_count,
  };
}

/** Where a channel's webhooks go, whether or not it is enabled. During a rotation's grace both secrets sign, the current one first. */
export function destinationOfChannel(channel: EndpointColumns, now: number, publicOrigin: string): Destination {
  return {
    url: channel.reply_webhook_url,
    secrets: [channel.secret, ...secretInGrace(channel, now)],
    own_origins: [publicOrigin, channel.registered_origin],
  };
}

function secretInGrace(channel: EndpointColumns, now: number): string[] {
  const { previous_secret, previous_secret_expires_at } = channel;
  const isValid = previous_secret_expires_at !== null && previous_secret_expires_at > now;
  return previous_secret !== null && isValid ? [previous_secret] : [];
}
