import type { RefusedTopic } from '../../resources/live-frames.ts';
import type { CatchUp } from './catch-up.ts';
import type { Counts } from './hub-reads.ts';
import { type Known, NOTHING_KNOWN } from './known.ts';
import type { LiveStatus } from './live-client.ts';
import type { OutboxEntry } from './outbox.ts';
import type { Load, View } from './views.ts';

/** What the screens show. Each change gives a new one, which shares what is the same. */
export type ReplicaState = {
  readonly known: Known;
  readonly live: LiveStatus;
  /** The session has ended: somebody must sign in, then `signedIn` goes on. */
  readonly isSignedOut: boolean;
  /** Channels that the hub refused, each with its reason. */
  readonly refused: readonly RefusedTopic[];
  /** The lists that are shown, by `viewKey`. */
  readonly views: ReadonlyMap<string, View>;
  readonly counts: Counts | null;
  /** The room whose chats are counted; null for all. */
  readonly countedRoom: string | null;
  /** The chats that are open. Failed with 404: the chat is not the user's to see any more. */
  readonly threadLoads: ReadonlyMap<string, Load>;
  readonly outbox: readonly OutboxEntry[];
  /** What others wrote while the console was away, by chat. */
  readonly missed: CatchUp;
};

/** Holds the state, and tells listeners of each change. */
export class Store {
  #state: ReplicaState = {
    known: NOTHING_KNOWN,
    live: { is: 'stopped' },
    isSignedOut: false,
    refused: [],
    views: new Map(),
    counts: null,
    countedRoom: null,
    threadLoads: new Map(),
    outbox: [],
    missed: new Map(),
  };
  readonly #listeners = new Set<() => void>();

  get state(): ReplicaState {
    return this.#state;
  }

  set(change: Partial<ReplicaState>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) listener();
  }

  setView(key: string, view: View | null): void {
    this.set({ views: withEntry(this.#state.views, key, view) });
  }

  setThreadLoad(chatId: string, load: Load | null): void {
    this.set({ threadLoads: withEntry(this.#state.threadLoads, chatId, load) });
  }

  /** Answers how to stop listening. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** The map with an entry; null takes it away. */
export function withEntry<Value>(
  map: ReadonlyMap<string, Value>,
  key: string,
  value: Value | null,
): ReadonlyMap<string, Value> {
  const next = new Map(map);
  if (value === null) next.delete(key);
  else next.set(key, value);
  return next;
}
