/**
 * Fans events out into webhooks: which receivers get an event, and the rows of the outbox. Pure. A commit makes a
 * limited number of webhooks; the rest is made later, for the receivers of the commit.
 */

import type { ChannelTarget, ThreadEvent, WebhookReceipt } from '../../domain/events.ts';
import type { Transition } from '../../domain/state.ts';
import type { Audience, Installation } from '../../notifications/audience.ts';
import { channelWebhooks, kindsOfChannel } from '../../notifications/channel-webhooks.ts';
import { kindOf, match } from '../../notifications/match.ts';
import { type Kind, type Notification, notificationsOf, type ThreadUpdate } from '../../notifications/notifications.ts';
import { appBody, type LanePosition, wholeBody } from '../../notifications/webhook-body.ts';
import type { Receiver } from '../../resources/receiver.ts';

/** The counts of a lane: how many webhooks it has accepted, and the `seq` of the last event among them. */
export type LaneCheckpoint = {
  receiver: Receiver;
  /** The receiver's organization; null for the thread's own. */
  organization_id: string | null;
  accepted: number;
  last_seq: number | null;
};

/** A webhook to deliver. `ordinal` orders the webhooks of one event. */
export type OutboxRow = {
  receiver: Receiver;
  seq: number;
  ordinal: number;
  chat_id: string;
  /** For an app's webhook: its action. */
  event_type: string;
  /**
   * For an app's webhook: the subscription, the path of the collection and the id of what has changed. Null for a
   * channel's.
   */
  webhook_id: string | null;
  channel: string | null;
  resource_id: string | null;
  /** The text of the body, usually without its resource (`wholeBody`). */
  body: string;
  /** Index of the resource among those of the event. */
  content: number;
};

/** The resources of an event's webhooks: JSON text, which is never parsed again. */
export type Content = { seq: number; resources: readonly string[] };

/** Webhooks in their order, and their resources. */
export type Outbox = { rows: OutboxRow[]; contents: Content[] };

/** Who gets webhooks: the thread's channel (null: none) and apps. */
export type Recipients = { target: ChannelTarget | null; installations: readonly Installation[] };

/** An event whose webhooks are not all made, and the ordinal of the first missing one. */
export type Unmade = { update: ThreadUpdate; from: number };

export type Accepted = {
  events: ThreadEvent[];
  outbox: Outbox;
  lanes: LaneCheckpoint[];
  /** The webhooks left for later, in order, and their receivers. */
  rest: { unmade: Unmade[]; recipients: Recipients } | null;
};

/** Who may get webhooks of a commit, and the state of their lanes. */
export type Receivers = {
  /** The target of the thread's channel; null without a channel. */
  target: ChannelTarget | null;
  audience: Audience;
  /** No app gets webhooks of this command (imports, `skip_webhooks`). */
  isSilent: boolean;
  /** The counts of a lane before the commit; null for a new lane. */
  checkpointOf: (receiver: Receiver) => LaneCheckpoint | null;
  /** Most webhooks that are made now. */
  room: number;
};

/**
 * Records on each event which receivers get it, and makes their webhooks as far as there is room. `transitions` are
 * those of `events` whose chats exist. Only webhooks that are made count as accepted in a lane.
 */
export function fanOutWebhooks(
  events: readonly ThreadEvent[],
  transitions: readonly Transition[],
  receivers: Receivers,
): Accepted {
  const { target, audience, isSilent } = receivers;
  const recipients: Recipients = { target, installations: isSilent ? [] : audience.installations };
  const wanted = wantedKinds(recipients);
  const making = new Making(receivers.room);
  if (wanted.size === 0) return { events: [...events], outbox: making.outbox, lanes: [], rest: null };
  const lanes = new Map<Receiver, LaneCheckpoint>();
  const acceptances = new Map<number, readonly WebhookReceipt[]>();
  const unmade: Unmade[] = [];
  for (const transition of transitions) {
    const update = notificationsOf(transition, 'organization', wanted);
    const planned = plannedWebhooks(update, recipients);
    if (planned.length === 0) continue;
    const accepted = nameReceivers(update.seq, planned, recipients, lanes, receivers.checkpointOf);
    acceptances.set(update.seq, accepted);
    const made = making.add(update, planned, accepted, 0);
    for (const { receiver } of planned.slice(0, made)) count(lanes, receiver);
    if (made < planned.length) unmade.push({ update, from: made });
  }
  const named = events.map((event) => {
    const accepted = acceptances.get(event.seq);
    return accepted === undefined ? event : { ...event, accepted: [...accepted] };
  });
  const rest = unmade.length === 0 ? null : { unmade, recipients };
  return { events: named, outbox: making.outbox, lanes: [...lanes.values()], rest };
}

/**
 * Makes at most `room` of the webhooks that a commit has left. `acceptedOf` answers the receipts of an event. `next`:
 * where to continue; null when all are made.
 */
export function makeRest(
  unmade: Iterable<Unmade>,
  recipients: Recipients,
  acceptedOf: (seq: number) => readonly WebhookReceipt[],
  room: number,
): { outbox: Outbox; next: { seq: number; from: number } | null } {
  const making = new Making(room);
  for (const { update, from } of unmade) {
    const planned = plannedWebhooks(update, recipients);
    const upto = making.add(update, planned, acceptedOf(update.seq), from);
    if (upto < planned.length) return { outbox: making.outbox, next: { seq: update.seq, from: upto } };
  }
  return { outbox: making.outbox, next: null };
}

function wantedKinds({ target, installations }: Recipients): ReadonlySet<Kind> {
  const wanted = new Set<Kind>(target === null ? [] : kindsOfChannel(target));
  for (const { subscriptions } of installations)
    for (const { channel: topic } of subscriptions) wanted.add(kindOf(topic));
  return wanted;
}

/** A webhook of an event that is not made yet. */
type PlannedWebhook = Pick<OutboxRow, 'receiver' | 'event_type' | 'webhook_id' | 'channel' | 'resource_id'> & {
  /** The receiver's organization; null for the thread's own. */
  organization_id: string | null;
  resource: object;
  /** Whether other webhooks of the event may have the same resource. */
  is_shared: boolean;
  bodyAt: (position: LanePosition) => string;
};

/**
 * The webhooks of an event: one for each notification and each subscription that gets it, and those of the channel. Always
 * the same ones, in the same order.
 */
function plannedWebhooks(update: ThreadUpdate, { target, installations }: Recipients): PlannedWebhook[] {
  const planned: PlannedWebhook[] = [];
  for (const notification of update.notifications) {
    if (target !== null) planned.push(...plannedForChannel(update, notification, target));
    if (update.is_silent) continue;
    for (const installation of installations) addPlannedForApp(planned, update, notification, installation);
  }
  return planned;
}

function plannedForChannel(update: ThreadUpdate, notification: Notification, target: ChannelTarget): PlannedWebhook[] {
  return channelWebhooks(update, notification, target).map(({ event_type, resource, has_gap, bodyAt }) => ({
    receiver: target.receiver,
    organization_id: null,
    event_type,
    webhook_id: null,
    channel: null,
    resource_id: null,
    resource: resource ?? notification.resource,
    is_shared: has_gap,
    bodyAt,
  }));
}

function addPlannedForApp(
  planned: PlannedWebhook[],
  update: ThreadUpdate,
  notification: Notification,
  { receiver, listener: subscriber, subscriptions }: Installation,
): void {
  for (const { webhook_id, channel: topic, on_added, on_changed, on_removed } of subscriptions) {
    const seen = match(update, notification, topic, subscriber);
    if (seen === null || !{ added: on_added, changed: on_changed, removed: on_removed }[seen.action]) continue;
    const { resource, action, resource_id } = seen;
    planned.push({
      receiver,
      organization_id: subscriber.organization_id,
      event_type: action,
      webhook_id,
      channel: seen.channel,
      resource_id,
      resource,
      is_shared: resource === notification.resource || resource === notification.changes,
      bodyAt: (position) => appBody(seen, position),
    });
  }
}

/** The receipts of an event, one for each receiver, with its lane moved on. */
function nameReceivers(
  seq: number,
  planned: readonly PlannedWebhook[],
  { target }: Recipients,
  lanes: Map<Receiver, LaneCheckpoint>,
  checkpointOf: Receivers['checkpointOf'],
): WebhookReceipt[] {
  const named = new Map<Receiver, WebhookReceipt>();
  for (const { receiver, organization_id } of planned) {
    const before = named.get(receiver);
    if (before !== undefined) {
      if ('rows' in before) before.rows += 1;
      continue;
    }
    const checkpoint = lanes.get(receiver) ??
      checkpointOf(receiver) ?? { receiver, organization_id, accepted: 0, last_seq: null };
    const prev_seq = checkpoint.last_seq;
    named.set(
      receiver,
      receiver === target?.receiver ? { receiver, prev_seq, routing: target } : { receiver, prev_seq, rows: 1 },
    );
    lanes.set(receiver, { ...checkpoint, last_seq: seq });
  }
  return [...named.values()];
}

function count(lanes: Map<Receiver, LaneCheckpoint>, receiver: Receiver): void {
  const checkpoint = lanes.get(receiver);
  if (checkpoint !== undefined) checkpoint.accepted += 1;
}

/** Collects webhooks up to a limit. */
class Making {
  readonly outbox: Outbox = { rows: [], contents: [] };
  readonly #room: number;

  constructor(room: number) {
    this.#room = room;
  }

  /**
   * Makes an event's webhooks from the ordinal `from` on, as far as there is room. Answers the ordinal of the first
   * missing one.
   */
  add(
    update: ThreadUpdate,
    planned: readonly PlannedWebhook[],
    accepted: readonly WebhookReceipt[],
    from: number,
  ): number {
    const { rows, contents } = this.outbox;
    const upto = Math.min(planned.length, from + this.#room - rows.length);
    if (upto <= from) return from;
    const { seq, place } = update;
    const shared = [...new Set(planned.filter(({ is_shared }) => is_shared).map(({ resource }) => resource))];
    if (shared.length > 0) contents.push({ seq, resources: shared.map((resource) => JSON.stringify(resource)) });
    const previous = new Map(accepted.map(({ receiver, prev_seq }) => [receiver, prev_seq]));
    for (const [index, webhook] of planned.slice(from, upto).entries()) {
      const { receiver, event_type, webhook_id, channel, resource_id, resource, is_shared, bodyAt } = webhook;
      const body = bodyAt({ seq, prev_seq: previous.get(receiver) ?? null });
      rows.push({
        receiver,
        seq,
        ordinal: from + index,
        chat_id: place.chat_id,
        event_type,
        webhook_id,
        channel,
        resource_id,
        body: is_shared ? body : wholeBody(body, JSON.stringify(resource)),
        content: is_shared ? shared.indexOf(resource) : 0,
      });
    }
    return upto;
  }
}
