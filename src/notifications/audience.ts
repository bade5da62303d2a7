import type { Receiver } from '../resources/receiver.ts';
import type { Topic } from '../resources/topic.ts';
import type { UserSubscriber } from './subscriber.ts';

/** A webhook subscription of an installed app, with the ids of the installation filled into its pattern. */
export type Subscription = {
  webhook_id: string;
  channel: Topic;
  on_added: boolean;
  on_changed: boolean;
  on_removed: boolean;
};

/**
 * An installed app that wants webhooks. It is one receiver, whatever endpoint URLs its subscriptions have. Threads
 * store this as JSON, so its keys keep their names.
 */
export type Installation = { receiver: Receiver; listener: UserSubscriber; subscriptions: readonly Subscription[] };

/**
 * Who is notified of a thread's events, besides its channel: installed apps, and the organizations whose live hub is
 * awake. Each hub wants the events since a time (ms).
 */
export type Audience = {
  installations: readonly Installation[];
  hubs: readonly { organization_id: string; since: number }[];
};

export const NO_AUDIENCE: Audience = { installations: [], hubs: [] };
