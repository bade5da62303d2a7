import { installationOfReceiver, type Receiver } from '../resources/receiver.ts';

/** The time limits of a kind of receiver, in ms. */
export type AttemptTimes = {
  /** Deadline of one attempt: connection, headers and body. */
  deadline: number;
  /** How long a delivery is leased: the deadline and 10 s more. */
  lease: number;
  /** A run takes no further delivery later than this after its wake-up. With the deadline it ends within 25 s. */
  last_start: number;
};

/**
 * A delivery that was taken in time starts at most this long (ms) after `last_start`, however slow the thread and D1
 * are. The platform ends work in `waitUntil` after 30 s; a 2xx whose report is cut off would be sent again.
 */
export const START_DELAY = 2_000;

/** UMI documentation, 3: timeout of 5 seconds. */
export const CHANNEL_TIMES: AttemptTimes = { deadline: 5_000, lease: 15_000, last_start: 20_000 };

/** Apps may call the hub several times before they answer. */
export const INSTALLATION_TIMES: AttemptTimes = { deadline: 10_000, lease: 20_000, last_start: 15_000 };

/** The time limits of a receiver. */
export function timesOf(receiver: Receiver): AttemptTimes {
  return installationOfReceiver(receiver) === null ? CHANNEL_TIMES : INSTALLATION_TIMES;
}
