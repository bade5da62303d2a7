/** An event that a client sent until the hub answered 201. Times are ms of `Date.now()`. */
export type Sent = {
  thread: string;
  /** Its place among the events of its thread, from 0; the next one is sent after this one was acknowledged. */
  place: number;
  sender: 'visitor' | 'user';
  /** When the request was sent that was answered 201, and when the answer came. */
  asked: number;
  acknowledged: number;
  /** How many requests it took. */
  requests: number;
  chat: string;
  message: string;
  seq: number;
};

export type Outcome = 'delivered' | 'failed' | 'dropped';

/**
 * A webhook request that reached the receiver; they are kept in the order of their arrival. It is `dropped` also where the sender was
 * gone before it could be answered.
 */
export type Arrival = { at: number; answered: number; outcome: Outcome; webhookId: string; body: string };

/** What was killed, and when. */
export type Kill = { what: 'hub' | 'runtime'; at: number };
