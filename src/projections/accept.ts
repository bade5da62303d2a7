import type { Receiver } from '../delivery/lane.ts';
import type { Acceptance, Routing, ThreadEvent } from '../thread/events.ts';
import type { Step } from '../thread/state.ts';
import type { Audience, Installation } from './audience.ts';
import { kindOf, match } from './match.ts';
import { type Kind, type Notification, notificationsOf, type Told } from './notifications.ts';
import { appWebhook, channelWebhook, KINDS_OF_CHANNELS } from './webhook-body.ts';

/** What a commit knows of a lane: how many webhooks it has accepted and the `seq` of the last event among them. */
export type LaneMark = {
  receiver: Receiver;
  /** Whose receiver it is; null for the thread's own organization. */
  organization_id: string | null;
  accepted: number;
  last_seq: number | null;
};

/** A webhook to deliver. `ordinal` orders those of one event. */
export type OutboxRow = {
  receiver: Receiver;
  seq: number;
  ordinal: number;
  chat_id: string;
  /** Of an app's webhook: its action. */
  event_type: string;
  /** Of an app's webhook: the subscription, the collection's path and the id of what has changed; null for a channel's. */
  webhook_id: string | null;
  channel: string | null;
  resource_id: string | null;
  body: string;
};

export type Accepted = { events: ThreadEvent[]; outbox: OutboxRow[]; lanes: LaneMark[] };

/** Who may get webhooks of a commit, and what is known of their lanes. */
export type Receivers = {
  /** Where the thread's channel is; null without one. */
  routing: Routing | null;
  audience: Audience;
  /** No app is to be told of the whole command (imports, `skip_webhooks`). */
  isSilent: boolean;
  /** A lane's mark before the commit; null for a new lane. */
  markOf: (receiver: Receiver) => LaneMark | null;
};

/**
 * Names on each event the receivers that get it and makes their webhooks, with the body as it will stay (ENGINE 4). `steps` are those
 * of `events` whose chats exist.
 */
export function acceptEvents(events: readonly ThreadEvent[], steps: readonly Step[], receivers: Receivers): Accepted {
  const { routing, audience, isSilent } = receivers;
  const installations = isSilent ? [] : audience.installations;
  const wanted = wantedKinds(routing, installations);
  if (wanted.size === 0) return { events: [...events], outbox: [], lanes: [] };
  const outbox: OutboxRow[] = [];
  const lanes = new Map<Receiver, LaneMark>();
  const acceptances = new Map<number, Acceptance[]>();
  for (const step of steps) {
    const told = notificationsOf(step, 'organization', wanted);
    const accepting = new Accepting(told, lanes, receivers.markOf);
    for (const notification of told.notifications) {
      if (routing !== null) accepting.forChannel(notification, routing);
      for (const installation of installations) accepting.forInstallation(notification, installation);
    }
    outbox.push(...accepting.outbox);
    if (accepting.acceptances.size > 0) acceptances.set(told.seq, [...accepting.acceptances.values()]);
  }
  const named = events.map((event) => {
    const accepted = acceptances.get(event.seq);
    return accepted === undefined ? event : { ...event, accepted };
  });
  return { events: named, outbox, lanes: [...lanes.values()] };
}

function wantedKinds(routing: Routing | null, installations: readonly Installation[]): ReadonlySet<Kind> {
  const wanted = new Set<Kind>(routing === null ? [] : KINDS_OF_CHANNELS);
  for (const { subscriptions } of installations) for (const { channel } of subscriptions) wanted.add(kindOf(channel));
  return wanted;
}

/** The webhooks of one event in the making: one row for each notification and subscription. */
class Accepting {
  readonly outbox: OutboxRow[] = [];
  readonly acceptances = new Map<Receiver, Acceptance>();
  readonly #told: Told;
  readonly #lanes: Map<Receiver, LaneMark>;
  readonly #markOf: Receivers['markOf'];

  constructor(told: Told, lanes: Map<Receiver, LaneMark>, markOf: Receivers['markOf']) {
    this.#told = told;
    this.#lanes = lanes;
    this.#markOf = markOf;
  }

  forChannel(notification: Notification, routing: Routing): void {
    const { receiver } = routing;
    const body = channelWebhook(this.#told, notification, routing, () => this.#previousOf(receiver, null));
    if (body === null) return;
    const { prev_seq } = body;
    const about = { event_type: body.event_type, webhook_id: null, channel: null, resource_id: null };
    this.#accept(receiver, null, { ...about, body: JSON.stringify(body) });
    this.acceptances.set(receiver, { receiver, prev_seq, routing });
  }

  forInstallation(notification: Notification, { receiver, listener, subscriptions }: Installation): void {
    if (this.#told.is_silent) return;
    for (const { webhook_id, channel, on_added, on_changed, on_removed } of subscriptions) {
      const telling = match(this.#told, notification, channel, listener);
      if (telling === null || !{ added: on_added, changed: on_changed, removed: on_removed }[telling.action]) continue;
      const { organization_id } = listener;
      const prev_seq = this.#previousOf(receiver, organization_id);
      const body = JSON.stringify(appWebhook(telling, { seq: this.#told.seq, prev_seq }));
      const { action, resource_id } = telling;
      this.#accept(receiver, organization_id, {
        event_type: action,
        webhook_id,
        channel: telling.channel,
        resource_id,
        body,
      });
      const before = this.acceptances.get(receiver);
      const rows = before !== undefined && 'rows' in before ? before.rows + 1 : 1;
      this.acceptances.set(receiver, { receiver, prev_seq, rows });
    }
  }

  /** The event accepted for the lane before this one, also when this one has a webhook of the lane already. */
  #previousOf(receiver: Receiver, organizationId: string | null): number | null {
    const before = this.acceptances.get(receiver);
    return before === undefined ? this.#markOfLane(receiver, organizationId).last_seq : before.prev_seq;
  }

  #markOfLane(receiver: Receiver, organization_id: string | null): LaneMark {
    const known = this.#lanes.get(receiver) ?? this.#markOf(receiver);
    return known ?? { receiver, organization_id, accepted: 0, last_seq: null };
  }

  #accept(
    receiver: Receiver,
    organizationId: string | null,
    row: Omit<OutboxRow, 'receiver' | 'seq' | 'ordinal' | 'chat_id'>,
  ): void {
    const { seq, place } = this.#told;
    this.outbox.push({ receiver, seq, ordinal: this.outbox.length, chat_id: place.chat_id, ...row });
    const mark = this.#markOfLane(receiver, organizationId);
    this.#lanes.set(receiver, { ...mark, accepted: mark.accepted + 1, last_seq: seq });
  }
}
