import type { AppWebhookRow, SkipReason } from '../db/rows.ts';
import type { AppEndpoint } from '../directory/app-endpoints.ts';
import type { ScopedAppUser } from '../directory/app-tokens.ts';
import type { OpenedChannel } from '../directory/stored-secrets.ts';
import type { AppUserAuth } from './app-user-auth.ts';
import type { Destination } from './attempt.ts';
import { secretOfText } from './signature.ts';

/** A receiver at the moment of an attempt: open, or the reason why nothing is sent. */
export type Endpoint =
  | {
      kind: 'open';
      destination: Destination;
      max_retry_count: number;
      /** For an installation with a bot user: made for this attempt. */
      app_user_auth?: AppUserAuth;
      /** For JSON-RPC: what the body carries as `api_key`. */
      api_key?: string;
    }
  | { kind: SkipReason };

/** Number of retries of an app's webhook. */
const APP_RETRY_COUNT = 3;

type EndpointColumns = Pick<
  OpenedChannel,
  | 'reply_webhook_url'
  | 'max_retry_count'
  | 'is_webhook_enabled'
  | 'secret'
  | 'previous_secret'
  | 'previous_secret_expires_at'
  | 'registered_origin'
  | 'deleted_at'
  | 'kind'
  | 'webhook_key'
>;

/** The endpoint of a channel's row (null: the channel does not exist). `now` in ms. */
export function endpointOfChannel(channel: EndpointColumns | null, now: number, publicOrigin: string): Endpoint {
  if (channel === null || channel.deleted_at !== null) return { kind: 'channel_deleted' };
  if (channel.is_webhook_enabled === 0 || channel.reply_webhook_url === '') return { kind: 'disabled' };
  return {
    kind: 'open',
    destination: destinationOfChannel(channel, now, publicOrigin),
    max_retry_count: channel.max_retry_count,
    ...(channel.kind === 'rpc' && channel.webhook_key !== null ? { api_key: channel.webhook_key } : {}),
  };
}

/**
 * Where a channel's webhooks go, enabled or not. During the grace of a rotation both secrets sign, the current one
 * first.
 */
export function destinationOfChannel(channel: EndpointColumns, now: number, publicOrigin: string): Destination {
  return {
    url: channel.reply_webhook_url,
    secrets: [channel.secret, ...secretInGrace(channel, now)],
    own_origins: [publicOrigin, channel.registered_origin],
    ...(channel.kind === 'threads' && channel.webhook_key !== null ? { api_key: channel.webhook_key } : {}),
  };
}

function secretInGrace(channel: EndpointColumns, now: number): string[] {
  const { previous_secret, previous_secret_expires_at } = channel;
  const isValid = previous_secret_expires_at !== null && previous_secret_expires_at > now;
  return previous_secret !== null && isValid ? [previous_secret] : [];
}

/** The endpoint of an app's webhook with the app's secret as it signs. */
export type OpenedAppEndpoint = Omit<AppEndpoint, 'secret'> & { secret: string };

/**
 * The endpoint of an installation's webhook. `found` is null when the organization never had the installation.
 * `authorize` makes the bot user's authorization; it is called only if the webhook is sent and there is a bot user.
 */
export async function endpointOfInstallation(
  found: OpenedAppEndpoint | null,
  publicOrigin: string,
  authorize: (appUser: ScopedAppUser) => Promise<AppUserAuth>,
): Promise<Endpoint> {
  if (found === null) return { kind: 'uninstalled' };
  const { webhook, secret, app_user } = found;
  if (found.is_app_deleted || webhook === null || webhook.deleted_at !== null) return { kind: 'webhook_deleted' };
  if (found.is_uninstalled) return { kind: 'uninstalled' };
  if (webhook.is_enabled === 0 || !found.is_consented) return { kind: 'disabled' };
  return {
    kind: 'open',
    destination: destinationOfWebhook(webhook, secret, publicOrigin),
    max_retry_count: APP_RETRY_COUNT,
    ...(app_user === null ? {} : { app_user_auth: await authorize(app_user) }),
  };
}

/** Where an app's webhook goes, enabled or not. The text of the app's secret is the key of the signature. */
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
