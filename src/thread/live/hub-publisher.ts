import type { ChatState, ThreadFacts, Transition } from '../../domain/state.ts';
import type { Audience } from '../../notifications/audience.ts';
import {
  KINDS,
  type Notification,
  notificationsOf,
  type ThreadUpdate,
  type View,
  visibilityOf,
} from '../../notifications/notifications.ts';
import { RetriedRun } from '../../platform/retried-run.ts';
import type { Timers } from '../../platform/timers.ts';
import {
  CLOCKS_DIFFER,
  organizationHub,
  type PublishRequest,
  type PublishResult,
  visitorHub,
} from '../../rpc/live-hub.ts';
import { RecentUpdates } from './recent-updates.ts';

/** Hubs keep events for 24 h and want no older ones. ms. */
const INTEREST = 24 * 3_600_000;
/** Most events in one call. */
const EVENTS_IN_A_CALL = 100;

/** The timer of a hub that could not be reached: when it is tried again. */
const TIMER_OF = (hub: string) => `hub/${hub}`;

export type HubPublisherDeps = {
  /** The thread; null before its first commit. */
  thread: () => { name: string; facts: ThreadFacts; last_seq: number } | null;
  publish: (request: PublishRequest) => Promise<PublishResult>;
  sendEphemeral: (hub: string, update: ThreadUpdate) => Promise<void>;
  /** Checkpoints in storage. */
  readCheckpoint: (hub: string) => number | null;
  writeCheckpoint: (hub: string, seq: number) => void;
  /** The `seq` of the last event before a time (ms); 0 for none. */
  lastBefore: (time: number) => number;
  /** The updates of the log above `after`, at most `limit` events. `upto`: the last `seq` covered. */
  replay: (view: View, after: number, limit: number) => { entries: ThreadUpdate[]; upto: number };
  timers: Pick<Timers, 'fail' | 'clear' | 'isBackingOff' | 'failures'>;
  now: () => number;
  background: (work: Promise<unknown>) => void;
  /** Called when a hub could not be reached. */
  failed: (error: unknown) => void;
};

type Hub = {
  name: string;
  view: View;
  /** Up to which `seq` the hub has the thread's events, and up to which that is stored. */
  checkpoint: number;
  written: number;
  run: RetriedRun;
};

/**
 * Publishes a thread's updates to live hubs after the answer: to each hub the events after its checkpoint, with one
 * call in flight. Recent updates are in memory. After a crash or a long failure they are replayed from the log. Updates
 * after the last stored checkpoint are then published again, and the hub ignores them.
 */
export class HubPublisher {
  readonly #deps: HubPublisherDeps;
  readonly #hubs = new Map<string, Hub>();
  readonly #publishing = new Set<Promise<void>>();
  readonly #recent: { readonly [view in View]: RecentUpdates } = {
    organization: new RecentUpdates(),
    visitor: new RecentUpdates(),
  };

  constructor(deps: HubPublisherDeps) {
    this.#deps = deps;
  }

  /**
   * Takes the transitions of a commit, above `before`, and publishes them to the hubs of the audience and of the
   * visitor. Never rejects.
   */
  committed(transitions: readonly Transition[], before: number, audience: Audience): void {
    const hubs = this.#follow(audience, before);
    const { last_seq = before } = this.#deps.thread() ?? {};
    for (const view of new Set(hubs.map((hub) => hub.view))) {
      const entries = transitions.map((transition) => notificationsOf(transition, view, KINDS));
      this.#recent[view].add(
        before,
        entries.filter(({ notifications }) => notifications.length > 0),
        last_seq,
      );
    }
    for (const hub of hubs) this.#run(hub);
  }

  /** Sends an ephemeral update (typing): at most once, never stored. */
  sendEphemeral(
    audience: Audience,
    chat: ChatState,
    notificationFor: (view: View, hub: string) => Notification | null,
  ): void {
    const thread = this.#deps.thread();
    if (thread === null) return;
    for (const { name, view } of hubsOf(thread.facts, audience)) {
      const about = { seq: thread.last_seq, at: this.#deps.now(), origin: null, is_silent: false };
      const notification = notificationFor(view, name);
      if (notification === null) continue;
      const update = { ...about, place: visibilityOf(chat, chat), notifications: [notification] };
      this.#deps.background(this.#deps.sendEphemeral(name, update).catch((error) => this.#deps.failed(error)));
    }
  }

  /** Publishes to the hubs of the audience everything they lack, unless they are backing off. */
  catchUp(audience: Audience): void {
    const thread = this.#deps.thread();
    if (thread === null) return;
    for (const hub of this.#follow(audience, thread.last_seq)) this.#run(hub);
  }

  /** Forgets the updates in memory, which show what was purged since. Others are made from the log. */
  forgetRecent(): void {
    for (const updates of Object.values(this.#recent)) updates.forget(Number.POSITIVE_INFINITY);
  }

  /** The hubs of the audience, and those to which this instance has published. */
  hubNames(audience: Audience): string[] {
    const thread = this.#deps.thread();
    const now = thread === null ? [] : hubsOf(thread.facts, audience).map(({ name }) => name);
    return [...new Set([...now, ...this.#hubs.keys()])];
  }

  /** Resolves when all calls in flight have ended. Never rejects. */
  async settled(): Promise<void> {
    while (this.#publishing.size > 0) await Promise.all(this.#publishing);
  }

  /** Whether each hub of the audience has everything, and a new instance would know that too. */
  isSettled(audience: Audience): boolean {
    const thread = this.#deps.thread();
    if (thread === null) return true;
    const known = [...this.#hubs.values()].every(
      ({ checkpoint, written }) => checkpoint === written && checkpoint >= thread.last_seq,
    );
    return known && hubsOf(thread.facts, audience).every(({ name }) => this.#checkpointOf(name) >= thread.last_seq);
  }

  /** Stores how far the hubs are. */
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
   * The hubs to publish to. `before` is the `seq` before the new events. A hub that sleeps now, or is outside the
   * audience, is forgotten once it has what came before.
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
      const { timers, failed } = this.#deps;
      const run = new RetriedRun({ timers, timer: TIMER_OF(name), failed });
      const hub: Hub = { name, view, checkpoint, written, run };
      this.#hubs.set(name, hub);
      return hub;
    });
    return [...hubs, ...behind];
  }

  /** The `seq` of the last event that a hub awake since this time (ms) does not want. */
  #lastOfNoInterest(since: number): number {
    return this.#deps.lastBefore(Math.max(since - CLOCKS_DIFFER, this.#deps.now() - INTEREST));
  }

  #run(hub: Hub): void {
    if (!hub.run.canBegin) return;
    const publishing = hub.run.begin(() => this.#publish(hub)).finally(() => this.#publishing.delete(publishing));
    this.#publishing.add(publishing);
    this.#deps.background(publishing);
  }

  /** Publishes to a hub everything it lacks. Rejects when it could not be reached or refuses. */
  async #publish(hub: Hub): Promise<void> {
    const { timers, publish } = this.#deps;
    const timer = TIMER_OF(hub.name);
    if (timers.failures(timer) > 0) hub.checkpoint = Math.max(hub.checkpoint, this.#lastOfNoInterest(0));
    for (
      let thread = this.#deps.thread();
      thread !== null && hub.checkpoint < thread.last_seq;
      thread = this.#deps.thread()
    ) {
      const { entries, upto } = this.#next(hub);
      const result = await publish({ v: 1, hub: hub.name, thread: thread.name, entries, upto });
      if (!result.ok) throw new Error(`the hub refused: ${result.reason}`);
      hub.checkpoint = upto;
    }
    timers.clear(timer);
  }

  #next({ view, checkpoint }: Hub): { entries: ThreadUpdate[]; upto: number } {
    return (
      this.#recent[view].after(checkpoint, EVENTS_IN_A_CALL) ?? this.#deps.replay(view, checkpoint, EVENTS_IN_A_CALL)
    );
  }
}

/**
 * The hubs of a thread. A visitor's hub gets the threads in which they can be at the hub themselves; visitors of
 * channels never are.
 */
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
