import { kindOf } from '../notifications/match.ts';
import type { ThreadUpdate } from '../notifications/notifications.ts';
import { type Topic, type TopicIds, takesIds } from '../resources/topic.ts';
import type { Subscription } from './subscribe.ts';

/** Sockets, each with those of its subscriptions that an update matches. */
export type MatchingSubscriptions<Socket> = ReadonlyMap<Socket, readonly Subscription[]>;

/**
 * The subscriptions of all sockets, indexed by what their topics can match. So an update is compared with few of them.
 */
export class SubscriptionIndex<Socket> {
  readonly #entries = new Map<string, Map<Subscription, Socket>>();
  #size = 0;

  /** The number of subscriptions. */
  get size(): number {
    return this.#size;
  }

  /** Adds a subscription of a socket. */
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

  /** Removes a subscription. */
  remove(subscription: Subscription): void {
    const place = placeOf(subscription.topic);
    const entry = this.#entries.get(place);
    if (entry === undefined || !entry.delete(subscription)) return;
    this.#size -= 1;
    if (entry.size === 0) this.#entries.delete(place);
  }

  /**
   * The subscriptions that an update matches, whatever their owners' rights. `number`: the event's number in the hub;
   * null for an ephemeral update.
   */
  matching(number: number | null, update: ThreadUpdate): MatchingSubscriptions<Socket> {
    const { chat_id, room, visitor_id, users } = update.place;
    const user_ids = new Set([...users.open, ...users.silent, ...Object.keys(users.before)]);
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

/** The index key of a topic: the narrowest id that it names, or its owner if it covers only their own chats. */
function placeOf(topic: Topic): string {
  const { chats, part, owner_id, message_id, chat_id, visitor_id, room_id } = topic;
  const isOfMember = chats === 'user_chats' && part !== 'incoming_invitations';
  const id = message_id ?? chat_id ?? visitor_id ?? room_id ?? (isOfMember ? owner_id : ANY);
  return `${kindOf(topic)} ${id}`;
}
