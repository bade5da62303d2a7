import type { Receiver } from '../delivery/lane.ts';
import type { Acceptance, Routing, ThreadEvent } from '../thread/events.ts';
import { match } from './match.ts';
import { notificationsOf } from './notifications.ts';
import { webhookBody } from './webhook-body.ts';

/** What a commit knows of a lane: how many events it has accepted and the `seq` of the last. */
export type LaneMark = { receiver: Receiver; accepted: number; last_seq: number | null };

/** A webhook to deliver. `ordinal` orders those of one event. */
export type OutboxRow = {
  receiver: Receiver;
  seq: number;
  ordinal: number;
  chat_id: string;
  event_type: string;
  body: string;
};

export type Accepted = { events: ThreadEvent[]; outbox: OutboxRow[]; lanes: LaneMark[] };

/**
 * Names on each event the receivers that get it and makes their webhooks, with the body as it will stay (ENGINE 4).
 * `markOf` gives a lane's mark before, null for a new lane; the answer holds the changed ones.
 */
export function acceptEvents(
  events: readonly ThreadEvent[],
  routing: Routing | null,
  markOf: (receiver: Receiver) => LaneMark | null,
  roomOf: (chatId: string) => string | null,
): Accepted {
  const outbox: OutboxRow[] = [];
  const changed = new Map<Receiver, LaneMark>();
  const named = events.map((event) => {
    const accepted: Acceptance[] = [];
    let ordinal = 0;
    for (const notification of notificationsOf(event, roomOf(event.chat_id))) {
      for (const target of match(notification, routing)) {
        const { receiver } = target;
        const lane = changed.get(receiver) ?? markOf(receiver) ?? { receiver, accepted: 0, last_seq: null };
        const acceptance = { receiver, prev_seq: lane.last_seq, routing: target };
        accepted.push(acceptance);
        outbox.push({
          receiver,
          seq: event.seq,
          ordinal: ordinal++,
          chat_id: event.chat_id,
          event_type: notification.event_type,
          body: JSON.stringify(webhookBody(notification, acceptance)),
        });
        changed.set(receiver, { receiver, accepted: lane.accepted + 1, last_seq: event.seq });
      }
    }
    return accepted.length === 0 ? event : { ...event, accepted };
  });
  return { events: named, outbox, lanes: [...changed.values()] };
}
