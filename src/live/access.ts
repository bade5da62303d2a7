import type { RoutedRooms } from '../directory/routed-rooms.ts';
import { subscriberOf } from '../notifications/load-subscriber.ts';
import type { Subscriber } from '../notifications/subscriber.ts';
import { type IsolateCache, STALE_FOR } from '../platform/isolate-cache.ts';
import { errorText, writeLog } from '../platform/log.ts';
import { withinTime } from '../platform/timeout.ts';
import { CLOSE_REASONS, type CloseReason, isOver } from './limits.ts';
import type { SocketOwner } from './socket-owner.ts';

/** What is known of a socket's owner before their rooms. `database` is their organization's. */
export type OwnerFacts = {
  database: string;
  has_active_subscription: boolean;
  is_bot: boolean;
  has_reports: boolean;
  keeps_private_history: boolean;
  /** Of an organization's visitors, who share these facts: those whose secret was revoked. */
  revoked_visitors?: ReadonlySet<string>;
};

/** Where rights are looked up. */
export type AccessSource = {
  /** By `factsKey`. A missing owner: the token is revoked, or the owner is deleted. */
  factsOf(owners: readonly SocketOwner[]): Promise<ReadonlyMap<string, OwnerFacts>>;
  routedRoomsOf(organizationId: string, database: string): Promise<RoutedRooms>;
  /** The copy of the isolate, if it is younger than `age` (ms). */
  cachedRoutedRooms(organizationId: string, age: number): RoutedRooms | null;
};

export type AccessDeps = {
  source: AccessSource;
  /** The owners' facts in the isolate's memory, which survives the hub's sleep. */
  facts: IsolateCache<OwnerFacts>;
  /** ms. */
  timeToLive: () => number;
  clock: () => number;
};

/** Timeout of a look-up (ms). */
export const LOOK_UP_TIMEOUT = 2000;
/** After a failed look-up none is tried for this long (ms). Otherwise each event would wait while D1 is away. */
const PAUSE_AFTER_FAILURE = 5000;

/** What an owner may see now, or why their sockets are closed. */
export type Access = { subscriber: Subscriber } | { closeReason: CloseReason };

/** The access of owners. A missing one is unknown and cannot be looked up now. */
export type Accesses = ReadonlyMap<SocketOwner, Access>;

/**
 * The rights of sockets' owners. They are looked up when there is something to send, and used for `timeToLive` ms, or
 * up to 10 minutes while they cannot be looked up.
 */
export class AccessCache {
  readonly #deps: AccessDeps;
  #pauseUntil = 0;
  /** The owners of the next look-up, which begins when the current one ends. */
  #next: { owners: Set<SocketOwner>; found: Promise<Accesses> } | null = null;
  #working: Promise<void> = Promise.resolve();

  constructor(deps: AccessDeps) {
    this.#deps = deps;
  }

  /** An owner's access, if it is known without a look-up; null otherwise. */
  known(owner: SocketOwner): Access | null {
    return this.#access(owner, this.#deps.timeToLive(), null);
  }

  /**
   * Looks up the access of owners with a few trips to D1 for all of them. One look-up runs at a time; owners that are
   * added meanwhile are in the next. Never rejects.
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

  /** Reads what is not in memory. */
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

  /** `age`: how old a copy may be (ms). `asked`: the results of a look-up. */
  #access(owner: SocketOwner, age: number, asked: Asked | null): Access | null {
    const { source, facts, clock } = this.#deps;
    if (isOver(owner.expires_at, clock())) return { closeReason: CLOSE_REASONS.token };
    const key = factsKey(owner);
    const answer = asked?.facts.get(key);
    if (answer === null) return { closeReason: CLOSE_REASONS.token };
    const known = answer ?? facts.peek(key, age);
    if (known === null) return null;
    const closeReason = closeReasonOf(owner, known);
    if (closeReason !== null) return { closeReason };
    if (owner.kind === 'visitor') return { subscriber: { kind: 'visitor', visitor_id: owner.visitor_id } };
    const { organization_id, user_id } = owner;
    const routed = asked?.routed.get(organization_id) ?? source.cachedRoutedRooms(organization_id, age);
    if (routed === null) return null;
    const { is_bot, has_reports, keeps_private_history } = known;
    const owned = { organization_id, user_id, is_bot, has_reports, keeps_private_history };
    return { subscriber: subscriberOf(routed, owned) };
  }
}

/** Why an owner may have no socket now, whenever their token ends; null when they may. `facts`: null without an owner. */
export function closeReasonOf(owner: SocketOwner, facts: OwnerFacts | null): CloseReason | null {
  if (facts === null) return CLOSE_REASONS.token;
  if (!facts.has_active_subscription) return CLOSE_REASONS.subscription;
  const isRevoked = owner.kind === 'visitor' && facts.revoked_visitors?.has(owner.visitor_id) === true;
  return isRevoked ? CLOSE_REASONS.token : null;
}

/** The results of one look-up. Facts are null for an owner who is deleted. */
class Asked {
  readonly facts = new Map<string, OwnerFacts | null>();
  readonly routed = new Map<string, RoutedRooms>();
}

/** The key of an owner's facts in the cache. */
export function factsKey(owner: SocketOwner): string {
  if (owner.kind === 'visitor') return `visitor/${owner.organization_id}`;
  const { credential, user_id } = owner;
  if (credential.kind === 'token') return `token/${credential.digest}/${user_id}`;
  const { installation_id, opener_token_id = '', secret_version = '' } = credential;
  return `app/${installation_id}/${user_id}/${opener_token_id}/${secret_version}`;
}
