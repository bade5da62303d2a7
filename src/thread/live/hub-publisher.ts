import type { ChatState, ThreadFacts, Transition } from '../../domain/state.ts';
import type { Audience } from '../../notifications/audience.ts';
import {
  KINDS,
  type Notification,
  notificationsOf,
  placeOf,
  type ThreadUpdate,
  type View,
} from '../../notifications/notifications.ts';
import type { Timers } from '../../platform/timers.ts';
import { CLOCKS_DIFFER, type Fed, type Feed, organizationHub, visitorHub } from '../../rpc/live-hub.ts';
import { RecentUpdates } from './recent-updates.ts';

/** Hubs keep what they are told for 24 h; older events are of no interest to them. ms. */
const INTEREST = 24 * 3_600_000;
/** Events in one call. */
const EVENTS_IN_A_CALL = 100;

/** Names of the timers that say when a hub that could not be told is told again. */
const TIMER_OF = (hub: string) => `hub/${hub}`;

export type LiveDeps = {
  /** The thread as it is; null before its first commit. */
  thread: () => { name: string; facts: ThreadFacts; last_seq: number } | null;
  feed: (feed: Feed) => Promise<Fed>;
  mention: (hub: string, told: ThreadUpdate) => Promise<void>;
  /** Checkpoints on disk. */
  readCheckpoint: (hub: string) => number | null;
  writeCheckpoint: (hub: string, seq: number) => void;
  /** `seq` of the last event before a time (ms); 0 for none. */
  lastBefore: (time: number) => number;
  /** Events of the log above `after`, at most `limit`, as they were told; `upto` says how far they go. */
  recall: (view: View, after: number, limit: number) => { entries: ThreadUpdate[]; upto: number };
  timers: Pick<Timers, 'fail' | 'clear' | 'isBackingOff' | 'failures'>;
  now: () => number;
  background: (work: Promise<unknown>) => void;
  /** Told when a hub could not be told. */
  failed: (error: unknown) => void;
};

type Hub = {
  name: string;
  view: View;
  /** Up to which `seq` the hub has the thread, and up to which that is on disk. */
  checkpoint: number;
  written: number;
  isRunning: boolean;
};

/**
 * Tells live hubs what happens in the thread, after the answer: the events after each hub's checkpoint, one call in flight. The
 * newest events are in memory; after a crash or a long failure they are recalled from the log. What was told after the last checkpoint on
 * disk is told again then, and the hub drops it.
 */
export class HubPublisher {
  readonly #deps: LiveDeps;
  readonly #hubs = new Map<string, Hub>();
  readonly #telling = new Set<Promise<void>>();
  readonly #tails: { readonly [view in View]: RecentUpdates } = {
    organization: new RecentUpdates(),
    visitor: new RecentUpdates(),
  };

  constructor(deps: LiveDeps) {
    this.#deps = deps;
  }

  /** Takes the transitions of a commit, above `before`, and tells the hubs of the audience and the visitor's. Never rejects. */
  committed(transitions: readonly Transition[], before: number, audience: Audience): void {
    const hubs = this.#follow(audience, before);
    const { last_seq = before } = this.#deps.thread() ?? {};
    for (const view of new Set(hubs.map((hub) => hub.view))) {
      const entries = transitions.map((transition) => notificationsOf(transition, view, KINDS));
      this.#tails[view].add(
        before,
        entries.filter(({ notifications }) => notifications.length > 0),
        last_seq,
      );
    }
    for (const hub of hubs) this.#run(hub);
  }

  /** Tells the hubs what is never logged. Nobody is told twice, or later. */
  mention(audience: Audience, chat: ChatState, notificationFor: (view: View) => Notification): void {
    const thread = this.#deps.thread();
    if (thread === null) return;
    for (const { name, view } of hubsOf(thread.facts, audience)) {
      const about = { seq: thread.last_seq, at: this.#deps.now(), origin: null, is_silent: false };
      const told = { ...about, place: placeOf(chat, chat), notifications: [notificationFor(view)] };
      this.#deps.background(this.#deps.mention(name, told).catch((error) => this.#deps.failed(error)));
    }
  }

  /** Tells the hubs of the audience, as it is known to be now, whatever they do not have yet, unless they are backing off. */
  catchUp(audience: Audience): void {
    const thread = this.#deps.thread();
    if (thread === null) return;
    for (const hub of this.#follow(audience, thread.last_seq)) this.#run(hub);
  }

  /** Resolves when the hubs have answered, or failed to. Never rejects. */
  async settled(): Promise<void> {
    while (this.#telling.size > 0) await Promise.all(this.#telling);
  }

  /** Whether each hub of the audience has everything, also as far as a new instance of the object knows. */
  isSettled(audience: Audience): boolean {
    const thread = this.#deps.thread();
    if (thread === null) return true;
    const known = [...this.#hubs.values()].every(
      ({ checkpoint, written }) => checkpoint === written && checkpoint >= thread.last_seq,
    );
    return known && hubsOf(thread.facts, audience).every(({ name }) => this.#checkpointOf(name) >= thread.last_seq);
  }

  /** Writes down how far the hubs are. */
  writeCheckpoints(): void {
    for (const hub of this.#hubs.values()) {
      if (hub.checkpoint === hub.written) continue;
      this.#deps.writeCheckpoint(hub.name, hub.checkpoint);
      hub.written = hub.checkpoint;
    }
  }

  #checkpointOf(hub: string): number {
    return this.#hubs.get(hub)?.written ?? this.#deps.readCheckpoint(hub) ?? 0;
  }

  /**
   * The hubs that are to be told now, `before` the events that follow. One that fell asleep, or is not concerned by what follows, is
   * forgotten once it has what it was to be told before.
   */
  #follow(audience: Audience, before: number): Hub[] {
    const thread = this.#deps.thread();
    const wanted = thread === null ? [] : hubsOf(thread.facts, audience);
    const names = new Set(wanted.map(({ name }) => name));
    const others = [...this.#hubs.values()].filter(({ name }) => !names.has(name));
    for (const { name, checkpoint } of others) if (checkpoint >= before) this.#hubs.delete(name);
    const behind = others.filter(({ checkpoint }) => checkpoint < before);
    const hubs = wanted.map(({ name, view, since }) => {
      const known = this.#hubs.get(name);
      if (known !== undefined) return known;
      const written = this.#deps.readCheckpoint(name) ?? 0;
      const checkpoint = Math.max(written, Math.min(before, this.#lastOfNoInterest(since)));
      const hub: Hub = { name, view, checkpoint, written, isRunning: false };
      this.#hubs.set(name, hub);
      return hub;
    });
    return [...hubs, ...behind];
  }

  /** `seq` of the last event that no hub wants that is awake since then (ms). */
  #lastOfNoInterest(since: number): number {
    return this.#deps.lastBefore(Math.max(since - CLOCKS_DIFFER, this.#deps.now() - INTEREST));
  }

  #run(hub: Hub): void {
    if (hub.isRunning || this.#deps.timers.isBackingOff(TIMER_OF(hub.name))) return;
    hub.isRunning = true;
    const telling = this.#tell(hub).finally(() => {
      hub.isRunning = false;
      this.#telling.delete(telling);
    });
    this.#telling.add(telling);
    this.#deps.background(telling);
  }

  /** Tells a hub all that it does not have yet. Never rejects. */
  async #tell(hub: Hub): Promise<void> {
    const timer = TIMER_OF(hub.name);
    try {
      if (this.#deps.timers.failures(timer) > 0) hub.checkpoint = Math.max(hub.checkpoint, this.#lastOfNoInterest(0));
      for (
        let thread = this.#deps.thread();
        thread !== null && hub.checkpoint < thread.last_seq;
        thread = this.#deps.thread()
      ) {
        const { entries, upto } = this.#next(hub);
        const fed = await this.#deps.feed({ v: 1, hub: hub.name, thread: thread.name, entries, upto });
        if (!fed.ok) throw new Error(`the hub refused: ${fed.reason}`);
        hub.checkpoint = upto;
      }
      this.#deps.timers.clear(timer);
    } catch (error) {
      this.#deps.timers.fail(timer);
      this.#deps.failed(error);
    }
  }

  #next({ view, checkpoint }: Hub): { entries: ThreadUpdate[]; upto: number } {
    return (
      this.#tails[view].after(checkpoint, EVENTS_IN_A_CALL) ?? this.#deps.recall(view, checkpoint, EVENTS_IN_A_CALL)
    );
  }
}

/** A visitor's hub is told by every thread in which they may be at the hub themselves; visitors of channels never are. */
function hubsOf(thread: ThreadFacts, audience: Audience): { name: string; view: View; since: number }[] {
  const organizations = audience.hubs.map(({ organization_id, since }) => ({
    name: organizationHub(organization_id),
    view: 'organization' as const,
    since,
  }));
  const { visitor_id, channel_id } = thread;
  if (visitor_id === null || channel_id !== null) return organizations;
  return [...organizations, { name: visitorHub(visitor_id), view: 'visitor', since: 0 }];
}
