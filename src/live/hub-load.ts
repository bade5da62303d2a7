import { SubscriptionIndex } from './subscription-index.ts';

/**
 * Most subscriptions of all sockets of a hub. They take about 35 MB; 10,000 sockets take 15 MB more, and an object has
 * 128 MB.
 */
export const MOST_SUBSCRIPTIONS = 50_000;
/** Limit of unacknowledged characters of all sockets of a hub. At this limit each socket may have an equal share. */
export const MOST_UNACKNOWLEDGED = 40_000_000;
/** At this limit paused sockets get no answers either. */
const TOO_MANY_UNACKNOWLEDGED = 50_000_000;

/** What all sockets of a hub take of its memory. */
export class HubLoad<Socket> {
  readonly subscriptions = new SubscriptionIndex<Socket>();
  sockets = 0;
  /** Characters that were sent and not acknowledged. */
  unacknowledged = 0;
  /** Called when a socket is paused, with the time (ms). */
  readonly paused: (now: number) => void;

  constructor(paused: (now: number) => void) {
    this.paused = paused;
  }

  /** How many more subscriptions the hub accepts. */
  get freeSubscriptions(): number {
    return Math.max(0, MOST_SUBSCRIPTIONS - this.subscriptions.size);
  }

  /**
   * Whether a socket with this many unacknowledged characters must pause, because all sockets together have too many.
   */
  isMoreThanShare(characters: number): boolean {
    return this.unacknowledged >= MOST_UNACKNOWLEDGED && characters > MOST_UNACKNOWLEDGED / Math.max(1, this.sockets);
  }

  /** Whether even answers are too much. */
  get isOverloaded(): boolean {
    return this.unacknowledged >= TOO_MANY_UNACKNOWLEDGED;
  }
}
