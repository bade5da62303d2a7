import type {
  appAttemptResource,
  appDeliveryResource,
  attemptResource,
  channelDeliveryResource,
  installedAttemptResource,
  organizationDeliveryResource,
} from '../../resources/delivery.ts';
import { APP_EVENTS, CHANNEL_EVENTS } from './filter.ts';

type Shared = Omit<ReturnType<typeof channelDeliveryResource>, 'event_type' | 'thread_id'>;

/** A webhook in any of the logs: some name its receiver, its thread, or its action instead of an event. */
export type Delivery = Shared &
  Partial<Pick<ReturnType<typeof organizationDeliveryResource>, 'receiver' | 'event_type' | 'thread_id'>> &
  Partial<Pick<ReturnType<typeof appDeliveryResource>, 'action' | 'channel' | 'resource_id'>>;

export type Attempt = ReturnType<typeof attemptResource | typeof appAttemptResource | typeof installedAttemptResource>;

/** A webhook with its attempts. Logs of apps of others have no body. */
export type DeliveryDetail = Delivery & {
  readonly attempts: readonly Attempt[];
  readonly body?: string | null;
  readonly is_purged?: boolean;
};

/** What a webhook tells, in a few words: `New message`, or `Added messages` of an app. */
export function eventOf(delivery: Delivery): string {
  const code = eventCodeOf(delivery);
  const collection = delivery.channel?.split('/').at(-1)?.replaceAll('_', ' ');
  if (collection === undefined) return CHANNEL_EVENTS[code] ?? code;
  return `${APP_EVENTS[code] ?? code} ${collection}`;
}

/** What the body names it. */
export const eventCodeOf = ({ event_type, action }: Delivery): string => action ?? event_type ?? '';

/** How an attempt ended, in words; empty when there was none. */
export function answerOf({ last_status, last_error }: Pick<Delivery, 'last_status' | 'last_error'>): string {
  if (last_error !== null) return ERRORS[last_error] ?? last_error;
  return last_status === null ? '' : `Status ${last_status}`;
}

const ERRORS: Readonly<Record<string, string>> = {
  timeout: 'No complete answer in time',
  'connection failed': 'No connection',
  'redirect refused': 'It answered with a redirect, which is not followed',
};

const SKIP_WORDS: Readonly<Record<NonNullable<Delivery['skip_reason']>, string>> = {
  disabled: 'Its webhooks were switched off.',
  channel_deleted: 'The channel was deleted.',
  webhook_deleted: 'The webhook of the app was deleted.',
  uninstalled: 'The app was uninstalled.',
  purged: 'Its message was deleted, or what it tells was purged.',
};

/** Why a webhook was skipped, or how its last attempt ended. */
export function resultOf(delivery: Delivery): string {
  const { status, skip_reason } = delivery;
  return status === 'skipped' && skip_reason !== null ? SKIP_WORDS[skip_reason] : answerOf(delivery);
}

/** How many attempts there were. `most`: of them without replays; null when unknown. Empty where one was enough. */
export function attemptsOf({ attempt_count: count, status, is_replay }: Delivery, most: number | null): string {
  if (count === 0 || (count === 1 && status === 'delivered')) return '';
  const of = status === 'exhausted' ? count : status === 'pending' ? most : null;
  if (of !== null && !is_replay) return `${count}/${of}`;
  return count === 1 ? '1 attempt' : `${count} attempts`;
}
