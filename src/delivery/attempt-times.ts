import { installationOfReceiver, type Receiver } from '../resources/receiver.ts';

/** How long things may take for a receiver. All in ms. */
export type AttemptTimes = {
  /** Over connection, headers and body of one attempt. */
  deadline: number;
  /** How long the head of a lane is held: the deadline and 10 s more. */
  lease: number;
  /** No further head is taken later than this after the wake-up came: with the deadline, a run ends within 25 s. */
  last_start: number;
};

/**
 * A head that was taken in time is attempted this long (ms) after `last_start` at the latest, however slow the thread and D1 are: the platform
 * ends what runs in `waitUntil` after 30 s, and a 2xx whose report is cut off with it would be sent again.
 */
export const START_DELAY = 2_000;

/** Seed 000, 3: timeout 5 seconds. */
export const CHANNEL_TIMES: AttemptTimes = { deadline: 5_000, lease: 15_000, last_start: 20_000 };

/** Apps call the hub several times before they answer. */
export const INSTALLATION_TIMES: AttemptTimes = { deadline: 10_000, lease: 20_000, last_start: 15_000 };

export function timesOf(receiver: Receiver): AttemptTimes {
  return installationOfReceiver(receiver) === null ? CHANNEL_TIMES : INSTALLATION_TIMES;
}
