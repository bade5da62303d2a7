import type { RoutedRooms } from '../directory/routed-rooms.ts';
import { subscriberOf } from '../notifications/load-subscriber.ts';
import type { Subscriber } from '../notifications/subscriber.ts';
import { type IsolateCache, STALE_FOR } from '../platform/isolate-cache.ts';
import { errorText, writeLog } from '../platform/log.ts';
import { withinTime } from '../platform/timeout.ts';
import { CLOSE_REASONS, type CloseReason, isOver } from './limits.ts';
import type { SocketOwner } from './socket-owner.ts';

/** What is known of a socket's owner before their reach. `database` is their organization's. */
export type OwnerFacts = {
  database: string;
  has_active_subscription: boolean;
  has_reports: boolean;
  keeps_private_history: boolean;
};

/** Where rights are looked up. */
export type AccessSource = {
  /** By `factsKey`. Missing: the token is revoked, or its owner is gone. */
  factsOf(owners: readonly SocketOwner[]): Promise<ReadonlyMap<string, OwnerFacts>>;
  routedRoomsOf(organizationId: string, database: string): Promise<RoutedRooms>;
  /** What was read of them before and is younger than `age` (ms). */
  cachedRoutedRooms(organizationId: string, age: number): RoutedRooms | null;
};

export type AccessDeps = {
  source: AccessSource;
  /** What is known of owners outlives the hub's sleep in the memory of its isolate. */
  facts: IsolateCache<OwnerFacts>;
  /** ms. */
  timeToLive: () => number;
  clock: () => number;
};

/** A look-up that takes longer (ms) counts as failed. */
const LOOK_UP_TIMEOUT = 2000;
/** When a look-up has failed, none is tried for so long (ms): nobody waits for each event while D1 is away. */
const PAUSE_AFTER_FAILURE = 5000;

/** How an owner stands now: what they may hear, or why their sockets are closed. */
export type Access = { subscriber: Subscriber } | { closeReason: CloseReason };

/** How owners stand. Who is missing is not known, and cannot be looked up at present. */
export type Accesses = ReadonlyMap<SocketOwner, Access>;

/**
 * The rights of those who listen: looked up when there is something for them, at most `timeToLive` ms old, and up to 10 minutes while
 * they cannot be looked up.
 */
export class AccessCache {
  readonly #deps: AccessDeps;
  #pauseUntil = 0;
  /** Those who wait for the look-up after the one that is under way. */
  #next: { owners: Set<SocketOwner>; found: Promise<Accesses> } | null = null;
  #working: Promise<void> = Promise.resolve();

  constructor(deps: AccessDeps) {
    this.#deps = deps;
  }

  /** How an owner stands, if that is known without a look-up; null when it is not. */
  known(owner: SocketOwner): Access | null {
    return this.#access(owner, this.#deps.timeToLive(), null);
  }

  /**
   * Looks up how owners stand, all of them in the same few trips to D1. One look-up is under way at a time; who asks meanwhile is in
   * the next. Never rejects.
   */
  lookUp(owners: Iterable<SocketOwner>): Promise<Accesses> {
    if (this.#next === null) {
      const waiting = new Set<SocketOwner>();
      const found = this.#working.then(() => {
        this.#next = null;
        return this.#ask([...waiting]);
      });
      this.#working = found.then(() => {});
      this.#next = { owners: waiting, found };
    }
    for (const owner of owners) this.#next.owners.add(owner);
    return this.#next.found;
  }

  async #ask(owners: readonly SocketOwner[]): Promise<Accesses> {
    const { clock, timeToLive } = this.#deps;
    const asked = new Asked();
    let age = timeToLive();
    if (clock() >= this.#pauseUntil) {
      const inTime = await withinTime(this.#read(owners, asked), LOOK_UP_TIMEOUT).catch((error: unknown) => ({
        error,
      }));
      if (inTime !== true) {
        this.#pauseUntil = clock() + PAUSE_AFTER_FAILURE;
        const error = inTime === null ? 'D1 did not answer in time' : errorText(inTime.error);
        writeLog('error', 'live_rights_unavailable', { error });
      }
    }
    if (clock() < this.#pauseUntil && age > 0) age = STALE_FOR;
    const accesses = new Map<SocketOwner, Access>();
    for (const owner of owners) {
      const access = this.#access(owner, age, asked);
      if (access !== null) accesses.set(owner, access);
    }
    return accesses;
  }

  /** Reads what is not known. */
  async #read(owners: readonly SocketOwner[], asked: Asked): Promise<true> {
    const { source, facts, timeToLive } = this.#deps;
    const age = timeToLive();
    const unknown = new Map<string, SocketOwner>();
    for (const owner of owners) {
      const key = factsKey(owner);
      const known = facts.peek(key, age);
      if (known === null) unknown.set(key, owner);
      else asked.facts.set(key, known);
    }
    if (unknown.size > 0) {
      const keep = facts.beginLoad();
      const found = await source.factsOf([...unknown.values()]);
      for (const key of unknown.keys()) {
        const each = found.get(key) ?? null;
        asked.facts.set(key, each);
        if (age > 0) keep(key, each);
      }
    }
    for (const owner of owners) {
      const { organization_id: id, kind } = owner;
      const database = asked.facts.get(factsKey(owner))?.database;
      if (kind === 'visitor' || database === undefined || asked.routed.has(id)) continue;
      asked.routed.set(id, await source.routedRoomsOf(id, database));
    }
    return true;
  }

  /** `age`: what is kept may be so old (ms). `asked`: what a look-up goes by. */
  #access(owner: SocketOwner, age: number, asked: Asked | null): Access | null {
    const { source, facts, clock } = this.#deps;
    if (isOver(owner.expires_at, clock())) return { closeReason: CLOSE_REASONS.token };
    const key = factsKey(owner);
    const answer = asked?.facts.get(key);
    if (answer === null) return { closeReason: CLOSE_REASONS.token };
    const known = answer ?? facts.peek(key, age);
    if (known === null) return null;
    if (!known.has_active_subscription) return { closeReason: CLOSE_REASONS.subscription };
    if (owner.kind === 'visitor') return { subscriber: { kind: 'visitor', visitor_id: owner.visitor_id } };
    const { organization_id, user_id } = owner;
    const routed = asked?.routed.get(organization_id) ?? source.cachedRoutedRooms(organization_id, age);
    if (routed === null) return null;
    const { has_reports, keeps_private_history } = known;
    return { subscriber: subscriberOf(routed, { organization_id, user_id, has_reports, keeps_private_history }) };
  }
}

/** What one look-up goes by; facts are null of who is gone. */
class Asked {
  readonly facts = new Map<string, OwnerFacts | null>();
  readonly routed = new Map<string, RoutedRooms>();
}

/** The key under which what is looked up for an owner is kept. */
export function factsKey(owner: SocketOwner): string {
  if (owner.kind === 'visitor') return `visitor/${owner.organization_id}`;
  const { credential, user_id } = owner;
  if (credential.kind === 'token') return `token/${credential.digest}/${user_id}`;
  return `app/${credential.installation_id}/${user_id}`;
}
