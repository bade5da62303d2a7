import type { AppWebhookRow, ChannelRow, SkipReason } from '../db/rows.ts';
import type { AppEndpoint } from '../directory/app-endpoints.ts';
import type { ScopedAppUser } from '../directory/app-tokens.ts';
import type { AppUserAuth } from './app-user-auth.ts';
import type { Destination } from './attempt.ts';
import { secretOfText } from './signature.ts';

/** What a receiver is at the moment of an attempt. */
export type Endpoint =
  | {
      kind: 'open';
      destination: Destination;
      max_retry_count: number;
      /** Of an installation with a bot user: made for this attempt. */
      app_user_auth?: AppUserAuth;
    }
  | { kind: SkipReason };

/** How often a webhook of an app is tried again. */
const APP_RETRY_COUNT = 3;

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

/**
 * The endpoint of an installation's webhook; `null` is an installation that the organization never had. `authorize` makes what the
 * webhook carries of the bot user; it is called only when the webhook is to be sent and there is a bot user.
 */
export async function endpointOfInstallation(
  found: AppEndpoint | null,
  publicOrigin: string,
  authorize: (appUser: ScopedAppUser) => Promise<AppUserAuth>,
): Promise<Endpoint> {
  if (found === null) return { kind: 'uninstalled' };
  const { webhook, secret, app_user } = found;
  if (found.is_app_deleted || webhook === null || webhook.deleted_at !== null) return { kind: 'webhook_deleted' };
  if (found.is_uninstalled) return { kind: 'uninstalled' };
  if (webhook.is_enabled === 0) return { kind: 'disabled' };
  return {
    kind: 'open',
    destination: destinationOfWebhook(webhook, secret, publicOrigin),
    max_retry_count: APP_RETRY_COUNT,
    ...(app_user === null ? {} : { app_user_auth: await authorize(app_user) }),
  };
}

/** Where an app's webhook goes, whether or not it is enabled. The app's secret signs as the text that it is. */
export function destinationOfWebhook(
  webhook: Pick<AppWebhookRow, 'endpoint_url' | 'registered_origin'>,
  appSecret: string,
  publicOrigin: string,
): Destination {
  return {
    url: webhook.endpoint_url,
    secrets: [secretOfText(appSecret)],
    own_origins: [publicOrigin, webhook.registered_origin],
  };
}
