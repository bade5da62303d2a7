import { match } from '../notifications/match.ts';
import type { ThreadUpdate } from '../notifications/notifications.ts';
import type { Subscriber } from '../notifications/subscriber.ts';
import type { LiveNotification } from '../resources/live-frames.ts';
import type { LiveSocket } from './live-socket.ts';
import type { Subscription } from './subscribe.ts';
import type { MatchingSubscriptions } from './subscription-index.ts';

/**
 * The frames of one update. A frame holds all notifications of its socket; text that several sockets get is made once.
 * `number` is null for an ephemeral update.
 */
export class UpdateFrames {
  readonly number: number | null;
  /** The matching subscriptions, whatever their owners' rights. */
  readonly subscriptions: MatchingSubscriptions<LiveSocket>;
  readonly #update: ThreadUpdate;
  /** The notifications of a subscriber by a topic, as JSON. */
  readonly #parts = new Map<Subscriber, Map<string, readonly string[]>>();
  readonly #resources = new Map<object, string>();

  constructor(number: number | null, update: ThreadUpdate, subscriptions: MatchingSubscriptions<LiveSocket>) {
    this.number = number;
    this.subscriptions = subscriptions;
    this.#update = update;
  }

  /** The frame for a socket; null when it gets nothing. */
  frameFor(socket: LiveSocket, subscriber: Subscriber): string | null {
    // Two patterns may match the same topic.
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

  #jsonOf({ channel, action, resource_id, resource }: LiveNotification): string {
    let text = this.#resources.get(resource);
    if (text === undefined) {
      text = JSON.stringify(resource);
      this.#resources.set(resource, text);
    }
    const id = JSON.stringify(resource_id);
    return `{"channel":${JSON.stringify(channel)},"action":"${action}","resource_id":${id},"resource":${text}}`;
  }
}
