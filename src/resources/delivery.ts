import { isoTime, isoTimeOrNull } from './clock.ts';

/** Webhooks in the log of deliveries. Channels and installations of apps share most fields. Times in ms, flags 0 or 1. */

/** The columns of a delivery that its resources show. */
export type DeliveryFacts = {
  id: string;
  thread_id: string | null;
  chat_id: string;
  seq: number;
  event_type: string;
  webhook_id: string | null;
  channel: string | null;
  resource_id: string | null;
  status: 'pending' | 'delivered' | 'exhausted' | 'skipped';
  skip_reason: 'disabled' | 'channel_deleted' | 'webhook_deleted' | 'uninstalled' | 'purged' | null;
  is_replay: 0 | 1;
  attempt_count: number;
  due_at: number;
  last_attempt_at: number | null;
  last_status: number | null;
  last_error: string | null;
  created_at: number;
};

function commonResource(delivery: DeliveryFacts) {
  return {
    chat_id: delivery.chat_id,
    seq: delivery.seq,
    status: delivery.status,
    skip_reason: delivery.skip_reason,
    is_replay: delivery.is_replay === 1,
    attempt_count: delivery.attempt_count,
    next_attempt_at: delivery.status === 'pending' ? isoTime(delivery.due_at) : null,
    last_attempt_at: isoTimeOrNull(delivery.last_attempt_at),
    last_status: delivery.last_status,
    last_error: delivery.last_error,
    created_at: isoTime(delivery.created_at),
  };
}

/** A webhook in the log of a channel. */
export function channelDeliveryResource(delivery: DeliveryFacts) {
  const { id, event_type, thread_id } = delivery;
  return { id, event_type, thread_id, ...commonResource(delivery) };
}

/** A webhook in the log of an installation. */
export function appDeliveryResource(delivery: DeliveryFacts) {
  const { id, webhook_id, channel, event_type, resource_id } = delivery;
  return { id, webhook_id, channel, action: event_type, resource_id, ...commonResource(delivery) };
}

/** A channel or an installation, with the name of the channel or of the app. */
export type NamedReceiver = { type: 'channel' | 'installation'; id: string; name: string };

/** A webhook in the log of all receivers of an organization. */
export function organizationDeliveryResource(delivery: DeliveryFacts, receiver: NamedReceiver) {
  const { id, event_type, thread_id, webhook_id, channel, resource_id } = delivery;
  return { id, receiver, event_type, thread_id, webhook_id, channel, resource_id, ...commonResource(delivery) };
}

/** The result of one attempt. `response`: the head of the answer. `url`: only of an app, whose webhooks may have several. */
export type AttemptFacts = {
  at: number;
  duration: number;
  status: number | null;
  response: string | null;
  error: string | null;
  url?: string;
};

/** An attempt of a channel's webhook. */
export function attemptResource({ at, duration, status, response, error }: AttemptFacts) {
  return { at: isoTime(at), duration_ms: duration, status, response, error };
}

/** An attempt of an app's webhook, as the owner of the app sees it. */
export function appAttemptResource(attempt: AttemptFacts) {
  return { ...attemptResource(attempt), url: attempt.url ?? null };
}

/** An attempt of an app's webhook for who has installed the app: without the answer and the query, which are the app's. */
export function installedAttemptResource(attempt: AttemptFacts) {
  const { response: _response, ...shown } = attemptResource(attempt);
  return { ...shown, url: attempt.url === undefined ? null : withoutQuery(attempt.url) };
}

function withoutQuery(text: string): string {
  const { origin, pathname } = new URL(text);
  return `${origin}${pathname}`;
}

/** The counts of a receiver's webhooks by their first end. */
export type LedgerFacts = {
  accepted: number;
  delivered: number;
  pending: number;
  exhausted: number;
  skipped_disabled: number;
  skipped_channel_deleted: number;
  skipped_webhook_deleted: number;
  skipped_uninstalled: number;
  skipped_purged: number;
};

function commonSums({ accepted, delivered, pending, exhausted }: LedgerFacts) {
  return { accepted, delivered, pending, exhausted };
}

/** The ledger of a channel. */
export function channelLedgerResource(sums: LedgerFacts) {
  const { skipped_disabled, skipped_channel_deleted, skipped_purged } = sums;
  const skipped = { disabled: skipped_disabled, channel_deleted: skipped_channel_deleted, purged: skipped_purged };
  return { ...commonSums(sums), skipped };
}

/** The ledger of an installation. */
export function appLedgerResource(sums: LedgerFacts) {
  const { skipped_disabled, skipped_webhook_deleted, skipped_uninstalled, skipped_purged } = sums;
  return {
    ...commonSums(sums),
    skipped: {
      disabled: skipped_disabled,
      webhook_deleted: skipped_webhook_deleted,
      uninstalled: skipped_uninstalled,
      purged: skipped_purged,
    },
  };
}
