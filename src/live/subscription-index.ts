import { kindOf } from '../notifications/match.ts';
import type { ThreadUpdate } from '../notifications/notifications.ts';
import { type Topic, type TopicIds, takesIds } from '../resources/topic.ts';
import type { Subscription } from './subscribe.ts';

/** Sockets with those of their subscriptions that an event is about. */
export type MatchingSubscriptions<Socket> = ReadonlyMap<Socket, readonly Subscription[]>;

/**
 * The subscriptions of all sockets, by what their topics tell of: an event is compared only with those that can be about it, however
 * many others there are.
 */
export class SubscriptionIndex<Socket> {
  readonly #entries = new Map<string, Map<Subscription, Socket>>();
  #size = 0;

  /** How many subscriptions there are. */
  get size(): number {
    return this.#size;
  }

  add(socket: Socket, subscription: Subscription): void {
    const place = placeOf(subscription.topic);
    let entry = this.#entries.get(place);
    if (entry === undefined) {
      entry = new Map();
      this.#entries.set(place, entry);
    }
    entry.set(subscription, socket);
    this.#size += 1;
  }

  remove(subscription: Subscription): void {
    const place = placeOf(subscription.topic);
    const entry = this.#entries.get(place);
    if (entry === undefined || !entry.delete(subscription)) return;
    this.#size -= 1;
    if (entry.size === 0) this.#entries.delete(place);
  }

  /** Whom an event concerns, whatever their rights. `number`: the hub's, null for what is not logged. */
  matching(number: number | null, update: ThreadUpdate): MatchingSubscriptions<Socket> {
    const { chat_id, room, visitor_id, user_ids } = update.place;
    const found = new Map<Socket, Subscription[]>();
    const seen = new Set<Subscription>();
    for (const { kind, message_id } of update.notifications) {
      const ids: TopicIds = { chat_id, room_id: room?.id ?? null, visitor_id, message_id };
      for (const id of [ANY, chat_id, ids.room_id, visitor_id, message_id, ...user_ids]) {
        for (const [subscription, socket] of this.#entries.get(`${kind} ${id}`) ?? []) {
          const { topic, since } = subscription;
          if ((number !== null && number <= since) || seen.has(subscription) || !takesIds(topic, ids)) continue;
          seen.add(subscription);
          const own = found.get(socket);
          if (own === undefined) found.set(socket, [subscription]);
          else own.push(subscription);
        }
      }
    }
    return found;
  }
}

const ANY = '*';

/** Where a topic's subscriptions lie: under the narrowest id that it names; under its owner, if it tells only of their own chats. */
function placeOf(topic: Topic): string {
  const { chats, part, owner_id, message_id, chat_id, visitor_id, room_id } = topic;
  const isOfMember = chats === 'user_chats' && part !== 'incoming_invitations';
  const id = message_id ?? chat_id ?? visitor_id ?? room_id ?? (isOfMember ? owner_id : ANY);
  return `${kindOf(topic)} ${id}`;
}
