/** An event that a client sent until the hub answered 201. Times are ms of `Date.now()`. */
export type Sent = {
  thread: string;
  /** Its index among the events of its thread, from 0. The next one is sent after this one was acknowledged. */
  place: number;
  sender: 'visitor' | 'user';
  /** When the request that was answered 201 was sent, and when it was answered. */
  asked: number;
  acknowledged: number;
  /** The number of requests. */
  requests: number;
  chat: string;
  message: string;
  seq: number;
};

export type Outcome = 'delivered' | 'failed' | 'dropped';

/**
 * A webhook request that reached the receiver, in the order of arrival. `dropped` includes requests whose sender was
 * gone before the answer.
 */
export type Arrival = { at: number; answered: number; outcome: Outcome; webhookId: string; body: string };

/** What was killed, and when (ms). */
export type Kill = { what: 'hub' | 'runtime'; at: number };
