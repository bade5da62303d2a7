import { SubscriptionIndex } from './subscription-index.ts';

/** Subscriptions of all sockets of a hub: some 35 MB of the 128 that the platform gives an object, besides 15 MB for 10,000 sockets. */
export const MOST_SUBSCRIPTIONS = 50_000;
/** Characters that all sockets of a hub together were sent and have not acknowledged. From here on each has an equal share. */
export const MOST_UNACKNOWLEDGED = 40_000_000;
/** From here on who does not acknowledge is not even answered. */
const TOO_MANY_UNACKNOWLEDGED = 50_000_000;

/** What the sockets of a hub take of its memory, all together. */
export class HubLoad<Socket> {
  readonly subscriptions = new SubscriptionIndex<Socket>();
  sockets = 0;
  /** Characters that were sent and not acknowledged. */
  unacknowledged = 0;
  /** Told when a socket is told nothing more until it acknowledges, with the time (ms). */
  readonly paused: (now: number) => void;

  constructor(paused: (now: number) => void) {
    this.paused = paused;
  }

  /** How many more topics may be subscribed. */
  get freeSubscriptions(): number {
    return Math.max(0, MOST_SUBSCRIPTIONS - this.subscriptions.size);
  }

  /** Whether a socket that has not acknowledged so many characters must wait, because the hub has sent too many in all. */
  isMoreThanShare(characters: number): boolean {
    return this.unacknowledged >= MOST_UNACKNOWLEDGED && characters > MOST_UNACKNOWLEDGED / Math.max(1, this.sockets);
  }

  get isOverloaded(): boolean {
    return this.unacknowledged >= TOO_MANY_UNACKNOWLEDGED;
  }
}
