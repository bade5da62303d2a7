import type { Attempt, Claim, Lane, Pointer, Receiver, ReportAnswer, Track } from '../delivery/lane.ts';
import type { LaneMark } from '../projections/accept.ts';
import { firstUuidAt, parseUuidVersion7 } from '../resources/uuid.ts';
import {
  claimHead,
  isLaneBusy,
  type LaneClock,
  oldestFinishedDelivery,
  pruneDeliveries,
  type ReplayFilter,
  readDelivery,
  recordOutcome,
  replayDeliveries,
  waitingTracks,
} from './store/outbox.ts';

/** The alarm offers a track again after this long (ms). */
const OFFER_AGAIN_AFTER = 30_000;
/** Finished deliveries are kept for 30 days. ms. */
const KEEP_DELIVERIES = 30 * 24 * 3_600_000;

export type LanePorts = {
  sql: SqlStorage;
  transaction: <T>(change: () => T) => T;
  /** Name of the thread and its organization; null while nothing was ever accepted. */
  thread: () => { name: string; organization_id: string } | null;
  send: (pointer: Pointer) => void;
  /** Told in the same turn that deliveries or lanes have changed, with the time (ms). */
  changed: (at: number) => void;
};

/** The lanes of a thread: what its receivers still have to get, and when somebody should be reminded of it (ENGINE 4). */
export class Lanes {
  /** Version of the last changed delivery or lane. */
  version = 0;
  readonly #ports: LanePorts;
  /** When a track was last offered by the alarm (ms), by receiver and track. */
  readonly #offeredAt = new Map<string, number>();

  constructor(ports: LanePorts) {
    this.#ports = ports;
  }

  claim(request: Parameters<Lane['claim']>[0]): Claim {
    return this.#change((clock) => claimHead(this.#ports.sql, request, clock)) ?? { kind: 'nothing' };
  }

  report(request: Parameters<Lane['report']>[0]): ReportAnswer {
    const answer = this.#change((clock) => recordOutcome(this.#ports.sql, request, clock));
    return answer ?? { is_stale: true, next: null, offer_in: null };
  }

  /** Puts finished deliveries back to pending beside their lane and offers them. Answers how many. */
  replay(receiver: Receiver, filter: ReplayFilter): number {
    const replayed = this.#change((clock) => replayDeliveries(this.#ports.sql, receiver, filter, clock)) ?? 0;
    if (replayed > 0) this.offer(receiver, 'replay');
    return replayed;
  }

  readDelivery(id: string): { body: string; attempts: Attempt[] } | null {
    return this.#hasDeliveries() ? readDelivery(this.#ports.sql, id) : null;
  }

  /** What the lane has accepted so far; null for a new one. */
  mark(receiver: Receiver): LaneMark | null {
    if (!this.#hasDeliveries()) return null;
    const sql = 'SELECT receiver, organization_id, accepted, last_seq FROM lanes WHERE receiver = ?';
    return this.#ports.sql.exec<LaneMark>(sql, receiver).toArray()[0] ?? null;
  }

  /** Whether somebody is at work on the lane, so that a new delivery needs no offer. */
  isBusy(receiver: Receiver): boolean {
    return this.#hasDeliveries() && isLaneBusy(this.#ports.sql, receiver);
  }

  offer(receiver: Receiver, track: Track): void {
    const thread = this.#ports.thread();
    if (thread !== null) this.#ports.send({ v: 1, thread: thread.name, receiver, track, drain: false });
  }

  /** Offers the tracks that wait for it. `now` in ms. */
  offerDue(now: number): void {
    for (const { receiver, track, offer_at } of this.#tracks()) {
      if (offer_at > now) continue;
      this.#offeredAt.set(`${track} ${receiver}`, now);
      this.offer(receiver, track);
    }
  }

  /** Deletes deliveries whose time is over and whose end D1 knows: its version is at most `acknowledged`. `now` in ms. */
  prune(now: number, acknowledged: number): void {
    if (!this.#hasDeliveries()) return;
    const bound = firstUuidAt(now - KEEP_DELIVERIES);
    this.#ports.transaction(() => pruneDeliveries(this.#ports.sql, bound, acknowledged));
  }

  /** When the alarm should ring for a track, and for the end of the oldest delivery (ms). */
  dueTimes(now: number, acknowledged: number): { lanes: number[]; expiry: number | null } {
    const oldest = this.#hasDeliveries() ? oldestFinishedDelivery(this.#ports.sql, acknowledged) : null;
    return {
      lanes: this.#tracks().map(({ offer_at }) => offer_at),
      expiry: oldest === null ? null : (parseUuidVersion7(oldest)?.at ?? now) + KEEP_DELIVERIES,
    };
  }

  /** Changes deliveries in one transaction. Null when nothing was ever accepted: the tables are made with the first webhook. */
  #change<T>(change: (clock: LaneClock) => T): T | null {
    const thread = this.#ports.thread();
    if (thread === null || !this.#hasDeliveries()) return null;
    let version = this.version;
    const clock: LaneClock = {
      now: Date.now(),
      random: Math.random(),
      organization_id: thread.organization_id,
      nextVersion: () => {
        version += 1;
        return version;
      },
    };
    const answer = this.#ports.transaction(() => change(clock));
    if (version > this.version) {
      this.version = version;
      this.#ports.changed(clock.now);
    }
    return answer;
  }

  #tracks() {
    const tracks = this.#hasDeliveries() ? waitingTracks(this.#ports.sql) : [];
    return tracks.map(({ receiver, track, offer_at }) => {
      const offered = this.#offeredAt.get(`${track} ${receiver}`);
      const again = offered === undefined ? 0 : offered + OFFER_AGAIN_AFTER;
      return { receiver, track, offer_at: Math.max(offer_at, again) };
    });
  }

  /** Whether anything was ever accepted for a receiver here: most alarms ring in threads where nothing was. */
  #hasDeliveries(): boolean {
    return this.version > 0;
  }
}
