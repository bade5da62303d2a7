import { subscribedTopic } from '../resources/topic.ts';
import type { HubLoad } from './hub-load.ts';
import {
  deleteSocket,
  deleteSubscription,
  listSockets,
  listSubscriptions,
  putSocket,
  putSubscription,
  type SubscriptionRow,
} from './hub-store.ts';
import { LiveSocket, type SocketState } from './live-socket.ts';
import { ownerId, type SocketOwner, subscriberIdOf } from './socket-owner.ts';
import type { Subscription } from './subscribe.ts';

/**
 * The sockets of a hub. After the hub's sleep they are restored: the platform keeps the connections, rows keep the
 * rest. Only `count` works without the tables.
 */
export class Sockets {
  readonly #ctx: DurableObjectState;
  readonly #head: () => number;
  readonly #load: HubLoad<LiveSocket>;
  #known: Map<object, LiveSocket> | null = null;

  constructor(ctx: DurableObjectState, load: HubLoad<LiveSocket>, head: () => number) {
    this.#ctx = ctx;
    this.#load = load;
    this.#head = head;
  }

  /**
   * The number of connections, of one owner or in all. A connection that the hub has closed counts until its client has
   * read everything.
   */
  count(ownerId?: string): number {
    return this.#ctx.getWebSockets(ownerId).length;
  }

  /** The number of sockets that are served. */
  size(): number {
    return this.wake().size;
  }

  /** All sockets. */
  all(): Iterable<LiveSocket> {
    return [...this.wake().values()];
  }

  /** The socket of a connection; null when it is not served. */
  of(webSocket: WebSocket): LiveSocket | null {
    return this.wake().get(webSocket) ?? null;
  }

  /** Accepts a connection as the owner's socket. */
  open(webSocket: WebSocket, owner: SocketOwner, now: number): LiveSocket {
    const known = this.wake();
    const id = crypto.randomUUID();
    this.#ctx.acceptWebSocket(webSocket, [ownerId(owner)]);
    putSocket(this.#ctx.storage.sql, id, owner);
    const state: SocketState = {
      id,
      position: null,
      window: [],
      full_since: null,
      heard_at: now,
      has_begun: false,
      faults: 0,
    };
    const socket = new LiveSocket(webSocket, owner, state, this.#load, this.#head());
    known.set(webSocket, socket);
    return socket;
  }

  /** Removes a socket with its rows. */
  remove(webSocket: object): void {
    const known = this.wake();
    const socket = known.get(webSocket);
    if (socket === undefined) return;
    known.delete(webSocket);
    socket.leave();
    this.#ctx.storage.transactionSync(() => deleteSocket(this.#ctx.storage.sql, socket.state.id));
  }

  /** When a socket last sent a frame or a ping (ms). */
  heardAt(socket: LiveSocket): number {
    const ping = this.#ctx.getWebSocketAutoResponseTimestamp(socket.webSocket as WebSocket);
    return Math.max(socket.state.heard_at, ping?.getTime() ?? 0);
  }

  /** Stores subscriptions of a socket. */
  keepSubscriptions({ state }: LiveSocket, added: readonly Subscription[]): void {
    const { sql } = this.#ctx.storage;
    this.#ctx.storage.transactionSync(() => {
      for (const { text, since } of added) {
        putSubscription(sql, { socket_id: state.id, channel: text, since });
      }
    });
  }

  /** Deletes stored subscriptions of a socket, by their text. */
  dropSubscriptions({ state }: LiveSocket, texts: readonly string[]): void {
    const { sql } = this.#ctx.storage;
    this.#ctx.storage.transactionSync(() => {
      for (const text of texts) deleteSubscription(sql, state.id, text);
    });
  }

  /** All sockets, restored after the hub's sleep. Rows of lost connections are deleted. */
  wake(): Map<object, LiveSocket> {
    this.#known ??= this.#find();
    return this.#known;
  }

  #find(): Map<object, LiveSocket> {
    const { sql } = this.#ctx.storage;
    const owners = new Map(listSockets(sql).map(({ id, owner }) => [id, owner]));
    const subscriptions = Map.groupBy(listSubscriptions(sql), ({ socket_id }) => socket_id);
    const found = new Map<object, LiveSocket>();
    for (const webSocket of this.#ctx.getWebSockets()) {
      const state = webSocket.deserializeAttachment() as SocketState | null;
      const owner = owners.get(state?.id ?? '');
      if (state === null || owner === undefined || webSocket.readyState !== WebSocket.OPEN) continue;
      owners.delete(state.id);
      const socket = new LiveSocket(webSocket, owner, state, this.#load, this.#head());
      for (const each of subscriptionsOf(owner, subscriptions.get(state.id) ?? [])) socket.subscribe(each);
      found.set(webSocket, socket);
    }
    for (const id of owners.keys()) deleteSocket(sql, id);
    return found;
  }
}

function subscriptionsOf(owner: SocketOwner, rows: readonly SubscriptionRow[]): Subscription[] {
  const subscriberId = subscriberIdOf(owner);
  return rows.flatMap(({ channel: text, since }) => {
    const read = subscribedTopic(text, subscriberId);
    return 'topic' in read ? [{ text, topic: read.topic, since }] : [];
  });
}
