import { createIsolateCache, STALE_FOR } from '../isolate-cache.ts';
import type { Listener, UserListener } from '../projections/listener.ts';
import type { Channel } from '../resources/channel-path.ts';
import { ENDINGS, type Ending } from './endings.ts';
import type { SocketOwner } from './socket-owner.ts';

/** What is known of a socket's owner before his reach. `database` is his organization's. */
export type OwnerFacts = {
  database: string;
  has_active_subscription: boolean;
  has_reports: boolean;
  keeps_private_history: boolean;
};

/** Where rights are looked up. Null: the token is revoked, or its owner is gone. */
export type RightsSource = {
  factsOf(owner: SocketOwner): Promise<OwnerFacts | null>;
  listenerOf(
    owner: SocketOwner & { kind: 'user' },
    facts: OwnerFacts,
    channels: readonly Pick<Channel, 'chats' | 'part'>[],
  ): Promise<UserListener>;
};

/** When a look-up has failed, none is tried for so long (ms): nobody waits for each event while D1 is away. */
const PAUSE_AFTER_FAILURE = 5000;

/** How an owner stands now: what he may hear, or why his sockets are closed. */
export type Standing = { listener: Listener } | { ending: Ending };

/**
 * The rights of those who listen: looked up when there is something for them, at most `timeToLive` ms old, and up to 10 minutes while
 * they cannot be looked up.
 */
export class Rights {
  readonly #source: RightsSource;
  readonly #timeToLive: () => number;
  readonly #clock: () => number;
  readonly #facts;
  readonly #listeners;
  #pauseUntil = 0;
  /** A hub has one visitor at most. */
  readonly #visitors = new Map<string, Listener>();

  constructor(source: RightsSource, timeToLive: () => number, clock: () => number) {
    this.#source = source;
    this.#timeToLive = timeToLive;
    this.#clock = clock;
    const bounds = { clock, limit: 20_000, staleFor: STALE_FOR };
    this.#facts = createIsolateCache<OwnerFacts>(bounds);
    this.#listeners = createIsolateCache<UserListener>(bounds);
  }

  /**
   * @param needs names the kinds of `channels` (LiveSocket.needs). Answers the same listener, not merely an equal one, while it is kept.
   * Rejects when the rights are not known and cannot be looked up.
   */
  async standingOf(
    owner: SocketOwner,
    needs: string,
    channels: () => readonly Pick<Channel, 'chats' | 'part'>[],
  ): Promise<Standing> {
    if (isOver(owner.expires_at, this.#clock())) return { ending: ENDINGS.token };
    const facts = await this.#facts.get(factsKey(owner), this.#timeToLive(), () =>
      this.#lookUp(() => this.#source.factsOf(owner)),
    );
    if (facts === null) return { ending: ENDINGS.token };
    if (!facts.has_active_subscription) return { ending: ENDINGS.subscription };
    if (owner.kind === 'visitor') return { listener: this.#visitor(owner.visitor_id) };
    const flags = `${facts.has_reports}/${facts.keeps_private_history}`;
    const load = () => this.#lookUp(() => this.#source.listenerOf(owner, facts, channels()));
    const listener = await this.#listeners.get(`${owner.user_id}/${flags}/${needs}`, this.#timeToLive(), load);
    if (listener === null) throw new Error('a listener is never absent');
    return { listener };
  }

  async #lookUp<Found>(ask: () => Promise<Found>): Promise<Found> {
    if (this.#clock() < this.#pauseUntil) throw new Error('a look-up has just failed');
    try {
      return await ask();
    } catch (error) {
      this.#pauseUntil = this.#clock() + PAUSE_AFTER_FAILURE;
      throw error;
    }
  }

  #visitor(visitor_id: string): Listener {
    const known = this.#visitors.get(visitor_id);
    if (known !== undefined) return known;
    const listener: Listener = { kind: 'visitor', visitor_id };
    this.#visitors.set(visitor_id, listener);
    return listener;
  }
}

/** The key under which what is looked up for an owner is kept. */
export function factsKey(owner: SocketOwner): string {
  if (owner.kind === 'visitor') return `visitor/${owner.organization_id}`;
  const { credential } = owner;
  if (credential.kind === 'token') return `token/${credential.digest}`;
  return `app/${credential.installation_id}/${owner.user_id}`;
}

/** Whether a token that ends at `at` (ms, null: never) has ended. */
export function isOver(at: number | null, now: number): boolean {
  return at !== null && now >= at;
}
