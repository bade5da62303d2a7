import { match, type SubscriberNotification } from '../notifications/match.ts';
import type { ThreadUpdate } from '../notifications/notifications.ts';
import type { Subscriber } from '../notifications/subscriber.ts';
import type { LiveSocket } from './live-socket.ts';
import type { Subscription } from './subscribe.ts';
import type { MatchingSubscriptions } from './subscription-index.ts';

/**
 * The frames that tell of one event. A frame holds all that its socket is told of the event; text that several sockets get is made once.
 * `number` is null for what is not logged.
 */
export class UpdateFrames {
  readonly number: number | null;
  /** Whom it concerns, whatever their rights: what decides that they are looked up. */
  readonly subscriptions: MatchingSubscriptions<LiveSocket>;
  readonly #update: ThreadUpdate;
  /** What a subscriber is told by a topic, as JSON. */
  readonly #parts = new Map<Subscriber, Map<string, readonly string[]>>();
  readonly #resources = new Map<object, string>();

  constructor(number: number | null, update: ThreadUpdate, subscriptions: MatchingSubscriptions<LiveSocket>) {
    this.number = number;
    this.subscriptions = subscriptions;
    this.#update = update;
  }

  /** The frame for a socket; null when it is told nothing. */
  frameFor(socket: LiveSocket, subscriber: Subscriber): string | null {
    // Two patterns may name one topic.
    const parts = new Set<string>();
    for (const subscription of this.subscriptions.get(socket) ?? []) {
      for (const part of this.#partsOf(subscriber, subscription)) parts.add(part);
    }
    if (parts.size === 0) return null;
    return `{"type":"notifications","number":${this.number},"notifications":[${[...parts].join(',')}]}`;
  }

  #partsOf(subscriber: Subscriber, subscription: Subscription): readonly string[] {
    let known = this.#parts.get(subscriber);
    if (known === undefined) {
      known = new Map();
      this.#parts.set(subscriber, known);
    }
    let parts = known.get(subscription.text);
    if (parts === undefined) {
      parts = this.#update.notifications.flatMap((each) => {
        const seen = match(this.#update, each, subscription.topic, subscriber);
        return seen === null ? [] : this.#jsonOf(seen);
      });
      known.set(subscription.text, parts);
    }
    return parts;
  }

  #jsonOf({ channel, action, resource_id, resource }: SubscriberNotification): string {
    let text = this.#resources.get(resource);
    if (text === undefined) {
      text = JSON.stringify(resource);
      this.#resources.set(resource, text);
    }
    const id = JSON.stringify(resource_id);
    return `{"channel":${JSON.stringify(channel)},"action":"${action}","resource_id":${id},"resource":${text}}`;
  }
}
