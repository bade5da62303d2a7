import type { DeliveryFacts } from '../../resources/delivery.ts';
import type { Receiver } from './receivers.ts';

export type Status = DeliveryFacts['status'];

/** What the list shows, as the address has it. `receiver` is an id; times are ISO. */
export type DeliveryFilter = {
  readonly status?: Status;
  readonly receiver?: string;
  readonly event?: string;
  readonly thread?: string;
  readonly chat?: string;
  readonly from?: string;
  readonly to?: string;
};

export const STATUS_WORDS: Readonly<Record<Status, string>> = {
  pending: 'Pending',
  delivered: 'Delivered',
  exhausted: 'Failed',
  skipped: 'Skipped',
};

/** The events of channels and the actions of apps, with the words for them. */
export const CHANNEL_EVENTS: Readonly<Record<string, string>> = {
  message_created: 'New message',
  reply_suggestion_created: 'New suggested answer',
  messages_purged: 'Messages purged',
  visitor_purged: 'Visitor purged',
};
export const APP_EVENTS: Readonly<Record<string, string>> = { added: 'Added', changed: 'Changed', removed: 'Removed' };

/** The filter of an address; what makes no sense is left out. */
export function filterOf(search: Record<string, unknown>): DeliveryFilter {
  const texts = (['receiver', 'event', 'thread', 'chat'] as const).flatMap((name) => {
    const value = search[name];
    return typeof value === 'string' || typeof value === 'number' ? [[name, String(value)] as const] : [];
  });
  const times = (['from', 'to'] as const).flatMap((name) => {
    const value = search[name];
    return typeof value === 'string' && !Number.isNaN(Date.parse(value)) ? [[name, value] as const] : [];
  });
  const { status } = search;
  const isStatus = typeof status === 'string' && status in STATUS_WORDS;
  return { ...(isStatus ? { status: status as Status } : {}), ...Object.fromEntries([...texts, ...times]) };
}

/** The filter with changes; an empty text ends one. */
export function changed(filter: DeliveryFilter, changes: { [Name in keyof DeliveryFilter]?: string }): DeliveryFilter {
  const merged = Object.entries({ ...filter, ...changes });
  return filterOf(Object.fromEntries(merged.filter(([, value]) => value !== '')));
}

/** An id that nothing has. The hub refuses what is no id at all: somebody may have typed it into the address. */
const NOTHING = '00000000-0000-0000-0000-000000000000';
const ID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

const idOr = (id: string | undefined) => (id === undefined || ID.test(id) ? id : NOTHING);

/**
 * The path of the list. Only an app of one's own at another organization has a log apart, which is filtered by status
 * alone.
 */
export function listPath(organizationId: string, filter: DeliveryFilter, receiver: Receiver | null): string {
  const isElsewhere = receiver?.kind === 'elsewhere';
  const asked = {
    status: filter.status,
    ...(isElsewhere
      ? {}
      : {
          [receiver === null || receiver.kind === 'channel' ? 'channel_id' : 'installation_id']: idOr(receiver?.id),
          event_type: filter.event,
          thread_id: filter.thread,
          chat_id: idOr(filter.chat),
          created_at_after: filter.from,
          created_at_before: filter.to,
        }),
  };
  const query = new URLSearchParams(
    Object.entries(asked).flatMap(([name, value]): [string, string][] => (value === undefined ? [] : [[name, value]])),
  );
  const path = isElsewhere ? `${receiver.log}/deliveries` : `/api/v5/orgs/${organizationId}/deliveries`;
  return query.size === 0 ? path : `${path}?${query}`;
}
