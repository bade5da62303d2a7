import type { ViewName, ViewOrder } from '../replica/views.ts';
import { isOrder, isView } from '../words/views.ts';

/** What one can be told of: a visitor waits, a visitor has written in one's own chat, a note mentions one, a colleague invites. */
export const ALERT_KINDS = ['waiting', 'mine', 'mentioned', 'invitations'] as const;
export type AlertKind = (typeof ALERT_KINDS)[number];

/** How a person likes the console, on all their devices. */
export type Preferences = {
  /** The order last chosen for a view. */
  readonly orders: Readonly<Partial<Record<ViewName, ViewOrder>>>;
  /** The room whose chats are shown; null for all. */
  readonly room_id: string | null;
  /** What alerts tell of, where they are on. */
  readonly alerts: readonly AlertKind[];
  /** Somebody who uses speech input must be able to turn single keys off (WCAG 2.1.4). */
  readonly has_single_keys: boolean;
  /** Whether Enter sends in chats. In mail it never does. */
  readonly enter_sends: boolean;
};

export const DEFAULT_PREFERENCES: Preferences = {
  orders: {},
  room_id: null,
  alerts: ['waiting', 'mentioned', 'invitations'],
  has_single_keys: true,
  enter_sends: true,
};

/** The preferences in what the hub or the browser has kept, which another version of the console may have written. */
export function preferencesIn(kept: unknown): Preferences {
  const { orders, room_id, alerts, has_single_keys, enter_sends } = (
    typeof kept === 'object' && kept !== null ? kept : {}
  ) as Record<string, unknown>;
  const isOn = (value: unknown, otherwise: boolean) => (typeof value === 'boolean' ? value : otherwise);
  return {
    orders: Object.fromEntries(
      Object.entries(typeof orders === 'object' && orders !== null ? orders : {}).filter(
        ([view, order]) => isView(view) && isOrder(order),
      ),
    ),
    room_id: typeof room_id === 'string' ? room_id : null,
    alerts: Array.isArray(alerts) ? ALERT_KINDS.filter((kind) => alerts.includes(kind)) : DEFAULT_PREFERENCES.alerts,
    has_single_keys: isOn(has_single_keys, DEFAULT_PREFERENCES.has_single_keys),
    enter_sends: isOn(enter_sends, DEFAULT_PREFERENCES.enter_sends),
  };
}
